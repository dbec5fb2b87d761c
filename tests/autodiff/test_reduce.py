"""Reductions: what cannot be reduced is refused; one_hot."""

import mistakes
import pytest
import torch

import bakeoff.autodiff as ad
from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError, DTypeError, PlanError, ShapeError

X, EMPTY = Tensor(torch.ones(2, 3)), Tensor(torch.ones(0, 3))


@pytest.mark.parametrize("classes", [[2, 0], [[1], [0]], 4])
def test_one_hot_is_pytorchs(classes):
    classes = torch.tensor(classes)
    expected = torch.nn.functional.one_hot(classes)
    assert torch.equal(ad.one_hot(classes).data, expected)
    plan = ad.capture(lambda c: ad.one_hot(c, num_classes=5), classes * 0)
    assert torch.equal(plan(classes).data, torch.nn.functional.one_hot(classes, 5))


@pytest.mark.parametrize("wrong", [5, -1])
def test_one_hot_refuses_a_class_that_is_not_there_in_a_plan_too(wrong):
    classes = torch.tensor([0, wrong])
    with pytest.raises(ShapeError, match=f"one_hot: got .* index {wrong} is out of bounds"):
        ad.one_hot(classes, num_classes=3)
    plan = ad.capture(lambda c: ad.one_hot(c, num_classes=3), classes * 0)
    with pytest.raises(Exception, match=f"index {wrong} is out of bounds"):
        plan(classes)
    with pytest.raises(PlanError, match="one_hot without num_classes"):
        ad.capture(ad.one_hot, classes)


def test_axes_may_come_in_any_order_and_from_the_end():
    x = Tensor(torch.arange(24.0).reshape(2, 3, 4))
    for dim in [(0, 2), (2, 0), [-1, 0], (-3, -1)]:
        assert torch.equal(x.sum(dim).data, x.data.sum((0, 2)))


MISTAKES = [
    (lambda: X.sum(2), ShapeError, "got axis 2, expected one of 2 axes"),
    (lambda: X.mean((0, -3)), ShapeError, "got axis -3, expected one of 2 axes"),
    (lambda: X.sum((0, 0)), ShapeError, "sum: got (2, 3) float32, dim=(0, 0)"),
    (lambda: X.argmax(2), ShapeError, "argmax: got (2, 3) float32, dim=2"),
    (lambda: X.max(2), ShapeError, "max: got (2, 3) float32, dim=2"),
    (EMPTY.mean, ShapeError, "mean: got no elements to average, expected at least one"),
    (lambda: EMPTY.mean(0), ShapeError, "got no elements to average"),
    (EMPTY.max, ShapeError, "max: got (0, 3) float32"),
    (lambda: EMPTY.max(0), ShapeError, "max: got (0, 3) float32, dim=0"),
    (lambda: X[:1].var(0), ShapeError, "var: got 1 elements with correction 1, expected more"),
    (lambda: X.var(correction=6), ShapeError, "var: got 6 elements with correction 6"),
    (
        lambda: ad.one_hot(torch.tensor([0]), num_classes=0),
        ArgumentError,
        "one_hot: got num_classes=0, expected 1 or more",
    ),
    (
        lambda: ad.gather(X, 0, torch.tensor([[0.5]])),
        DTypeError,
        "gather: got (2, 3) float32, (1, 1) float32, dim=0",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m[2])
def test_mistakes_say_what_was_got_and_what_was_expected(mistake):
    mistakes.check(mistake)
