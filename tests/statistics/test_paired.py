import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.statistics.estimate import paired_difference

ROWS = st.lists(st.integers(-50, 50), min_size=2, max_size=24)


def test_three_differences_worked_by_hand():
    # 1, 2, 3 points: mean 2, std 1, d_z 2; t = 2 / (1 / √3) = 3.4641 on 2 degrees of freedom, for
    # which p = 1 - t / √(t² + 2) = 1 - √(12 / 14).
    result = paired_difference([1.0, 2.0, 3.0], alpha=0.25)
    assert (result.rounds, result.mean, result.std, result.effect_size) == (3, 2.0, 1.0, 2.0)
    assert (result.p_value, result.method, result.constant) == (0.25, "sign-flip, exact", False)
    assert (result.interval.low, result.interval.high) == pytest.approx((1, 3))
    assert result.interval.confidence == 0.75
    assert result.student.statistic == pytest.approx(12**0.5)
    assert result.student.df == 2
    assert result.student.p_value == pytest.approx(1 - (12 / 14) ** 0.5)


@given(ROWS, st.sampled_from([0.01, 0.05, 0.2]))
def test_students_test_is_that_of_scipy(row, alpha):
    assume(len(set(row)) > 1)
    differences = np.array(row) / 1000
    ours = paired_difference(differences, alpha=alpha, resamples=19)
    theirs = stats.ttest_rel(differences, np.zeros(len(row)))
    ends = theirs.confidence_interval(1 - alpha)
    assert ours.student.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert ours.student.statistic == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-9)
    student = ours.student.interval
    assert (student.low, student.high) == pytest.approx((ends.low, ends.high), rel=1e-9, abs=1e-12)


@given(ROWS, st.sampled_from([0.05, 0.2]))
def test_zero_is_outside_the_interval_exactly_when_p_is_at_most_alpha(row, alpha):
    result = paired_difference(np.array(row) / 1000, alpha=alpha, resamples=99)
    assert (0.0 not in result.interval) == (result.p_value <= alpha)
    assert result.mean in result.interval


def test_equal_differences_are_told_not_divided_by():
    result = paired_difference([0.01] * 10)
    assert result.constant
    assert (result.mean, result.std) == (pytest.approx(0.01), 0.0)
    assert result.student is None
    assert result.effect_size is None
    assert result.p_value == 2 / 2**10
    assert (result.interval.low, result.interval.high) == pytest.approx((0.01, 0.01))


def test_no_difference_at_all_has_p_one():
    result = paired_difference([0.0] * 10)
    assert (result.mean, result.p_value, result.constant) == (0.0, 1.0, True)


def test_a_sum_without_rounding_error_is_the_mean_of_many_tenths():
    assert paired_difference([0.1] * 30).mean == pytest.approx(0.1, rel=1e-12)
    assert paired_difference([0.1] * 30).constant


@pytest.mark.parametrize("row", [[], [1.0], [1.0, float("nan")]])
def test_less_than_two_differences_and_nan_are_refused(row):
    with pytest.raises(StatisticsError, match="at least 2 rounds and no NaN"):
        paired_difference(row)
