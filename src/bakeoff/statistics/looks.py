"""More ways to look at a pair, beside the mean difference: none of them decides anything.

- **Ratio** of geometric means, by Student's t interval of the logarithms' differences.
- **Median** of the paired differences, between two of them that the binomial distribution tells
  (Hahn and Meeker 1991, "Statistical Intervals", section 5.2).
- **Win rate**, a tie as half a win; the exact interval (Clopper and Pearson 1934, Biometrika 26).
- **Probability of improvement** in two rounds drawn apart: Mann and Whitney's U / nm (Bouthillier
  et al. 2021, "Accounting for variance in machine learning benchmarks"). Newcombe's fifth interval
  (2006, Statistics in Medicine 25, p. 559) has a width where all is won, and takes both sides'
  rounds to be independent: it is too wide where they share what chance gave them.
- **Rope**, the margin read by Bayes: the correlated t test (Benavoli, Corani, Demšar and Zaffalon
  2017, Journal of Machine Learning Research 18, section 3.2). Under a flat prior the mean is t
  distributed with variance (1/n + ρ/(1 - ρ)) s², ρ the share that is tested on of resampled
  examples, else 0.

A failed round counts as in the verdict: as a value, or else as lost to any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr, betaincinv, ndtri, stdtr

from bakeoff.statistics.describe import Array, Interval, t_interval
from bakeoff.statistics.estimate import anytime_estimate
from bakeoff.statistics.signflip import grid_step
from bakeoff.statistics.units import POINTS, Ratio, Unit

if TYPE_CHECKING:
    from bakeoff.statistics.analysis import Analysis
    from bakeoff.statistics.verdict import Rules


@dataclass(frozen=True, slots=True)
class Look:
    """A figure and its interval at 1 - alpha.

    There is no interval where none is known, as for rounds that are not independent, or whose
    number was not fixed beforehand.
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Looks:
    """All figures of one pair, of its upper side against its lower one.

    Attributes:
        ratio: of geometric means; None for fractions, or if a value is missing or not above 0.
        median: in the values' unit, infinite where most rounds are lost by failure; None if
            unpaired.
        win_rate: share of rounds in which it did better, 0 to 1; None if unpaired.
        probability_of_improvement: 0 to 1.
        rope: probabilities of a true difference below minus the margin, within, and above it; None
            without a margin, where it is not tested, or for equal differences.
    """

    ratio: Look | None
    median: Look | None
    win_rate: Look | None
    probability_of_improvement: Look
    rope: tuple[float, float, float] | None = None


def looks_at(
    sides: Sequence[Array], unit: Unit, rules: Rules, margin: float | None
) -> Looks | None:
    """Return the figures of a pair's rounds, NaN where one is lost; None below two, or no pair."""
    if len(sides) != 2 or len(sides[0]) < 2:
        return None
    (upper, lower), rounds = sides, len(sides[0])
    a, b = (np.nan_to_num(s, nan=-inf if rules.larger_is_better else inf) for s in (upper, lower))
    differences = np.subtract(a, b, out=np.zeros(rounds), where=a != b)
    above = float((differences > 0).sum() + (differences == 0).sum() / 2)
    won = above if rules.larger_is_better else rounds - above
    median = median_interval(differences, rules.alpha)
    share = share_interval(won, rounds, rules.alpha)
    return Looks(
        _ratio(upper, lower, unit, rules),
        Look(_middle(differences), median if _fixed(rules) else None),
        Look(won / rounds, share if _fixed(rules) else None),
        improvement(a, b, rules),
        None if margin is None else _rope(upper, lower, margin, rules.test_ratio or 0.0),
    )


def _fixed(rules: Rules) -> bool:
    return rules.test_ratio is None and not rules.anytime


def improvement(upper: Array, lower: Array, rules: Rules) -> Look:
    """Return how probably a round of the upper side does better than any of the lower side."""
    n, m, among = len(upper), len(lower), np.sort(lower)
    below = sum(float(np.searchsorted(among, upper, side).sum()) for side in ("left", "right"))
    share = below / (2 * n * m)
    share = share if rules.larger_is_better else 1 - share
    return Look(share, improvement_interval(share, n, m, rules.alpha) if _fixed(rules) else None)


