from math import exp, log

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bakeoff.errors import StatisticsError
from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.betting import careful_estimate, careful_rounds_to_reach, log_wealth
from bakeoff.statistics.contrast import Contrast
from bakeoff.statistics.units import POINTS
from bakeoff.statistics.verdict import Verdict

CONFSEQ = [  # seed, low and high of the differences, theta, wealth after 1, 10 and 40 rounds
    (0, -0.2, 0.6, -0.3, [0.818407143, 81.3906787, 879053488.0]),
    (0, -0.2, 0.6, 0.0, [0.6131975, 2.54092925, 562.178603]),
    (0, -0.2, 0.6, 0.1, [0.569668182, 1.08639987, 12.8708543]),
    (1, -0.9, 0.7, -0.5, [0.806320625, 20.1365971, 6270557.94]),
    (1, -0.9, 0.7, 0.0, [0.529652187, 0.384029436, 0.440929022]),
    (1, -0.9, 0.7, 0.4, [0.793170312, 34.5370458, 120543256.0]),
    (2, 0.01, 0.05, -0.02, [0.515110013, 0.709381877, 2.72596151]),
    (2, 0.01, 0.05, 0.0, [0.507495313, 0.605509038, 1.31260139]),
    (2, 0.01, 0.05, 0.03, [0.503580863, 0.515603255, 0.503426116]),
]
ROWS = st.lists(st.integers(-1000, 1000), min_size=2, max_size=60)


def estimate_of(row, *, reach=1.0, alpha=0.05, margin=None):
    row = np.asarray(row, dtype=np.float64)
    return careful_estimate(row, np.ones(len(row)), reach, alpha=alpha, margin=margin)


@pytest.mark.parametrize(("seed", "low", "high", "theta", "expected"), CONFSEQ)
def test_wealth_is_that_of_confseq(seed, low, high, theta, expected):
    """Capital processes of confseq's own code, both sides, half each, after 1, 10 and 40 rounds.

    Its `diversified_betting_mart((1 + d) / 2, m=(1 + theta) / 2, ..., trunc_scale=1)` with the
    constant bets s / m, and s / (1 - m) on the other side, for s = 1, 1/2, ..., 1/32, weighted 2/3
    and 1/15 each. The package needs a compiler, so its values stand here.
    """
    d = np.random.default_rng(seed).uniform(low, high, 40).round(4)
    sides = log_wealth((1 + d) / (1 + theta)), log_wealth((1 - d) / (1 - theta))
    np.testing.assert_allclose(np.exp(np.maximum(*sides))[[0, 9, 39]] / 2, expected, rtol=1e-8)


@given(st.lists(st.floats(0, 3), max_size=8), st.floats(0, 1), st.floats(1, 3))
def test_a_fair_ticket_leaves_the_expected_wealth_as_it_is(past, worse, better):
    # Whatever came before, a payment that is worth its price on average leaves wealth on average.
    before = exp(log_wealth(np.array(past))[-1]) if past else 1.0
    ends = [exp(log_wealth(np.array([*past, paid]))[-1]) for paid in (worse, better)]
    chance = (1 - worse) / (better - worse) if better > worse else 1.0  # of the better one
    assert chance * ends[1] + (1 - chance) * ends[0] == pytest.approx(before, rel=1e-9, abs=1e-12)


@settings(max_examples=60)
@given(ROWS, st.sampled_from([0.01, 0.05, 0.2]), st.sampled_from([0.001, 0.1, 0.6]))
@example([1000] * 30, 0.05, 0.1)
@example([-1000] * 30, 0.05, 0.1)
@example([0] * 60, 0.05, 0.1)
@example([500] * 30 + [-500] * 60, 0.05, 0.1)
def test_p_interval_and_equivalence_never_contradict_each_other(row, alpha, margin):
    found = estimate_of(np.array(row) / 1000, alpha=alpha, margin=margin)
    assert (0.0 not in found.interval) == (found.p_value <= alpha)
    assert -1 <= found.interval.low <= found.interval.high <= 1
    if not found.drifted:
        assert found.equivalence_interval.inside(margin) == (found.equivalence_p <= alpha)
        assert found.interval.low <= found.equivalence_interval.low
        assert found.equivalence_interval.high <= found.interval.high


def test_the_ends_are_where_wealth_reaches_forty():
    row = np.random.default_rng(0).normal(0.1, 0.2, 60).clip(-1, 1)
    found = estimate_of(row)
    low, high = found.interval.low, found.interval.high
    assert low < row.mean() < high
    assert log_wealth((1 + row) / (1 + low)).max() == pytest.approx(log(40), abs=1e-6)
    assert log_wealth((1 - row) / (1 - high)).max() == pytest.approx(log(40), abs=1e-6)
    best = max(log_wealth(1 + row).max(), log_wealth(1 - row).max())
    assert found.p_value == pytest.approx(2 * exp(-best))


