import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.estimate import (
    anytime_estimate,
    inflated,
    paired_difference,
    planned_estimates,
    resampled_estimate,
)
from bakeoff.statistics.power import detectable_difference, spread_limit, t_power
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
@example([5, 5, 5, 5, 5, 0, 0], 4, 0.2)
def test_the_equivalence_interval_decides_as_its_p(row, margin, alpha):
    # Away from exact ties of the margin with an end, which the grid's step blurs.
    differences, margin = np.array(row) / 1000, (margin + 0.5 / 7) / 1000
    (found,) = planned(differences, margin=margin, alpha=alpha)
    assert found.equivalence_interval.inside(margin) == (found.equivalence_p <= alpha)
    any_time = anytime_estimate(differences, 1.0, alpha=alpha, margin=margin)
    if not any_time.drifted:
        within = any_time.equivalence_interval.inside(margin)
        assert within == (any_time.equivalence_p <= alpha)


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
    assert second.equivalence_p == pytest.approx(1)


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


# ---- resampled ---------------------------------------------------------------------------------

ROW = np.array([0.03, 0.01, 0.04, -0.01, 0.05, 0.02, 0.03, 0.00])
RATIO = 50 / 150


def by_the_paper(row, ratio):
    """t and two-sided p, written down from the paper and scipy.stats alone."""
    variance = sum((x - row.mean()) ** 2 for x in row) / (len(row) - 1)
    t = row.mean() / ((1 / len(row) + ratio) * variance) ** 0.5
    return t, 2 * stats.t.sf(abs(t), len(row) - 1)


def test_the_figures_are_the_papers():
    found = resampled_estimate(ROW, RATIO, alpha=0.05, margin=None)
    t, p = by_the_paper(ROW, RATIO)
    assert found.p_value == pytest.approx(p, rel=1e-12)
    assert found.mean == pytest.approx(ROW.mean())
    assert found.std == pytest.approx(ROW.std(ddof=1))
    half = stats.t.ppf(0.975, 7) * ROW.mean() / t
    assert found.interval.low == pytest.approx(ROW.mean() - half)
    assert found.interval.high == pytest.approx(ROW.mean() + half)
    assert (found.method, found.student, found.rounds) == ("corrected resampled t", None, 8)


def test_without_shared_examples_it_is_students_t():
    found = resampled_estimate(ROW, 1e-12, alpha=0.05, margin=None)
    assert found.p_value == pytest.approx(stats.ttest_1samp(ROW, 0).pvalue, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.02, -0.05])
def test_p_and_interval_never_contradict(shift):
    for alpha in (0.01, 0.05, 0.2):
        found = resampled_estimate(ROW + shift, RATIO, alpha=alpha, margin=None)
        assert (found.p_value <= alpha) == (0 not in found.interval)


def test_resampled_equivalence_is_two_one_sided_tests():
    found = resampled_estimate(ROW, 0.01, alpha=0.05, margin=0.05)
    error = ((1 / 8 + 0.01) * ROW.var(ddof=1)) ** 0.5
    upper = stats.t.cdf((ROW.mean() - 0.05) / error, 7)
    assert found.equivalence_p == pytest.approx(upper)
    assert found.equivalence_interval.confidence == 0.9
    assert found.equivalence_interval.inside(0.05) == (found.equivalence_p <= 0.05)


def test_equal_differences_prove_nothing():
    same = resampled_estimate(np.full(5, 0.02), RATIO, alpha=0.05, margin=0.5)
    assert (same.p_value, same.equivalence_p, same.constant) == (1.0, 1.0, True)
    assert not same.interval.bounded
    none = resampled_estimate(np.zeros(5), RATIO, alpha=0.05, margin=0.5)
    assert (none.p_value, none.equivalence_p) == (1.0, 0.0)


def test_an_analysis_uses_it_and_names_what_would_have_been_found():
    values = np.stack([0.7 + np.zeros(8), 0.7 + ROW], axis=1)
    found = analyse(values, "ab", [("b", "a")], mode="resampled", test_ratio=RATIO)
    (comparison,) = found.comparisons
    assert comparison.estimate.p_value == pytest.approx(by_the_paper(ROW, RATIO)[1], rel=1e-9)
    assert str(comparison.verdict) == "undecided"
    assert comparison.rounds_to_reach == 2
    effect = comparison.detectable / inflated(spread_limit(ROW.std(ddof=1), 8), 8, RATIO)
    assert t_power(effect, 8, 0.05) == pytest.approx(0.8, abs=1e-6)
    three = np.column_stack([values, values[:, 1] + 1.0])
    first, *_ = analyse(
        three, "abc", [("b", "a"), ("c", "a")], mode="resampled", test_ratio=RATIO
    ).comparisons
    effect = first.detectable / inflated(spread_limit(ROW.std(ddof=1), 8), 8, RATIO)
    assert t_power(effect, 8, 0.05 / 2) == pytest.approx(0.8, abs=1e-6)
    clear = np.stack([values[:, 0], values[:, 1] + 0.2], axis=1)
    (comparison,) = analyse(
        clear, "ab", [("b", "a")], mode="resampled", test_ratio=RATIO
    ).comparisons
    assert str(comparison.verdict) == "better"
    assert "b is better than a by 22.12 points" in comparison.sentence


@pytest.mark.parametrize("ratio", [None, 0.0, -1.0, float("inf"), float("nan")])
def test_a_ratio_is_needed(ratio):
    with pytest.raises(StatisticsError, match="expected a number above 0"):
        analyse(np.ones((3, 2)), "ab", [("b", "a")], mode="resampled", test_ratio=ratio)


def test_false_alarms_stay_few_where_students_t_has_many():
    """Two means of the same 60 numbers, cut 15 times into 40 and 20: no true difference."""
    draw = np.random.default_rng(0)
    studies, rounds = 300, 15
    student = corrected = 0
    for _ in range(studies):
        # What two equal learners do on each example, less each other's: one set, cut anew.
        each = draw.normal(size=60)
        row = np.array([draw.permutation(each)[:20].mean() for _ in range(rounds)])
        student += stats.ttest_1samp(row, 0).pvalue <= 0.05
        corrected += resampled_estimate(row, 20 / 40, alpha=0.05, margin=None).p_value <= 0.05
    assert student / studies > 0.3
    assert corrected / studies < 0.1


def test_the_detectable_difference_is_of_students_t():
    assert detectable_difference(2.0, 12, test="t") == pytest.approx(
        2 * detectable_difference(1.0, 12, test="t"), rel=1e-9
    )
    assert t_power(
        detectable_difference(1.0, 12, comparisons=3, test="t"), 12, 0.05 / 3
    ) == pytest.approx(0.8)
