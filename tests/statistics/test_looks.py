"""Other figures of a pair, against scipy, baycomp, and simulated studies whose truth is known."""

from math import inf, nan

import baycomp
import numpy as np
import pytest
from scipy import stats

from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.looks import improvement_interval, share_interval
from bakeoff.statistics.units import PLAIN, POINTS, Ratio
from bakeoff.statistics.unpaired import analyse_unpaired

RNG = np.random.default_rng(8)
LOOKS = ("ratio", "median", "win_rate", "probability_of_improvement")


def looks(a, b, **options):
    options = {"unit": PLAIN, "resamples": 99, **options}
    return analyse(np.stack([a, b], axis=1), ("a", "b"), [("a", "b")], **options).comparisons[0]


def ends(look):
    return look.interval.low, look.interval.high


def test_a_ratio_is_that_of_geometric_means_with_students_interval_of_their_logarithms():
    a, b = RNG.lognormal(0.3, 0.4, (2, 15))
    found = looks(a, b).looks.ratio
    assert found.value == pytest.approx(stats.gmean(a) / stats.gmean(b))
    told = stats.ttest_rel(np.log(a), np.log(b)).confidence_interval()
    assert ends(found) == pytest.approx((np.exp(told.low), np.exp(told.high)))
    logs = looks(np.log(a), np.log(b), unit=Ratio()).looks.ratio
    assert (logs.value, *ends(logs)) == pytest.approx((found.value, *ends(found)))
    anytime = looks(np.log(a), np.log(b), mode="anytime")
    low, high = ends(looks(a, b, mode="anytime").looks.ratio)
    assert (np.log(low), np.log(high)) == pytest.approx(
        (anytime.estimate.interval.low, anytime.estimate.interval.high)
    )
    wider = looks(a, b, mode="resampled", test_ratio=0.25).looks.ratio
    half = np.diff(np.log(ends(found)))[0] * np.sqrt((1 / 15 + 0.25) * 15)
    assert np.diff(np.log(ends(wider)))[0] == pytest.approx(half)


def test_a_ratio_is_of_values_above_0_that_are_no_fractions_alone():
    a, b = RNG.uniform(0.5, 0.9, (2, 8))
    assert looks(a, b).looks.ratio is not None
    assert looks(a, b, unit=POINTS).looks.ratio is None
    for wrong in (0.0, -1.0, nan):
        assert looks(a, np.where(np.arange(8) == 3, wrong, b)).looks.ratio is None
    assert looks(a, 2 * a).looks.ratio.value == pytest.approx(0.5)
    assert looks(a, 2 * a).looks.ratio.interval is None  # without a spread


@pytest.mark.parametrize("rounds", [2, 5, 6, 9, 20, 33])
def test_a_medians_interval_is_scipys(rounds):
    a, b = RNG.normal(size=(2, rounds))
    found = looks(a, b).looks.median
    assert found.value == pytest.approx(np.median(a - b))
    told = stats.quantile_test(a - b, q=0, p=0.5).confidence_interval(0.95)
    expected = (told.low, told.high) if rounds > 5 else (-inf, inf)
    assert ends(found) == pytest.approx(expected)


def test_the_share_of_rounds_won_and_its_interval_are_scipys():
    a, b = RNG.normal(size=(2, 17))
    for larger, won in ((True, int((a > b).sum())), (False, int((a < b).sum()))):
        found = looks(a, b, larger_is_better=larger).looks.win_rate
        told = stats.binomtest(won, 17).proportion_ci(0.95, "exact")
        assert (found.value, *ends(found)) == pytest.approx((won / 17, told.low, told.high))
    assert looks(a, a + 1).looks.win_rate.value == 0
    tied = looks(np.zeros(8), np.array([0, 0, 0, 1, -1, 0, 0, 1])).looks.win_rate
    assert tied.value == 3.5 / 8
    below, above = (stats.binomtest(k, 8).proportion_ci(0.95, "exact") for k in (3, 4))
    assert below.low < tied.interval.low < above.low