def test_more_rounds_never_take_back_what_was_excluded():
    row = np.random.default_rng(1).normal(0.1, 0.3, 80).clip(-1, 1)
    found = [estimate_of(row[:n]) for n in range(2, 81)]
    assert (np.diff([f.interval.low for f in found]) >= -1e-11).all()
    assert (np.diff([f.interval.high for f in found]) <= 1e-11).all()
    assert (np.diff([f.p_value for f in found]) <= 1e-12).all()


def test_rounds_that_drift_are_told():
    found = estimate_of([0.5] * 100 + [-0.5] * 300)
    assert found.drifted
    assert found.interval.low == found.interval.high


def test_an_effect_has_the_range_of_its_weights():
    cells = Contrast(
        "x", (("a", 1.0), ("b", -1.0), ("c", -1.0), ("d", 1.0)), "x", "y", "interaction"
    )
    assert cells.reach == 2
    row = np.random.default_rng(2).uniform(-0.2, 0.6, 50)
    once, twice = estimate_of(row), estimate_of(2 * row, reach=2)
    assert twice.p_value == pytest.approx(once.p_value)
    assert twice.interval.low == pytest.approx(2 * once.interval.low, abs=1e-9)
    values = np.random.default_rng(3).uniform(0.4, 0.6, (40, 4))
    values[:, [0, 3]] += 0.3
    told = analyse(values, "abcd", [cells], mode="careful").comparisons[0].estimate
    alone = estimate_of(values @ [1, -1, -1, 1], reach=2)
    assert told.interval.low == pytest.approx(alone.interval.low, abs=1e-9)


@pytest.mark.parametrize(("mean", "rounds"), [(0.024, 156), (0.012, 310), (0.006, 617)])
def test_no_fewer_rounds_of_a_mean_can_reach_a_verdict(mean, rounds):
    assert careful_rounds_to_reach(mean, 1.0, 0.05) == rounds
    assert estimate_of([mean] * (rounds - 1)).p_value > 0.05
    assert estimate_of([mean] * (rounds + ceil_of_shares(mean))).p_value <= 0.05


def ceil_of_shares(mean):
    """The rounds that the third costs which is not bet whole."""
    return int(log(1.5) / log(1 + mean)) + 1


@pytest.mark.parametrize(("effect", "most"), [(2.0, 180), (1.0, 360), (0.5, 730)])
def test_accuracies_are_decided_in_rounds_that_the_page_tells(effect, most):
    rng = np.random.default_rng(0)
    peaks = log_wealth(1 + rng.normal(0.012 * effect, 0.012, (2 * most, 200))) >= log(40)
    assert peaks.any(axis=0).all()
    assert 0.9 * most < peaks.argmax(axis=0).mean() + 1 <= most


def test_a_verdict_says_which_interval_and_how_many_rounds_it_would_take():
    rng = np.random.default_rng(0)
    values = 0.86 + rng.normal(0, 0.012, (30, 2)) + [0, 0.02]
    few = analyse(values, "ab", [("b", "a")], mode="careful", unit=POINTS).comparisons[0]
    assert few.verdict is Verdict.UNDECIDED
    assert "95 % careful interval" in few.sentence
    told = f"30 rounds of so small a difference cannot reach p = 0.05, {few.rounds_to_reach} can."
    assert few.sentence.endswith(told)
    assert few.rounds_to_reach == careful_rounds_to_reach(few.estimate.mean, 1.0, 0.05)
    many = 0.86 + rng.normal(0, 0.012, (400, 2)) + [0, 0.02]
    for margin, verdict in ((None, Verdict.BETTER), (0.03, Verdict.EQUIVALENT)):
        told = analyse(many, "ab", [("b", "a")], mode="careful", margin=margin).comparisons[0]
        assert told.verdict is verdict
    assert told.estimate.method == "betting, hedged capital"


def test_failed_rounds_count_and_are_within_range():
    rng = np.random.default_rng(0)
    values = 0.86 + rng.normal(0, 0.012, (60, 2))
    values[::2, 1] = np.nan
    (told,) = analyse(
        values, "ab", [("b", "a")], mode="careful", unit=POINTS, failure_counts_as=0.0
    ).comparisons
    assert told.verdict is Verdict.WORSE
    assert "a failed round counts as 0 %; 95 % careful interval" in told.sentence
    assert told.notes == ()
    lost = analyse(values, "ab", [("b", "a")], mode="careful").comparisons[0]
    assert lost.failures.wins.method == "betting, hedged capital"


@pytest.mark.parametrize("wrong", [1.2, -0.1, 86.0])
def test_values_out_of_range_are_refused(wrong):
    values = np.array([[0.5, 0.6], [0.5, wrong]])
    with pytest.raises(StatisticsError, match=f"careful: got a value of {wrong:g}, expected frac"):
        analyse(values, "ab", [("b", "a")], mode="careful")
