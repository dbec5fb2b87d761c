import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from bakeoff.errors import StatisticsError
from bakeoff.statistics.power import (
    anytime_rounds_for_difference,
    attainable_level,
    detectable_difference,
    rounds_for_difference,
    rounds_to_reach,
    sign_flip_power,
    spread_limit,
    t_power,
)
from bakeoff.statistics.sequential import anytime_rounds_to_reach, log_evidence
from bakeoff.statistics.signflip import sign_flip


def statsmodels_power():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.power import TTestPower
    return TTestPower()


@pytest.mark.parametrize("rounds", [2, 5, 10, 30, 100])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 15])
def test_power_is_that_of_statsmodels(rounds, alpha):
    oracle = statsmodels_power()
    for effect in (0.0, 0.1, 0.3, 0.6, -0.6):
        theirs = oracle.power(effect, rounds, alpha)
        assert t_power(effect, rounds, alpha) == pytest.approx(theirs, abs=1e-8)


@pytest.mark.parametrize("effect", [0.2, 0.4, 0.7])
def test_planned_rounds_are_those_of_statsmodels(effect):
    oracle = statsmodels_power()
    for comparisons in (1, 15):
        theirs = oracle.solve_power(effect, alpha=0.05 / comparisons, power=0.8)
        ours = rounds_for_difference(effect, 1.0, comparisons=comparisons)
        assert ours == np.ceil(theirs)


def test_rounds_that_can_reach_a_verdict_worked_by_hand():
    # The smallest p is 2^(1-n): 1/16 at 5 rounds, 1/32 = 0.031 at 6; 0.05 / 15 = 0.0033 needs
    # 1/512 = 0.00195 at 10 rounds.
    assert rounds_to_reach(0.05) == 6
    assert rounds_to_reach(0.05, 15) == 10
    assert rounds_to_reach(1 / 32) == 6  # reached exactly
    assert rounds_to_reach(0.99) == 2


@given(st.floats(1e-12, 0.999))
def test_the_rounds_to_reach_are_the_fewest(alpha):
    rounds = rounds_to_reach(alpha)
    assert 2.0 ** (1 - rounds) <= alpha
    assert rounds == 1 or 2.0 ** (2 - rounds) > alpha


@pytest.mark.parametrize("rounds", [5, 6, 9, 10])
def test_the_rounds_to_reach_are_those_of_the_test_itself(rounds):
    best = sign_flip(np.ones((1, rounds))).p_value()[0]
    for comparisons in (1, 15):
        reaches = best <= 0.05 / comparisons
        assert reaches == (rounds >= rounds_to_reach(0.05, comparisons))
        assert reaches == (attainable_level(rounds, 0.05 / comparisons) > 0)


def test_the_attainable_level_worked_by_hand():
    assert attainable_level(10, 0.05) == 25 / 512
    assert attainable_level(6, 1 / 32) == 1 / 32
    assert attainable_level(5, 0.05) == 0
    assert attainable_level(21, 0.05) == 0.05


def test_where_only_one_sign_rejects_power_is_the_chance_of_one_sign():
    expected = ndtr(1.5) ** 6 + ndtr(-1.5) ** 6
    assert sign_flip_power(1.5, 6, 0.05) == pytest.approx(expected)
    assert sign_flip_power(9.0, 5, 0.05) == 0


@pytest.mark.parametrize(("rounds", "comparisons"), [(10, 1), (10, 15), (30, 15)])
def test_the_detectable_difference_is_found_four_times_in_five(rounds, comparisons):
    difference = detectable_difference(2.0, rounds, comparisons=comparisons)
    rows = np.random.default_rng(7).normal(difference, 2.0, (600, rounds))
    p_values = sign_flip(rows, resamples=1_999).p_value()
    assert (p_values <= 0.05 / comparisons).mean() == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(("rounds", "comparisons"), [(6, 1), (8, 1), (10, 1), (15, 15), (30, 1)])