def _middle(differences: Array) -> float:
    """Return the median; 0, in the middle, where as many are lost by failure as are won by it."""
    low, high = np.sort(differences)[[(len(differences) - 1) // 2, len(differences) // 2]].tolist()
    return 0.0 if low == -high else float(low + high) / 2


def median_interval(differences: Array, alpha: float) -> Interval:
    """Return the r-th differences from either side; beyond either lies the median in alpha / 2."""
    rounds = len(differences)
    place = _place(rounds, alpha)
    ends = np.sort(differences)[[place - 1, -place]] if place else (-inf, inf)
    return Interval(float(ends[0]), float(ends[1]), 1 - alpha)


@lru_cache(maxsize=8)
def _place(rounds: int, alpha: float) -> int:
    return int(np.searchsorted(bdtr(np.arange(rounds), rounds, 0.5), alpha / 2, "right"))


def share_interval(won: float, rounds: int, alpha: float) -> Interval:
    """Return the exact interval of a share; that of a half lies between those of its neighbours."""
    lost = rounds - won
    low = float(betaincinv(won, lost + 1, alpha / 2)) if won else 0.0
    high = float(betaincinv(won + 1, lost, 1 - alpha / 2)) if lost else 1.0
    return Interval(low, high, 1 - alpha)


def improvement_interval(share: float, n: int, m: int, alpha: float) -> Interval:
    """Return all θ with (share - θ)² <= z² θ (1 - θ) [1 + ((n + m)/2 - 1) r(θ)] / nm.

    r(θ) is (1 - θ)/(2 - θ) + θ/(1 + θ).
    """
    from scipy.optimize import brentq  # here, as it takes a quarter of a second

    z, more = float(ndtri(alpha / 2)), (n + m) / 2 - 1

    def lowest(seen: float) -> float:
        def beyond(t: float) -> float:
            widened = 1 + more * ((1 - t) / (2 - t) + t / (1 + t))
            return (seen - t) ** 2 - z * z * t * (1 - t) * widened / (n * m)

        return float(brentq(beyond, 0.0, min(seen, 1 - 1e-12))) if seen else 0.0

    return Interval(lowest(share), 1 - lowest(1 - share), 1 - alpha)


def _ratio(upper: Array, lower: Array, unit: Unit, rules: Rules) -> Look | None:
    logs = np.array([upper, lower])
    if not isinstance(unit, Ratio):
        if unit == POINTS or not (logs > 0).all():  # NaN is not above 0
            return None
        logs = np.log(logs)
    elif np.isnan(logs).any():
        return None
    row, largest, interval = logs[0] - logs[1], np.abs(logs).max(axis=0), None
    mean, rounds = float(row.mean()), len(row)
    if rules.anytime:
        interval = anytime_estimate(row, largest, alpha=rules.alpha, margin=None).interval
    elif np.ptp(row) > grid_step(1 + largest).max():
        error = float(row.std(ddof=1) * (1 / rounds + (rules.test_ratio or 0)) ** 0.5)
        interval = t_interval(mean, error, rounds - 1, 1 - rules.alpha)
    if interval is not None:
        with np.errstate(over="ignore"):
            low, high = np.exp([interval.low, interval.high]).tolist()
        interval = Interval(low, high, interval.confidence)
    return Look(exp(mean), interval)


def _rope(
    upper: Array, lower: Array, margin: float, test_ratio: float
) -> tuple[float, float, float] | None:
    row, step = upper - lower, grid_step(np.abs([upper, lower]).max())
    if np.isnan(row).any() or np.ptp(row) <= step or not row.std():
        return None
    error = row.std(ddof=1) * (1 / len(row) + test_ratio) ** 0.5
    below, above = stdtr(len(row) - 1, (np.array([-1, 1]) * row.mean() - margin) / error).tolist()
    return below, max(0.0, 1 - below - above), above


def rope_notes(analysis: Analysis) -> tuple[str, ...]:
    """Return what each pair's margin says by Bayes, a sentence each."""
    unit, margin = analysis.unit, analysis.margin or 0.0
    low, high = unit.plain(-margin).replace("-", "\u2212"), unit.plain(margin)
    return tuple(
        f"{c.contrast.name}, by Bayes: the true difference lies below {low} with a probability of"
        f" {100 * c.looks.rope[0]:.1f} %, within the margin with {100 * c.looks.rope[1]:.1f} %, and"
        f" above {high} with {100 * c.looks.rope[2]:.1f} % (correlated t test, flat prior)."
        for c in analysis.comparisons
        if c.looks and c.looks.rope
    )
