"""Simulated studies of competitors that are equal in truth.

Four kinds of values: `normal`; `skewed` (a long tail of bad rounds); `tied` (accuracies of 1,000
test examples, of which few differ); and `unlike` (three competitors normal, three skewed, with
equal means), which breaks the test's assumption that differences are symmetric, and is reported
without being held to a limit.

Three kinds of differences show how much more a long tail to one side breaks it: `exponential`,
`lognormal`, and `rare`, of one competitor that loses 5 points in 1 round of 20.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from bakeoff.statistics.describe import Array

KINDS = ("normal", "skewed", "tied", "unlike")
HELD = ("normal", "skewed", "tied")
TAILS = ("exponential", "lognormal", "rare")
PAIRS = tuple(combinations(range(6), 2))


def simulate(kind: str, studies: int, rounds: int, rng: np.random.Generator) -> Array:
    """Return accuracies (studies, rounds, 6) of competitors that are equal in truth.

    Args:
        kind: one of `KINDS`.
        studies: how many.
        rounds: of each.
        rng: where the numbers come from.
    """
    shared = rng.normal(0.86, 0.012, (studies, rounds, 1))
    normal = rng.normal(0.0, 0.012, (studies, rounds, 6))
    skewed = 0.012 * (1 - rng.exponential(1.0, (studies, rounds, 6)))
    if kind == "tied":
        return np.rint((shared + normal / 6) * 1000) / 1000
    if kind == "unlike":
        return np.asarray(shared + np.where(np.arange(6) % 2 == 0, normal, skewed))
    return np.asarray(shared + (normal if kind == "normal" else skewed))


def pair_differences(values: Array) -> Array:
    """Return the differences (studies · 15, rounds) of all pairs of (studies, rounds, 6) values."""
    first, second = np.array(PAIRS).T
    differences = values[:, :, second] - values[:, :, first]
    return np.ascontiguousarray(differences.swapaxes(1, 2)).reshape(-1, values.shape[1])


def tailed_differences(kind: str, studies: int, rounds: int, rng: np.random.Generator) -> Array:
    """Return differences (studies, rounds) whose mean is 0 in truth, with a long lower tail.

    Args:
        kind: one of `TAILS`. "rare" are accuracies on 2,000 examples: 99.5 % right, but 5 points
            less in 1 round of 20, minus 99.25 % right in every round.
        studies: how many.
        rounds: of each.
        rng: where the numbers come from.
    """
    if kind == "exponential":
        return 1 - rng.exponential(1.0, (studies, rounds))
    if kind == "lognormal":
        return np.asarray(np.exp(0.5) - rng.lognormal(0.0, 1.0, (studies, rounds)))
    lost = np.where(rng.random((studies, rounds)) < 1 / 20, 0.05, 0.0)
    steady = rng.binomial(2000, 0.9925, (studies, rounds))
    return np.asarray((rng.binomial(2000, 0.995 - lost) - steady) / 2000)
