"""Variance components: against scipy, and of simulated rounds of known ones."""

import numpy as np
import pytest
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.statistics.noise import variance_components

RNG = np.random.default_rng


@pytest.mark.parametrize("seed", range(5))
def test_the_pooled_variance_is_the_error_of_scipys_one_way_analysis(seed):
    rng = RNG(seed)
    values = 2 * rng.normal(size=(8, 1)) + rng.normal(size=(8, 6))
    values[rng.random((8, 6)) < 0.3] = np.nan
    values[0] = np.nan  # a world all rounds of which failed
    worlds = [row[~np.isnan(row)] for row in values[1:]]
    (found,) = variance_components(rng.normal(size=30), {"data": values}).sources
    mean = np.nanmean(values)
    between = sum(len(row) * (row.mean() - mean) ** 2 for row in worlds) / (len(worlds) - 1)
    assert found.variance == pytest.approx(between / stats.f_oneway(*worlds).statistic, rel=1e-9)
    assert (found.rounds, found.df) == (sum(map(len, worlds)), sum(map(len, worlds)) - 7)


def test_the_interval_is_that_of_a_normal_variance():
    rng = RNG(2)
    values, rounds = rng.normal(size=(5, 6)), rng.normal(size=30)
    noise = variance_components(rounds, {"init": values})
    for one, df in ((noise.total, 29), (noise.sources[0], 25)):
        low, high = stats.chi2.ppf([0.975, 0.025], df)
        ends = [(df * one.variance / end) ** 0.5 for end in (low, high)]
        assert [one.interval.low, one.interval.high] == pytest.approx(ends, rel=1e-9)
    assert noise.total.variance == pytest.approx(rounds.var(ddof=1))
    assert noise.total.share == 1.0
    assert noise.sources[0].share == pytest.approx(
        values.var(axis=1, ddof=1).mean() / rounds.var(ddof=1)
    )


def design(f, rng, worlds=5, redraws=6, of=("a", "b")):
    """Return what the rounds of a study give, by a function of the draws of some sources."""
    n = worlds * redraws
    own = {s: rng.normal(size=n) for s in of}
    first = {s: np.repeat(own[s][::redraws], redraws) for s in of}
    redrawn = {s: f(**{**first, s: own[s]}).reshape(worlds, redraws) for s in of}
    return variance_components(f(**own), redrawn)


def test_known_components_are_found():
    noise = design(lambda a, b: 3 * a + b, RNG(3), worlds=2000)
    assert [s.source for s in noise.sources] == ["a", "b"]
    assert [s.variance for s in noise.sources] == pytest.approx([9, 1], rel=0.05)
    assert [s.share for s in noise.sources] == pytest.approx([0.9, 0.1], rel=0.05)
    assert noise.total.variance == pytest.approx(10, rel=0.05)
    assert 0 in noise.left
    assert noise.left.high - noise.left.low < 0.2


def test_sources_that_act_together_add_up_to_more_than_all():
    noise = design(lambda a, b: a * b, RNG(4), worlds=2000)
    assert [s.share for s in noise.sources] == pytest.approx([1, 1], rel=0.15)
    assert noise.left.high < 0


def test_a_source_that_nobody_redraws_is_left_over():
    rng = RNG(5)
    values = rng.normal(size=(1000, 6))
    total = rng.normal(size=6000) + rng.normal(size=6000)
    noise = variance_components(total, {"a": values})
    assert noise.left.low > 0.4
    assert noise.left.high < 0.6


def test_the_intervals_cover():
    rng, covered, zero = RNG(6), np.zeros(2), 0
    for _ in range(1000):
        noise = design(lambda a, b: 2 * a + b, rng)
        covered += [true in s.interval for s, true in zip(noise.sources, (2.0, 1.0), strict=True)]
        zero += 0 in noise.left
    assert np.all(abs(covered / 1000 - 0.95) < 0.025)
    assert zero / 1000 > 0.93  # wider than it need be, as the sources share draws with all


def test_what_never_moves_has_no_variance_and_what_is_not_there_no_figure():
    noise = variance_components([0.1, 0.1, 0.1], {"a": [[0.1, 0.1], [0.7, 0.7]]})
    assert (noise.total.variance, noise.sources[0].variance) == (0.0, 0.0)
    assert np.isnan([noise.sources[0].share, noise.left.low]).all()
    noise = variance_components([1.0, 2.0], {"a": [[np.nan, 0.1]], "b": [[1.0, 2.0]]})
    assert [s.source for s in noise.sources] == ["b", "a"]  # what is known first
    assert np.isnan(noise.sources[1].variance)
    assert noise.sources[1].interval.high == np.inf
    assert (noise.sources[1].rounds, noise.sources[1].df) == (1, 0)


@pytest.mark.parametrize(
    ("rounds", "redrawn"), [([[1.0]], [[1.0]]), ([1.0], [1.0]), ([1.0], [[np.inf]])]
)
def test_other_arrays_are_refused(rounds, redrawn):
    with pytest.raises(StatisticsError):
        variance_components(rounds, {"a": redrawn})
