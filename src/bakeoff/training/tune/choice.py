"""The rule that chooses, on plain arrays.

1. A setting of which fewer rounds diverged goes before one of which more did. Of those that are
   left, the *best* is the one of the highest mean accuracy; at equal means the one nearest to the
   present step size, and of two the lower.
2. A setting is *tied* with the best if the mean of their paired differences is no more than one
   standard error of it (the one-standard-error rule of Breiman, Friedman, Olshen and Stone,
   Classification and Regression Trees, 1984, section 3.4.3, on paired rounds). Two to four
   differences say little about their own spread, so with fewer than five rounds the error comes
   from the whole table: the residual of the two-way analysis of variance, rounds by settings.
3. Of the tied settings, those of the fewest epochs are kept, and of these the unbroken run of
   places around the best of them. The middle of that run is *chosen*, the lower of two middles:
   as far as may be from where training fails on either side, and rather from divergence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

Array = NDArray[np.float64]

ENOUGH = 5
"""Rounds from which on a setting's own differences tell their spread."""


@frozen
class Choice:
    """What the rule says; numbers of settings, from 0.

    Attributes:
        best: the best setting.
        tied: those that are tied with it, itself included, in order.
        chosen: the one to take, which is one of the tied.
    """

    best: int
    tied: tuple[int, ...]
    chosen: int


def choose(accuracies: Array, places: Sequence[int], epochs: Sequence[int]) -> Choice:
    """Choose one of several settings.

    Args:
        accuracies: (rounds, settings) float64, 0 to 1; NaN marks a round that diverged. At least
            two rounds.
        places: (settings,) place of each on the grid.
        epochs: (settings,) epochs of each; no two settings share place and epochs.
    """
    diverged = np.isnan(accuracies).sum(0)
    scores = counted(accuracies)
    means = scores.mean(0)
    eligible = np.flatnonzero(diverged == diverged.min()).tolist()

    def rank(setting: int) -> tuple[float, int, int, int]:
        place = places[setting]
        return -means[setting], abs(place), place, epochs[setting]

    best = min(eligible, key=rank)
    pooled = None if len(scores) >= ENOUGH else error_of_difference(scores[:, eligible])
    tied = tuple(s for s in eligible if is_tied(scores[:, best] - scores[:, s], pooled))
    fewest = min(epochs[setting] for setting in tied)
    row = {places[setting]: setting for setting in tied if epochs[setting] == fewest}
    run = run_around(places[min(row.values(), key=rank)], set(row))
    return Choice(best, tied, row[run[(len(run) - 1) // 2]])


def counted(accuracies: Array) -> Array:
    """Return the accuracies with 0, or a worse R² of others, for a round that diverged.

    Args:
        accuracies: any shape, float64; NaN marks a round that diverged.
    """
    return np.nan_to_num(accuracies, nan=float(np.nanmin(accuracies, initial=0.0)))


def standard_error(values: Array) -> float:
    """Return the standard error of a mean: the sample standard deviation over the root of n.

    Args:
        values: (n,) float64, n at least 2.
    """
    return float(values.std(ddof=1) / len(values) ** 0.5)


def error_of_difference(table: Array) -> float:
    """Return the standard error of the difference between two columns' means, rows being blocks.

    What neither the row nor the column explains is taken for noise, alike in all of the table
    (Montgomery 2017, Design and Analysis of Experiments, section 4.1).

    Args:
        table: (rounds, settings) float64, at least two rounds.
    """
    rounds, settings = table.shape
    if settings == 1:
        return 0.0
    explained = table.mean(0) + table.mean(1, keepdims=True) - table.mean()
    residual = float(((table - explained) ** 2).sum()) / ((rounds - 1) * (settings - 1))
    return float((2 * residual / rounds) ** 0.5)


def is_tied(differences: Array, error: float | None = None) -> bool:
    """Tell whether the mean of paired differences, best minus other, is within a standard error.

    Args:
        differences: (rounds,) float64.
        error: the standard error, if it is not to be that of the differences themselves.
    """
    one = standard_error(differences) if error is None else error
    # Where only one round differs the two are equal, and rounding must not have a say in it.
    return float(differences.mean()) <= one * (1 + 1e-9)


def run_around(place: int, places: set[int]) -> range:
    """Return the longest unbroken run of `places` that holds `place`, one of them."""
    low = high = place
    while low - 1 in places:
        low -= 1
    while high + 1 in places:
        high += 1
    return range(low, high + 1)
