"""BCELoss at its ends, and what it refuses; test_namesakes.py has its values and gradients."""

import pytest
import torch

from bakeoff.autodiff import Tensor, check_grad
from bakeoff.autodiff.plan import capture
from bakeoff.errors import ArgumentError
from bakeoff.nn import BCELoss, BCEWithLogitsLoss
from nn.arrays import close, draw

ENDS = torch.tensor([0.0, 0.0, 1.0, 1.0, 1e-30], dtype=torch.float64)
TARGETS = torch.tensor([0.0, 1.0, 0.0, 1.0, 1.0], dtype=torch.float64)


def test_no_loss_and_no_gradient_is_infinite_at_the_ends():
    x, t = Tensor(ENDS, requires_grad=True), Tensor(TARGETS, requires_grad=True)
    losses = BCELoss(reduction="none")(x, t)
    losses.sum().backward()
    assert losses.data[:4].tolist() == [0.0, 100.0, 100.0, 0.0]
    assert float(losses.data[4]) == pytest.approx(69.0775527898)  # 30 log 10
    assert x.grad.data.tolist() == pytest.approx([0.0, -1e12, 1e12, 0.0, -1e12], rel=1e-8)
    assert t.grad.data[:4].tolist() == [100.0, 100.0, -100.0, -100.0]


def test_its_rules_agree_with_finite_differences():
    x, t = draw((3, 4), 1).sigmoid(), draw((3, 4), 2).sigmoid()
    check_grad(BCELoss(), x, t)


def test_it_is_the_loss_of_the_logit():
    logits, t = draw((5, 2)), draw((5, 2), 1).sigmoid()
    expected = BCEWithLogitsLoss()(logits, t).data
    close(BCELoss()(logits.sigmoid(), t).data, expected, 1e-12)


@pytest.mark.parametrize(
    ("x", "t", "words"),
    [
        (1.5, 0.5, "got inputs from 1.5 to 1.5, expected probabilities .*logits need BCEWithL"),
        (-0.1, 0.5, "got inputs from -0.1 to -0.1"),
        (0.5, 2.0, "got targets from 2 to 2, expected probabilities from 0 to 1$"),
    ],
)
def test_what_is_no_probability_is_refused(x, t, words):
    with pytest.raises(ArgumentError, match=rf"BCELoss\(reduction='mean'\): {words}"):
        BCELoss()(torch.full((2,), x), torch.full((2,), t))


def test_a_plan_looks_at_no_value():
    plan = capture(BCELoss(), torch.full((2,), 0.5), torch.full((2,), 0.5))
    assert float(plan(torch.ones(2), torch.zeros(2))) == 100.0
