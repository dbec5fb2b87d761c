"""A round's figures end where they leave the finite numbers, and the last good ones are kept."""

import math

import pytest

from bakeoff.training.trainer import Curves


@pytest.fixture
def curves():
    made = Curves()
    made.add(1, 0.5, 0.7, {"first": 0.25})
    made.add_test(1, 0.6)
    return made


def test_figures_are_kept_in_order(curves):
    curves.add(2, 0.4, 0.8, {"first": 0.2})
    curves.add_test(2, 0.65)
    assert (curves.train_loss, curves.train_accuracy) == ([0.5, 0.4], [0.7, 0.8])
    assert (curves.test_accuracy, curves.auxiliary) == ([0.6, 0.65], {"first": [0.25, 0.2]})
    assert curves.diverged is None


@pytest.mark.parametrize(
    "means", [(math.nan, 0.8, {"first": 0.2}), (0.4, 0.8, {"first": math.inf})]
)
def test_an_epoch_that_is_not_finite_ends_the_round(curves, means):
    curves.add(2, *means)
    assert curves.diverged == 2
    curves.add(3, 0.1, 0.9, {"first": 0.1})
    curves.add_test(3, 0.9)
    assert (curves.train_loss, curves.test_accuracy) == ([0.5], [0.6])
    assert curves.diverged == 2


def test_an_epoch_whose_test_is_not_finite_does_not_count(curves):
    curves.add(2, 0.4, 0.8, {"first": 0.2})
    curves.add_test(2, math.nan)
    assert (curves.train_loss, curves.train_accuracy) == ([0.5], [0.7])
    assert curves.auxiliary == {"first": [0.25]}
    assert curves.diverged == 2


def test_a_round_may_diverge_before_any_figure():
    curves = Curves()
    curves.add(1, math.inf, 0.1, {})
    assert curves.diverged == 1
