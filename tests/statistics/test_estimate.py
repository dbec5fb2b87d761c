import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.statistics.estimate import anytime_estimate, paired_difference, planned_estimates
from bakeoff.statistics.signflip import sign_flip

ROWS = st.lists(st.integers(-20, 20), min_size=2, max_size=12)


def planned(*rows, margin=None, alpha=0.05, largest=1.0):
    flips = sign_flip(np.array(rows, dtype=np.float64), resamples=99, largest=largest)
    return planned_estimates(flips, alpha=alpha, margin=margin)


def test_equivalence_worked_by_hand():
    # Differences -1, 0, 1 and the margin 2: shifted by +2 they are 1, 2, 3, which one sign pattern
    # of eight matches, so p = 1/8; shifted by -2 likewise.
    (found,) = planned([-1, 0, 1], margin=2.0, alpha=0.125, largest=2.0)
    assert found.equivalence_p == 1 / 8
    assert found.equivalence_interval.confidence == 0.75
    assert found.equivalence_interval.low == pytest.approx(-1)
    assert found.equivalence_interval.high == pytest.approx(1)


@given(ROWS, st.integers(1, 30))
def test_equivalence_is_two_one_sided_tests(row, margin):
    differences = np.array(row) / 1000
    (found,) = planned(differences, margin=margin / 1000)
    raised = sign_flip(differences[None] + margin / 1000, largest=1.0).p_greater(0.0)[0]
    lowered = sign_flip(differences[None] - margin / 1000, largest=1.0).p_less(0.0)[0]
    assert found.equivalence_p == pytest.approx(max(raised, lowered), abs=1e-12)


@given(ROWS, st.integers(1, 30), st.sampled_from([0.05, 0.1, 0.2]))
def test_the_equivalence_interval_decides_as_its_p(row, margin, alpha):
    # Away from exact ties of the margin with an end, which the grid's step blurs.
    differences, margin = np.array(row) / 1000, (margin + 0.5 / 7) / 1000
    (found,) = planned(differences, margin=margin, alpha=alpha)
    assert found.equivalence_interval.inside(margin) == (found.equivalence_p <= alpha)
    any_time = anytime_estimate(differences, 1.0, alpha=alpha, margin=margin)
    if any_time.equivalence_p <= alpha and not any_time.drifted:
        assert any_time.equivalence_interval.inside(margin)


def test_a_difference_of_exactly_the_margin_is_not_within_it():
    (found,) = planned([0.005] * 30, margin=0.005)
    assert found.equivalence_p >= 0.5
    assert not found.equivalence_interval.inside(0.005)
    common = np.arange(30) / 1000
    for margin in (0.002, 0.003, 0.005, 0.007):
        for base in (0.3, 0.5, 0.7):
            row = (base + margin + common) - (base + common)  # the margin, but for rounding errors
            assert anytime_estimate(row, 1.0, alpha=0.05, margin=margin).equivalence_p == 1


def test_a_difference_far_beyond_the_margin_is_not_equivalent_in_either_mode():
    row = 0.1 + np.random.default_rng(0).normal(0, 0.001, 40)
    (first,), second = (
        planned(row, margin=0.01),
        anytime_estimate(row, 1.0, alpha=0.05, margin=0.01),
    )
    assert first.equivalence_p >= 0.5
    assert second.equivalence_p == 1


def test_comparisons_keep_their_own_scale():
    small, large = np.array([0.01, 0.02, 0.03, 0.01]), np.array([1e30, 2e30, -1e30, 5e30])
    sizes = np.repeat([[1.0], [1e31]], 4, axis=1)
    flips = sign_flip(np.stack([small, large]), resamples=99, largest=sizes)
    together = planned_estimates(flips, alpha=0.05)
    assert together[0] == planned(small)[0]
    assert together[0].mean == pytest.approx(0.0175)


def test_both_methods_fill_the_same_record():
    row = np.random.default_rng(0).normal(0.01, 0.01, 30)
    (first,), second = planned(row), anytime_estimate(row, 1.0, alpha=0.05, margin=None)
    assert first.method == "sign-flip, drawn"
    assert second.method == "self-normalised mixture"
    assert (first.rounds, first.effect_size) == (second.rounds, pytest.approx(second.effect_size))
    assert first.mean == pytest.approx(second.mean)
    assert first.std == pytest.approx(second.std)
    assert first.student is not None
    assert second.student is None
    assert planned(row[:20])[0].method == "sign-flip, exact"


def test_decimals_that_are_equal_are_equal_differences_in_both_methods():
    row = np.array([0.86, 0.31, 0.76] * 8) - np.array([0.85, 0.30, 0.75] * 8)
    (first,), second = planned(row), anytime_estimate(row, 1.0, alpha=0.05, margin=None)
    assert first.constant
    assert second.constant
    assert (first.std, second.std) == (0.0, 0.0)


# ---- one row -----------------------------------------------------------------------------------

LARGE_ROWS = st.lists(st.integers(-50, 50), min_size=2, max_size=24)


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


@given(LARGE_ROWS, st.sampled_from([0.01, 0.05, 0.2]))
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


@given(LARGE_ROWS, st.sampled_from([0.05, 0.2]))
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
