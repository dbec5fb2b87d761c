"""Losses: every way to call them wrongly is named, and changes nothing."""

import math

import pytest
import torch

from bakeoff import nn
from bakeoff.autodiff.plan import capture
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from nn.namesakes import CLASS_LOSSES, ELEMENT_LOSSES, LOSSES

NAN = math.nan
ONES = torch.ones(4, 3)
CLASSES = torch.tensor([0, 1, 2, 0])


def made(name, **more):
    return getattr(nn, name)(**more)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_an_unknown_reduction_is_refused(name):
    with pytest.raises(ArgumentError, match=f"{name}: got reduction='avg', expected one of"):
        made(name, reduction="avg")


@pytest.mark.parametrize("name", sorted(ELEMENT_LOSSES))
@pytest.mark.parametrize(
    ("x", "target", "error", "words"),
    [
        (ONES, torch.ones(4), ShapeError, r"got input \(4, 3\) and target \(4,\) \(N first\)"),
        (torch.ones(4, 1), torch.ones(4), ShapeError, r"need target.reshape\(N, 1\)"),
        (ONES, torch.ones(3, 4), ShapeError, r"input \(4, 3\) and target \(3, 4\)"),
        (ONES[:0], ONES[:0], ShapeError, r"got an empty batch of shape \(0, 3\) \(N first\)"),
        (ONES, ONES.double(), DTypeError, r"got a target of torch.float64, expected torch.float32"),
        (ONES, ONES.long(), DTypeError, r"got a target of torch.int64.*target.to\(torch.float32\)"),
        (ONES.long(), ONES.long(), DTypeError, r"got a batch of torch.int64, expected a floating"),
        (ONES, ONES * NAN, ArgumentError, r"got 12 targets that are not a number \(NaN\)"),
    ],
)
def test_a_loss_of_numbers_names_what_is_wrong(name, x, target, error, words):
    with pytest.raises(error, match=rf"{name}\(reduction='mean'\): .*{words}"):
        made(name)(x, target)


@pytest.mark.parametrize("name", sorted(CLASS_LOSSES))
@pytest.mark.parametrize(
    ("x", "target", "error", "words"),
    [
        (
            ONES,
            CLASSES[:3],
            ShapeError,
            r"got input \(4, 3\) and target \(3,\) \(N first\), expect",
        ),
        (ONES, CLASSES.unsqueeze(1), ShapeError, r"target \(4, 1\).*expected \(N, C\) and \(N,\)"),
        (ONES[0], CLASSES[:3], ShapeError, r"got input \(3,\) and target \(3,\)"),
        (ONES[:0], CLASSES[:0], ShapeError, r"got an empty batch of shape \(0, 3\)"),
        (ONES, CLASSES.float(), DTypeError, r"got a target of torch.float32, expected classes in"),
        (ONES, CLASSES.float() * NAN, DTypeError, r"expected classes in torch.int64"),
        (ONES, CLASSES.int(), DTypeError, r"got a target of torch.int32"),
        (ONES.long(), CLASSES, DTypeError, r"got a batch of torch.int64, expected a floating"),
        (ONES, CLASSES + 1, ArgumentError, r"got class 3, expected 0 to 2"),
        (ONES, CLASSES - 1, ArgumentError, r"got class -1, expected 0 to 2"),
    ],
)
def test_a_loss_of_classes_names_what_is_wrong(name, x, target, error, words):
    with pytest.raises(error, match=rf"{name}\(reduction='mean'.*\): .*{words}"):
        made(name)(x, target)


def test_a_loss_shows_itself_as_pytorchs():
    assert repr(nn.CrossEntropyLoss(reduction="sum", label_smoothing=0.1)) == (
        "CrossEntropyLoss(reduction='sum', label_smoothing=0.1)"
    )


@pytest.mark.parametrize("value", [-0.1, 1.1, NAN])
def test_a_smoothing_out_of_range_is_refused(value):
    with pytest.raises(ArgumentError, match=f"got label_smoothing={value}, expected 0 to 1"):
        nn.CrossEntropyLoss(label_smoothing=value)


def test_a_class_ruled_out_by_its_logit_costs_the_others_nothing():
    logits = torch.tensor([[0.0, 0.0, -math.inf]])
    loss = nn.CrossEntropyLoss()(logits, torch.tensor([1]))
    assert float(loss) == pytest.approx(math.log(2.0))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_plan_looks_at_no_target_and_still_reads_no_foreign_memory(name):
    good = CLASSES if name in CLASS_LOSSES else ONES * 0.5
    plan = capture(made(name), ONES.T.contiguous().T, good)
    expected = made(name)(ONES, good)
    assert torch.equal(plan(ONES, good).data, expected.data)
    if name in ELEMENT_LOSSES:
        assert plan(ONES, good * NAN).data.isnan()
        assert capture(made(name), ONES.clone(), good * NAN)(ONES, good).data == expected.data
    else:
        with pytest.raises((IndexError, RuntimeError), match="index"):
            plan(ONES, CLASSES + 1)
