"""200 random data sets, judged by us and by scipy, statsmodels, baycomp and R's packages.

5 to 40 rounds of 2 to 6 competitors: normal and skewed values, ties, constant columns, rounds that
failed. What others give by listing signs or labels is asked for where there are at most 10 rounds.
"""

import csv
from functools import cache
from math import comb, isfinite
from pathlib import Path

import baycomp
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.estimate import planned_estimates
from bakeoff.statistics.signflip import EXACT_ROUNDS, sign_flip
from bakeoff.statistics.units import PLAIN
from bakeoff.statistics.unpaired import analyse_unpaired

SETS = 200
SIZES = (5, 6, 7, 8, 9, 10, 12, 14, 21, 30, 40)
LISTED = 10  # rounds, of which scipy lists all signs
MARGIN = 0.375
EXACT = {"rel": 1e-7, "abs": 1e-12}


@cache
def drawn(number):
    """Return (rounds, competitors) values of one data set."""
    rng = np.random.default_rng(number)
    rounds, competitors = int(rng.choice(SIZES)), int(rng.integers(2, 7))
    values = rng.normal(5, 1, (rounds, competitors)) + rng.normal(0, 1, (rounds, 1))
    values += rng.normal(0, 0.5, competitors)
    match number % 5:
        case 1:
            values = (values * 8).round() / 8
        case 2:
            values = np.exp(values / 3)
        case 3:
            values[:, -1] = values[0, -1]
        case 4:
            values[rng.random(values.shape) < 0.15] = np.nan
            values[:2, :2] = [[5.5, 5.0], [5.2, 5.1]]
    return values


def pairs_of(number):
    names = tuple("abcdef"[: drawn(number).shape[1]])
    return names, [(name, "a") for name in names[1:]]


@pytest.fixture(scope="module", autouse=True)
def few_orders():
    """Draw few random orders of the rounds, whose note is not asked for here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bakeoff.statistics.assumptions.ORDERS", 1)
        yield


@cache
def judged(number):
    return analyse(drawn(number), *pairs_of(number), unit=PLAIN, resamples=499)


def each():
    """Yield every comparison with both sides' values, and its differences where both finished."""
    for number in range(SETS):
        column = dict(zip(pairs_of(number)[0], drawn(number).T, strict=True))
        for comparison in judged(number).comparisons:
            sides = [column[name] for name, _ in comparison.contrast.weights]
            row = sides[0] - sides[1]
            if np.ptp(row[~np.isnan(row)]) > 0:
                yield comparison, sides, row[~np.isnan(row)]


def signs(row, alternative="two-sided"):
    """Return scipy's p of the sign-flip test, all signs listed."""
    return stats.permutation_test(
        (row,),
        lambda x, axis: x.sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        alternative=alternative,
    ).pvalue


def test_students_figures_are_scipys():
    for comparison, (a, b), row in each():
        told, student = stats.ttest_rel(a, b, nan_policy="omit"), comparison.estimate.student
        assert (student.statistic, student.df) == pytest.approx((told.statistic, told.df), **EXACT)
        assert student.p_value == pytest.approx(told.pvalue, **EXACT)
        ends = told.confidence_interval(0.95)
        found = student.interval
        assert (found.low, found.high) == pytest.approx((ends.low, ends.high), **EXACT)
        assert comparison.estimate.mean == pytest.approx(row.mean(), **EXACT)


def test_p_values_and_equivalence_are_scipys_and_the_interval_is_where_its_p_crosses_alpha():
    asked = 0
    for comparison, _, row in each():
        found = comparison.estimate
        if len(row) > LISTED or asked >= 150:
            continue
        asked += 1
        assert found.p_value == pytest.approx(signs(row), **EXACT)
        beyond = max(signs(row + MARGIN, "greater"), signs(row - MARGIN, "less"))
        flips = sign_flip(row[None], largest=10.0)
        (again,) = planned_estimates(flips, alpha=0.05, margin=MARGIN)
        # Of a p beyond a half only that is told.
        assert again.equivalence_p == pytest.approx(beyond, **EXACT) or (
            again.equivalence_p >= 0.5 < beyond
        )
        assert found.interval.bounded == (len(row) >= 6)
        step = 1e-7 * max(1.0, np.abs(row).max())
        if isfinite(found.interval.low) and asked % 3 == 0:
            for end, out in ((found.interval.low, -step), (found.interval.high, step)):
                assert signs(row - end - out) <= 0.05 < signs(row - end + out)
    assert asked == 150


def test_p_values_of_values_on_a_grid_are_those_of_two_packages_of_r():
    """exactRankTests 0.8-35 and coin 1.4-2 of R 4.2.2, by r_values.R on differences times 8."""
    with Path(__file__).with_name("r_values.csv").open(encoding="utf-8") as file:
        told = {(int(row["set"]), row["comparison"]): row for row in csv.DictReader(file)}
    found = {
        (number, c.contrast.weights[0][0]): c.estimate.p_value
        for number in sorted({number for number, _ in told})
        for c in judged(number).comparisons
    }
    assert len(told) > 60
    for key, row in told.items():
        assert found[key] == pytest.approx(float(row["exactRankTests"]), **EXACT), key
        assert found[key] == pytest.approx(float(row["coin"]), **EXACT), key