def test_the_promise_holds_where_the_spread_is_seen_in_the_rounds(rounds, comparisons):
    rng = np.random.default_rng(11)
    spreads = rng.standard_normal((2000, rounds)).std(axis=1, ddof=1)
    told = detectable_difference(1.0, rounds, comparisons=comparisons)
    seen, limited = [], []
    for spread in spreads:
        row = rng.standard_normal(rounds)
        for factor, found in ((1.0, seen), (spread_limit(1.0, rounds), limited)):
            found.append(row + told * spread * factor)
    level = 0.05 / comparisons
    shares = [
        (sign_flip(np.array(found), resamples=999).p_value() <= level).mean()
        for found in (seen, limited)
    ]
    assert shares[0] < 0.8
    assert shares[1] >= 0.8


def test_the_limit_of_a_spread_is_exceeded_once_in_five():
    # A χ² of 9 degrees of freedom exceeds 5.3801 four times in five.
    assert spread_limit(2.0, 10) == pytest.approx(2 * (9 / 5.3801) ** 0.5, rel=1e-5)
    spreads = np.random.default_rng(0).standard_normal((20_000, 6)).std(axis=1, ddof=1)
    assert (spread_limit(1.0, 6) * spreads >= 1).mean() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(("effect", "comparisons"), [(3, 1), (1, 1), (0.5, 15), (0.25, 1)])
def test_the_anytime_rounds_are_the_fewest_that_find_it(effect, comparisons):
    rounds = anytime_rounds_for_difference(effect, 1.0, comparisons=comparisons)
    normal = np.random.default_rng(5).standard_normal((rounds, 4000))
    peaks = np.maximum.accumulate(log_evidence(normal + effect))
    found = (peaks >= np.log(comparisons / 0.05)).mean(axis=1)
    assert found[-1] > 0.78
    assert found[:-1].max(initial=0) < 0.82


def test_the_anytime_rounds_at_their_ends():
    assert anytime_rounds_for_difference(1.0, 0.0) == anytime_rounds_to_reach(0.05)
    assert anytime_rounds_for_difference(-0.5, 1.0) == anytime_rounds_for_difference(0.5, 1.0)
    with pytest.raises(StatisticsError, match=r"0\.01 standard deviations needs more than 10,000"):
        anytime_rounds_for_difference(0.01, 1.0)


def test_detectable_differences_scale_with_the_spread_and_shrink_with_rounds():
    assert detectable_difference(3.0, 30) == pytest.approx(3 * detectable_difference(1.0, 30))
    assert detectable_difference(1.0, 60) < detectable_difference(1.0, 30)
    assert detectable_difference(1.0, 30, comparisons=15) > detectable_difference(1.0, 30)
    assert detectable_difference(0.0, 30) == 0


def test_rounds_without_reach_detect_nothing():
    assert detectable_difference(1.0, 5) is None
    assert detectable_difference(1.0, 9, comparisons=15) is None
    assert detectable_difference(1.0, 10, comparisons=15) is not None


@settings(max_examples=40)
@given(st.floats(0.2, 3), st.integers(1, 20))
def test_planned_rounds_are_enough_and_one_less_is_not(effect, comparisons):
    rounds = rounds_for_difference(effect, 1.0, comparisons=comparisons)
    assert detectable_difference(1.0, rounds, comparisons=comparisons) <= effect * (1 + 1e-9)
    fewer = rounds >= 3 and detectable_difference(1.0, rounds - 1, comparisons=comparisons)
    assert not fewer or fewer > effect * (1 - 1e-9)


def test_a_difference_without_spread_needs_the_fewest_rounds_there_are():
    assert rounds_for_difference(1.0, 0.0) == 6
    assert rounds_for_difference(-1.0, 1e-9, comparisons=15) == 10


@pytest.mark.parametrize(
    "call",
    [
        lambda: rounds_to_reach(0.0),
        lambda: rounds_to_reach(1.0),
        lambda: rounds_to_reach(0.05, 0),
        lambda: detectable_difference(-1.0, 30),
        lambda: detectable_difference(1.0, 30, power=0.01),
        lambda: detectable_difference(float("nan"), 30),
        lambda: rounds_for_difference(0.0, 1.0),
        lambda: rounds_for_difference(1.0, 1.0, power=1.0),
        lambda: rounds_for_difference(float("inf"), 1.0),
    ],
)
def test_arguments_out_of_range_are_refused(call):
    with pytest.raises(StatisticsError, match="expected"):
        call()


def test_a_plan_for_more_than_a_million_rounds_is_refused():
    with pytest.raises(StatisticsError, match="more than 1,000,000 rounds"):
        rounds_for_difference(1e-6, 1.0)
