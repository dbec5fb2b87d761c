"""A competitor that fails is judged on every round, not on those that it survived."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.contrast import Contrast
from bakeoff.statistics.failures import failing_alike, won
from bakeoff.statistics.units import PLAIN, POINTS
from bakeoff.statistics.verdict import Verdict

NAN = float("nan")
ROUNDS = np.random.default_rng(5).normal(0.8, 0.01, (100, 2))
SURVIVED = np.arange(8, 100, 14)


def judged(values, **options):
    (comparison,) = analyse(values, ("a", "b"), [("a", "b")], resamples=999, **options).comparisons
    return comparison


def survivor():
    """a failed in 93 of 100 rounds, and leads in the seven that it survived."""
    values = ROUNDS.copy()
    values[:, 0] = NAN
    values[SURVIVED, 0] = values[SURVIVED, 1] + 0.02 + np.arange(7) / 1000
    return values


@pytest.mark.parametrize("mode", ["planned", "anytime"])
@pytest.mark.parametrize("counts_as", [None, 0.0])
def test_who_leads_only_where_it_survived_is_not_better(mode, counts_as):
    found = judged(survivor(), mode=mode, failure_counts_as=counts_as)
    assert found.verdict is Verdict.WORSE
    assert found.failures.failed == (("a", 93), ("b", 0))
    assert found.failures.finished.mean == pytest.approx(0.023)
    assert found.failures.finished.rounds == 7
    assert (
        "a failed in 93 of 100 rounds and b in none (p of failing alike < 0.0001)" in found.sentence
    )
    assert "where both finished, a minus b is 2.30 points" in found.sentence


def test_a_failed_round_counts_as_the_declared_value():
    values = survivor()
    found = judged(values, failure_counts_as=0.25)
    filled = judged(np.nan_to_num(values, nan=0.25))
    assert found.estimate == filled.estimate
    assert (found.corrected_p, found.verdict) == (filled.corrected_p, filled.verdict)
    assert found.failures.ahead is None
    assert "(a failed round counts as 25 %; 95 % interval" in found.sentence
    assert "counts as 25 %" not in filled.sentence


def test_without_a_worst_value_a_failed_round_is_lost():
    found = judged(survivor(), unit=PLAIN)
    assert found.failures.ahead == (7, 93)
    assert found.sentence.startswith("a is worse than b, ahead in 7 of 100 rounds and behind in 93")
    assert " (p < 0.0001; a failed round is lost)." in found.sentence
    # What the estimate says is the difference where both finished, and so it is told.
    assert found.estimate == found.failures.finished


def test_of_losses_the_smaller_wins_and_a_failure_still_loses():
    values = survivor()
    values[SURVIVED, 0] -= 0.1
    found = judged(values, unit=PLAIN, larger_is_better=False)
    assert found.failures.ahead == (7, 93)
    assert found.verdict is Verdict.WORSE


def test_competitors_that_fail_are_not_equivalent_by_the_rounds_they_survived():
    values = ROUNDS.copy()
    values[:, 0] = values[:, 1]
    values[:40, 0] = NAN
    for counts_as in (None, 0.0):
        found = judged(values, margin=0.01, failure_counts_as=counts_as)
        assert found.verdict is Verdict.WORSE
    values[:40] = NAN
    assert judged(values, margin=0.01, failure_counts_as=0.0).verdict is Verdict.EQUIVALENT


def test_the_sign_test_of_rounds_won_is_scipys():
    rng = np.random.default_rng(1)
    values = np.round(rng.normal(0, 1, (20, 2)), 1)
    values[[3, 5, 11], [0, 1, 0]] = NAN
    found = judged(values, unit=PLAIN)
    won_, lost = found.failures.ahead
    assert found.corrected_p == pytest.approx(stats.binomtest(won_, won_ + lost).pvalue)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_failing_alike_is_the_exact_sign_test_of_discordant_rounds(one, other, both):
    upper = np.array([True] * one + [False] * other + [True] * both + [False] * 5)
    lower = np.array([False] * one + [True] * other + [True] * both + [False] * 5)
    expected = stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert failing_alike(upper, lower, anytime=False) == pytest.approx(expected)
    assert failing_alike(lower, upper, anytime=False) == pytest.approx(expected)


def test_failing_alike_may_be_looked_at_any_time():
    upper, lower = np.ones(30, bool), np.zeros(30, bool)
    late = failing_alike(upper, lower, anytime=True)
    assert failing_alike(upper, lower, anytime=False) < late < 1e-4
    assert failing_alike(upper[:6], lower[:6], anytime=True) > 0.05
    assert failing_alike(upper[:6], lower[:6], anytime=False) < 0.05


@settings(max_examples=60)
@given(
    st.lists(st.tuples(*[st.none() | st.integers(-3, 3)] * 2), min_size=1, max_size=20),
    st.booleans(),
)
def test_a_round_is_won_by_who_finished_or_is_better(rows, larger):
    numbers = np.array([[NAN if v is None else float(v) for v in row] for row in rows])
    upper, lower = numbers.T
    sign = 1 if larger else -1
    for (a, b), found in zip(rows, won(upper, lower, larger_is_better=larger), strict=True):
        if a is None or b is None:
            assert found == (a is not None) - (b is not None)
        else:
            assert found == sign * ((a > b) - (a < b))


def test_an_effect_counts_failures_or_leaves_them_out():
    effect = Contrast("e", (("a", 0.5), ("b", 0.5), ("c", -1.0)), "with", "without", "main effect")
    values = np.random.default_rng(2).normal(0.8, 0.01, (30, 3))
    values[:10, 0] = NAN
    (left_out,) = analyse(values, ("a", "b", "c"), [effect]).comparisons
    assert (left_out.rounds, left_out.dropped) == (20, 10)
    assert left_out.sentence.endswith("a failed in 10 of 30 rounds, b in none and c in none.")
    (counted,) = analyse(values, ("a", "b", "c"), [effect], failure_counts_as=0.0).comparisons
    assert (counted.rounds, counted.dropped) == (30, 0)
    assert "where all finished" in counted.sentence
    assert counted.failures.p_value is None


def test_too_few_rounds_are_told_as_ever():
    found = judged(np.array([[NAN, 0.5]] * 5), unit=POINTS)
    assert found.verdict is Verdict.UNDECIDED
    assert "5 rounds cannot reach p = 0.05, 6 can" in found.sentence


@pytest.mark.parametrize("mode", ["planned", "anytime"])
def test_a_margin_that_a_lost_round_leaves_untested_is_told(mode):
    def notes(values, **options):
        options = {"mode": mode, "margin": 0.1, "resamples": 99, **options}
        return " ".join(analyse(values, ("a", "b"), [("a", "b")], **options).notes)

    assert "margin is not tested" in notes(survivor())
    assert "margin" not in notes(survivor(), failure_counts_as=0.5)
    assert "margin" not in notes(survivor(), margin=None)
    assert "margin" not in notes(ROUNDS)
