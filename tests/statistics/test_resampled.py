"""The corrected resampled t test: the paper's formula, its limits, the false alarms it avoids."""

import numpy as np
import pytest
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.estimate import inflated, resampled_estimate
from bakeoff.statistics.power import detectable_difference, spread_limit, t_power

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


def test_equivalence_is_two_one_sided_tests():
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
