from math import exp, log, sqrt, tanh

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bakeoff.errors import StatisticsError
from bakeoff.statistics import sequential
from bakeoff.statistics.sequential import anytime_difference, anytime_rounds_to_reach, log_evidence

ROWS = st.lists(st.integers(-20, 20), min_size=1, max_size=40)


def evidence_of(*row):
    return log_evidence(np.array(row, dtype=np.float64)[:, None])[:, 0]


def test_the_first_round_is_no_evidence_and_the_second_is_worked_by_hand():
    # A single difference is as large as the root mean square: half won what the other half lost.
    assert evidence_of(3.0)[0] == pytest.approx(0.0, abs=1e-15)
    # The second is 2 / 1.581 = 1.265 of it, and of the first's side.
    bets = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4]
    shares = [1 / 13] * 3 + [2 / 13] * 5
    z = 2 / sqrt((1 + 4) / 2)
    wealth = sum(
        share * ((1 + tanh(u)) * (1 + tanh(u * z)) + (1 - tanh(u)) * (1 - tanh(u * z))) / 2
        for u, share in zip(bets, shares, strict=True)
    )
    assert evidence_of(1.0, 2.0)[1] == pytest.approx(log(wealth))


@given(st.lists(st.floats(-5, 5), min_size=0, max_size=12), st.floats(0.01, 5))
def test_a_fair_sign_leaves_the_expected_evidence_as_it_is(past, size):
    # The property that everything rests on: averaged over the two signs of the next difference,
    # evidence stays what it was, whatever came before and however large the difference is.
    before = exp(evidence_of(*past)[-1]) if past else 1.0
    plus, minus = exp(evidence_of(*past, size)[-1]), exp(evidence_of(*past, -size)[-1])
    assert (plus + minus) / 2 == pytest.approx(before, rel=1e-9)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 3.0]))
def test_shares_weighed_anew_every_few_rounds_change_nothing(seed, mean):
    row = np.random.default_rng(seed).normal(mean, 1, 60)
    whole = evidence_of(*row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequential, "BLOCK", 7)
        np.testing.assert_allclose(evidence_of(*row), whole, rtol=1e-9, atol=1e-9)


def test_thousands_of_rounds_stay_within_the_floats():
    turned = np.concatenate([np.ones(5000), np.tile([1.0, -1.0], 2500)])
    outlier = np.append(np.full(9999, 1e-3), -1.0)
    for row in (turned, outlier):
        evidence = evidence_of(*row)
        assert np.isfinite(evidence).all()
    # The same in exact arithmetic: all was won by the largest bet, before it lost.
    assert evidence_of(*turned)[4999] == pytest.approx(5000 * log(1 + tanh(4)) + log(1 / 13), 1e-9)


@given(ROWS, st.floats(0.001, 1000))
def test_evidence_knows_no_unit_and_no_side(row, scale):
    base = evidence_of(*row)
    np.testing.assert_allclose(evidence_of(*(np.array(row) * scale)), base, rtol=0, atol=1e-9)
    np.testing.assert_allclose(evidence_of(*(-np.array(row))), base, rtol=0, atol=1e-12)


@settings(max_examples=60)
@given(ROWS, st.sampled_from([0.01, 0.05, 0.2]))
@example([1] * 30, 0.05)
@example([0] * 30, 0.05)
@example([0, 0, 0, 1] + [2] * 20, 0.05)
@example([1] * 15 + [-9] * 15, 0.05)
def test_p_and_interval_never_contradict_each_other(row, alpha):
    result = anytime_difference(np.array(row) / 1000, alpha=alpha, margin=0.003)
    assert (0.0 not in result.interval) == (result.p_value <= alpha)
    assert 0 <= result.p_value <= 1
    assert 0 <= result.p_beyond <= 1
    if not result.drifted:
        assert result.interval.inside(0.003) == (result.p_beyond <= alpha)


@settings(max_examples=60)
@given(ROWS)
def test_p_is_the_reciprocal_of_the_most_evidence_so_far(row):
    values = np.array(row, dtype=np.float64)
    direct = min(1.0, exp(-max(0.0, evidence_of(*values).max())))
    # The hull may only enlarge it.
    assert anytime_difference(values).p_value >= direct * (1 - 1e-9)


def test_a_gap_among_possible_differences_is_closed():
    # 0 alone is unlikely, but differences on both sides of it are not: no interval can exclude it.
    grid, p_grid = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([0.2, 0.01, 0.3, 0.5])
    assert sequential._hull_p(grid, p_grid, 0.0) == 0.2
    assert sequential._hull_p(grid, p_grid, -1.0) == 0.2
    assert sequential._hull_p(grid, p_grid, 1.0) == 0.3