def test_drawn_p_values_are_those_of_far_more_signs():
    rng = np.random.default_rng(0)
    for comparison, _, row in each():
        if len(row) > EXACT_ROUNDS and row.std() > 0:
            flipped = rng.choice([-1.0, 1.0], (4_000, len(row))) @ row
            share = np.mean(np.abs(flipped) >= abs(row.sum()) * (1 - 1e-12))
            error = 5 * (max(share, 0.002) * (1 - share) * (1 / 4_000 + 1 / 499)) ** 0.5
            assert comparison.estimate.p_value == pytest.approx(share, abs=error)


def test_corrected_p_values_are_statsmodels(monkeypatch):
    monkeypatch.setattr("gc.collect", lambda: 0)  # which statsmodels does each time, for long
    for number in range(SETS):
        compared = judged(number).comparisons
        deciding = [(c.failures.wins if c.failures else c.estimate).p_value for c in compared]
        expected = multipletests(deciding, method="holm")[1]
        assert [c.corrected_p for c in compared] == pytest.approx(expected, **EXACT)


def test_failures_are_judged_as_scipys_sign_test_and_statsmodels_mcnemar_do():
    touched = 0
    for comparison, (a, b), _ in each():
        failures = comparison.failures
        if failures is None:
            continue
        touched += 1
        x, y = np.nan_to_num(a, nan=-99.0), np.nan_to_num(b, nan=-99.0)
        won, lost = int((x > y).sum()), int((x < y).sum())
        assert failures.ahead == (won, lost)
        if len(a) <= EXACT_ROUNDS:
            expected = stats.binomtest(won, won + lost).pvalue
            assert failures.wins.p_value == pytest.approx(expected, **EXACT)
        table = [[((x < 0) & (y < 0)).sum(), ((x < 0) & (y > 0)).sum()]]
        table += [[((x > 0) & (y < 0)).sum(), ((x > 0) & (y > 0)).sum()]]
        assert failures.p_value == pytest.approx(mcnemar(table, exact=True).pvalue, **EXACT)
    assert touched > 50


def test_rounds_of_folds_are_judged_as_baycomp_judges_them():
    for number in range(SETS):
        values = drawn(number)
        rounds = len(values)
        if np.isnan(values).any():
            continue
        options = {"mode": "resampled", "test_ratio": 1 / (rounds - 1), "margin": MARGIN}
        for comparison in analyse(values, *pairs_of(number), unit=PLAIN, **options).comparisons:
            b, a = (values[:, "abcdef".index(name)] for name, _ in comparison.contrast.weights)
            below, above = baycomp.CorrelatedTTest(a, b).probs()
            assert comparison.estimate.p_value == pytest.approx(2 * min(below, above), **EXACT)
            rope = baycomp.CorrelatedTTest(a, b, rope=MARGIN).probs()
            assert comparison.looks.rope == pytest.approx(rope, **EXACT)
            # Within the margin by two one-sided tests, as far as either tail lies beyond it.
            expected = max(rope[0], rope[2])
            assert comparison.estimate.equivalence_p == pytest.approx(expected, **EXACT)


def test_rounds_that_are_not_pairs_are_judged_as_scipy_judges_them():
    listed = 0
    for number in range(SETS):
        values = drawn(number)[:, :2].T
        rows = [row[~np.isnan(row)] for row in values]
        first, second = rows[0][: max(3, len(rows[0]) - number % 3)], rows[1][:9]
        if np.ptp(first) == 0 or np.ptp(second) == 0:
            continue
        samples = {"a": first, "b": second}
        (found,) = analyse_unpaired(samples, [("a", "b")], resamples=99).comparisons
        told = stats.ttest_ind(first, second, equal_var=False)
        ends, welch = told.confidence_interval(0.95), found.estimate.student
        assert (welch.statistic, welch.df) == pytest.approx((told.statistic, told.df), **EXACT)
        assert welch.p_value == pytest.approx(told.pvalue, **EXACT)
        assert (welch.interval.low, welch.interval.high) == pytest.approx(
            (ends.low, ends.high), **EXACT
        )
        u = stats.mannwhitneyu(first, second).statistic / (len(first) * len(second))
        assert found.looks.probability_of_improvement.value == pytest.approx(u)
        if comb(len(first) + len(second), len(first)) < 1_000:
            listed += 1
            permuted = stats.permutation_test(
                (first, second),
                lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
                n_resamples=np.inf,
            )
            assert found.estimate.p_value == pytest.approx(permuted.pvalue, **EXACT)
    assert listed > 30
