"""Where the spread of rounds comes from: one source of chance redrawn, the others held.

With the draws X₁ … X_k of the sources independent, a round's value is Y = f(X₁ … X_k). The mean of
the variances seen in worlds that hold all but source s estimates E[Var(Y | all but s)], the total
effect of s: its own part of Var(Y), and all interactions that it takes part in (Homma and Saltelli
1996, "Importance measures in global sensitivity analysis of nonlinear models"). Summed over the
sources it is at least Var(Y), and equal where they do not interact (Efron and Stein 1981, "The
jackknife estimate of variance"). That a learning algorithm's sources should be told apart, those of
differences too, is from Bouthillier et al. 2021, "Accounting for variance in machine learning
benchmarks".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, ndtri

from bakeoff.statistics.describe import Array, Interval, finite_or_nan

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Component:
    """The variance that one source of chance brings, or all of them together.

    Attributes:
        source: the source; "all" for ordinary rounds.
        variance: the worlds' sample variances, pooled by their degrees of freedom, in the values'
            unit squared; NaN without two finite values in any world.
        interval: of its root, the standard deviation.
        rounds: how many values were finite.
        df: those less the worlds that have any.
        share: of the variance of all rounds; NaN where that is 0 or unknown.
    """

    source: str
    variance: float
    interval: Interval
    rounds: int
    df: int
    share: float


@dataclass(frozen=True, slots=True)
class Noise:
    """Where the variance of one value, or of one difference, comes from.

    Attributes:
        total: of ordinary rounds, which redraw all.
        sources: each redrawn alone, the one that brings most first.
        left: one less the sum of the shares, by a normal interval that takes the estimates to be
            independent: below 0 where sources act together, above 0 where others are at work.
    """

    total: Component
    sources: tuple[Component, ...]
    left: Interval


def variance_components(rounds: ArrayLike, redrawn: Mapping[str, ArrayLike]) -> Noise:
    """Return what each source of chance brings to the variance of ordinary rounds.

    Args:
        rounds: (n,) float64, values of rounds that redraw all; NaN marks a round that failed.
        redrawn: by source, (worlds, redraws) float64: rows of rounds that redraw it alone.

    Raises:
        StatisticsError: for other numbers of axes, or infinite values.
    """
    total = _component("all", finite_or_nan(rounds, "all", ndim=1)[None])
    sources = [
        _component(name, finite_or_nan(values, name, ndim=2), total.variance)
        for name, values in redrawn.items()
    ]
    left = 1 - sum(source.share for source in sources)
    # The variance of a pooled variance of normal values is 2 σ⁴ / df.
    errors = (2 * one.share**2 / (one.df or nan) for one in (total, *sources))
    half = float(ndtri(0.5 + CONFIDENCE / 2)) * sqrt(sum(errors))
    sources.sort(key=lambda one: 0.0 if isnan(one.variance) else -one.variance)
    return Noise(total, tuple(sources), Interval(left - half, left + half, CONFIDENCE))


def _component(source: str, values: Array, total: float | None = None) -> Component:
    """Return the pooled variance within rows; as a share of itself where no total is given.

    The interval is that of df · s² / σ² being χ², as normal values have it (Searle, Casella and
    McCulloch 1992, "Variance components", chapter 3); with long tails it is too short.
    """
    kept = [row[~np.isnan(row)] for row in values if not np.isnan(row).all()]
    rounds = sum(map(len, kept))
    df = rounds - len(kept)
    # Less a value of their own, equal values have no variance, not even one of rounding.
    squares = sum(len(row) * float((row - row[0]).var()) for row in kept)
    variance, interval = nan, Interval(0.0, inf, CONFIDENCE)
    if df:
        tail = (1 - CONFIDENCE) / 2
        low, high = (sqrt(squares / float(chdtri(df, end))) for end in (tail, 1 - tail))
        interval = Interval(low, high, CONFIDENCE)
        variance = squares / df
    whole = variance if total is None else total
    return Component(source, variance, interval, rounds, df, variance / whole if whole else nan)