@pytest.mark.parametrize("larger", [True, False])
def test_the_probability_of_improvement_is_mann_and_whitneys(larger):
    a, b = RNG.integers(0, 6, (2, 14)).astype(float)
    u = stats.mannwhitneyu(*((a, b) if larger else (b, a))).statistic
    found = looks(a, b, larger_is_better=larger).looks.probability_of_improvement
    assert found.value == pytest.approx(u / 14**2)
    rows = {"a": a, "b": b[:9]}
    apart = analyse_unpaired(rows, [("a", "b")], larger_is_better=larger).comparisons[0].looks
    u = stats.mannwhitneyu(*((a, b[:9]) if larger else (b[:9], a))).statistic
    assert apart.probability_of_improvement.value == pytest.approx(u / (14 * 9))
    assert (apart.ratio, apart.median, apart.win_rate, apart.rope) == (None,) * 4


def test_intervals_of_shares_cover_what_they_promise():
    rng, missed = np.random.default_rng(4), []
    for truth in (0.5, 0.76, 0.95):
        shift = stats.norm.ppf(truth) * np.sqrt(2)
        for n, m in ((10, 10), (8, 30)):
            a, b = rng.normal(shift, 1, (400, n)), rng.normal(0, 1, (400, m))
            shares = (a[:, :, None] > b[:, None]).mean(axis=(1, 2))
            inside = [truth in improvement_interval(share, n, m, 0.05) for share in shares]
            missed.append(1 - np.mean(inside))
    assert np.mean(missed) < 0.055
    assert max(missed) < 0.08
    assert improvement_interval(1.0, 10, 10, 0.05).low < 0.81  # where all are won, too
    for ties in (0.0, 0.3, 0.8):  # a tie is half a win
        scores = rng.choice(
            [0.0, 0.5, 1.0], (400, 15), p=[(1 - ties) / 3, ties, 2 * (1 - ties) / 3]
        )
        truth = ties / 2 + 2 * (1 - ties) / 3
        inside = [truth in share_interval(float(won), 15, 0.05) for won in scores.sum(axis=1)]
        assert np.mean(inside) >= 0.95


def test_the_rope_is_baycomps():
    a, b = RNG.normal(0.8, 0.02, (2, 20))
    for ratio, runs in ((1 / 4, 4), (1 / 9, 2)):  # 4 × 5 folds, 2 × 10
        found = looks(a, b, mode="resampled", test_ratio=ratio, margin=0.01).looks.rope
        told = baycomp.CorrelatedTTest(b, a, rope=0.01, runs=runs).probs()
        assert found == pytest.approx(told)
    found = looks(a, b, margin=0.01).looks.rope
    row = a - b
    told = baycomp.single.Posterior(row.mean(), row.var(ddof=1) / 20, 19, 0.01).probs()
    assert found == pytest.approx(told)
    assert looks(a, b).looks.rope is None
    assert looks(a, a + 1, margin=0.01).looks.rope is None


def test_a_failed_round_is_lost_where_no_value_is_the_worst():
    a, b = np.arange(8) + 10.0, np.arange(8) + 9.5
    a[:5], b[0] = nan, nan
    found = looks(a, b, margin=1.0).looks
    assert found.win_rate.value == 3.5 / 8
    assert found.median.value == -inf
    assert found.probability_of_improvement.value == pytest.approx(
        stats.mannwhitneyu(np.nan_to_num(a, nan=-99), np.nan_to_num(b, nan=-99)).statistic / 64
    )
    assert (found.ratio, found.rope) == (None, None)
    counted = looks(a, b, failure_counts_as=1.0).looks
    assert counted.median.value == pytest.approx(np.median(np.nan_to_num(a, nan=1) - [1, *b[1:]]))


@pytest.mark.parametrize("mode", ["anytime", "resampled"])
def test_no_interval_stands_where_none_is_known(mode):
    found = looks(*RNG.normal(size=(2, 9)), mode=mode, test_ratio=0.1).looks
    assert [getattr(found, name).interval for name in LOOKS[1:]] == [None] * 3
    assert found.win_rate.value > 0


def test_as_many_rounds_lost_by_either_have_a_median_in_the_middle():
    values = np.array([[0.0, nan], [nan, 0.0]])
    (comparison,) = analyse(values, "ab", [("b", "a")], unit=PLAIN).comparisons
    assert comparison.looks.median.value == 0.0
