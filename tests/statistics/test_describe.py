import numpy as np
import pytest
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Interval, describe

NAN = float("nan")


def test_three_rounds_worked_by_hand():
    # 1, 2, 3: mean 2, variance (1 + 0 + 1) / 2 = 1; t with 2 degrees of freedom is 4.3027.
    summary = describe([1.0, 2.0, 3.0], "a")
    assert (summary.name, summary.rounds, summary.failed) == ("a", 3, 0)
    assert (summary.mean, summary.std) == (2.0, 1.0)
    assert summary.interval.low == pytest.approx(2 - 4.302652729911 / 3**0.5)
    assert summary.interval.high == pytest.approx(2 + 4.302652729911 / 3**0.5)


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(0).normal(0.86, 0.01, 17)
    ours = describe(values, confidence=0.9).interval
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12)


def test_diverged_rounds_are_counted_and_enter_no_figure():
    summary = describe([1.0, NAN, 3.0, NAN, 2.0])
    assert (summary.rounds, summary.failed, summary.mean, summary.std) == (3, 2, 2.0, 1.0)


@pytest.mark.parametrize(
    ("values", "mean", "std"), [([], None, None), ([NAN], None, None), ([0.5, NAN], 0.5, None)]
)
def test_what_too_few_rounds_cannot_say_is_none(values, mean, std):
    summary = describe(values)
    assert (summary.mean, summary.std, summary.interval) == (mean, std, None)
    assert not summary.constant


def test_equal_values_are_told_and_have_no_spread():
    # The mean of thirty 0.1 is not 0.1 in floating point.
    summary = describe([0.1] * 30)
    assert summary.constant
    assert (summary.mean, summary.std) == (0.1, 0.0)
    assert not describe([0.1, 0.1, 0.2]).constant


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0]], "shape (1, 1), expected 1"),
        ([1.0, float("inf")], "infinite value"),
        (["x"], "array of numbers"),
    ],
)
def test_what_is_no_row_of_numbers_is_refused(values, message):
    with pytest.raises(StatisticsError) as error:
        describe(values, "model1")
    assert message in str(error.value)
    assert "'model1'" in str(error.value)


def test_an_interval_knows_what_it_holds():
    interval = Interval(-1.0, 2.0, 0.95)
    assert -1.0 in interval
    assert 2.0 in interval
    assert 2.1 not in interval
    assert interval.inside(2.1)
    assert not interval.inside(2.0)  # the margin itself is not within the margin
    assert interval.mirrored() == Interval(-2.0, 1.0, 0.95)
    assert interval.bounded
    assert not Interval(-np.inf, 2.0, 0.95).bounded