def test_the_ends_of_the_interval_are_where_evidence_reaches_twenty():
    row = np.random.default_rng(0).normal(1, 1.7, 40)
    result = anytime_difference(row, alpha=0.05)
    for end in (result.interval.low, result.interval.high):
        assert evidence_of(*(row - end)).max() == pytest.approx(log(20), abs=1e-9)
    assert result.interval.low < row.mean() < result.interval.high
    direct = exp(-evidence_of(*row).max())
    assert result.p_value == pytest.approx(direct, rel=1e-9)


def test_more_rounds_never_take_back_what_was_excluded():
    row = np.random.default_rng(1).normal(0.5, 1, 80)
    results = [anytime_difference(row[:n]) for n in range(11, 81)]
    lows, highs = zip(*[(r.interval.low, r.interval.high) for r in results], strict=True)
    assert (np.diff(lows) >= -1e-9).all()
    assert (np.diff(highs) <= 1e-9).all()
    assert (np.diff([r.p_value for r in results]) <= 1e-12).all()


def test_a_late_outlier_does_not_hide_an_early_interval():
    row = np.append(np.random.default_rng(0).normal(1, 1.7, 40), 1e6)
    early, late = anytime_difference(row[:40]), anytime_difference(row)
    # It is one more round on its side, which at most doubles the wealth, however large it is.
    assert early.interval.low < late.interval.low < early.interval.low + 0.1
    assert late.interval.high == pytest.approx(early.interval.high, rel=1e-6)
    assert late.p_value >= early.p_value / 2
    assert not late.drifted


def test_rounds_that_drift_are_told():
    row = np.random.default_rng(0).normal(0, 1, 80) + np.repeat([5.0, -5.0], 40)
    result = anytime_difference(row)
    assert result.drifted
    assert result.interval.low == result.interval.high
    assert result.p_value <= 0.05
    # The single difference that is told is the likeliest, as exactly as the candidates are dense.
    everywhere = sequential._p_values(row, np.linspace(row.min(), row.max(), 2001))
    told = sequential._p_values(row, np.array([result.interval.low]))
    assert told[0] > 0.95 * everywhere.max()


@pytest.mark.parametrize("scale", [1e-90, 1e-6, 1e90])
def test_any_unit_works(scale):
    row = np.random.default_rng(0).normal(1, 1.7, 40)
    base, scaled = anytime_difference(row), anytime_difference(row * scale)
    assert scaled.p_value == pytest.approx(base.p_value, rel=1e-6)
    assert scaled.interval.low == pytest.approx(base.interval.low * scale, rel=1e-6)


def test_equal_differences():
    enough = anytime_difference([0.25] * 7)
    assert (enough.interval.low, enough.interval.high) == (0.25, 0.25)
    assert enough.p_value <= 0.05
    few = anytime_difference([0.25] * 6)
    assert (few.interval.low, few.interval.high) == (-np.inf, np.inf)
    assert few.p_value > 0.05
    assert anytime_difference([0.0] * 30, margin=0.1).p_value == 1
    assert anytime_difference([0.0] * 30, margin=0.1).p_beyond < 1e-4
    assert anytime_difference([0.2] * 30, margin=0.1).p_beyond == 1


@pytest.mark.parametrize(("comparisons", "rounds"), [(1, 7), (3, 9), (15, 11), (105, 14)])
def test_the_rounds_to_reach_are_those_of_equal_differences(comparisons, rounds):
    assert anytime_rounds_to_reach(0.05, comparisons) == rounds
    for n in (rounds - 1, rounds):
        reached = anytime_difference([1.0] * n).p_value <= 0.05 / comparisons
        assert reached == (n == rounds)


def test_one_point_is_decided_in_few_rounds_by_its_spread():
    rng = np.random.default_rng(0)
    for std, most in ((0.5, 8), (1.0, 15), (1.5, 27), (2.0, 45)):
        peaks = log_evidence(rng.normal(1, std, (400, 500))) >= log(20)
        assert peaks.any(axis=0).all()
        assert peaks.argmax(axis=0).mean() + 1 <= most


@pytest.mark.parametrize("row", [[], [1.0, float("nan")]])
def test_no_round_and_nan_are_refused(row):
    with pytest.raises(StatisticsError, match="at least 1 round and no NaN"):
        anytime_difference(row)


@pytest.mark.parametrize(
    ("alpha", "comparisons", "message"),
    [(0.0, 1, "expected alpha"), (0.05, 0, "expected alpha"), (0.05, 10**4000, "over 10,000")],
)
def test_a_reach_out_of_range_is_refused(alpha, comparisons, message):
    with pytest.raises(StatisticsError, match=message):
        anytime_rounds_to_reach(alpha, comparisons)
