"""Main effects and interactions of a factorial study, as contrasts with visible weights.

In a full factorial each cell, one level of every factor, is one competitor. With more than two
levels a factor has one effect for each level other than its reference, the first.

- The **main effect** of a level: its mean over the cells of all other factors, minus the
  reference's. On 2 × 3 cells the weights are ±1/3, or ±1/2.
- The **interaction** of two levels: the effect of the one under the other, minus its effect under
  the other's reference; a difference of differences, averaged over the remaining factors. On
  2 × 3 cells the weights are ±1.

A contrast's weights are an outer product: for a factor in question +1 at the level and -1 at the
reference, for any other factor 1/levels throughout. So every contrast keeps the values' unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product
from math import prod

from bakeoff.errors import StatisticsError
from bakeoff.statistics.contrast import Contrast, shared_weights

Factors = dict[str, tuple[str, ...]]


def factorial_contrasts(cells: Mapping[str, Mapping[str, str]]) -> tuple[Contrast, ...]:
    """Return all main effects, then all two-factor interactions.

    Args:
        cells: for each competitor its level of every factor. Factors and levels count in order of
            appearance; a factor's first level is its reference.

    Raises:
        StatisticsError: if a competitor lacks a factor, two share a cell, a cell is empty, or a
            factor has a single level.
    """
    factors = _factors(cells)
    mains = [
        _main_effect(cells, factors, factor, level)
        for factor, levels in factors.items()
        for level in levels[1:]
    ]
    interactions = [
        _interaction(cells, factors, (first, a), (second, b))
        for first, second in combinations(factors, 2)
        for a, b in product(factors[first][1:], factors[second][1:])
    ]
    return (*mains, *interactions)


def _factors(cells: Mapping[str, Mapping[str, str]]) -> Factors:
    """Collect factors and levels in order of appearance, and check that the design is full."""
    found: dict[str, dict[str, None]] = {}
    for levels in cells.values():
        for factor, level in levels.items():
            found.setdefault(factor, {})[level] = None
    factors = {factor: tuple(levels) for factor, levels in found.items()}
    if not factors:
        raise StatisticsError("factorial: got no factor, expected each competitor's levels")
    taken: dict[tuple[str, ...], str] = {}
    for name, levels in cells.items():
        missing = [factor for factor in factors if factor not in levels]
        if missing:
            raise StatisticsError(f"factorial: {name!r} has no level of {', '.join(missing)}")
        cell = tuple(levels[factor] for factor in factors)
        if cell in taken:
            raise StatisticsError(
                f"factorial: {taken[cell]!r} and {name!r} are both the cell {', '.join(cell)}"
            )
        taken[cell] = name
    for factor, known in factors.items():
        if len(known) < 2:
            raise StatisticsError(f"factorial: {factor!r} has one level only, {known[0]!r}")
    for cell in product(*factors.values()):
        if cell not in taken:
            raise StatisticsError(f"factorial: no competitor is the cell {', '.join(cell)}")
    return factors


def _main_effect(
    cells: Mapping[str, Mapping[str, str]], factors: Factors, factor: str, level: str
) -> Contrast:
    reference = factors[factor][0]
    others = [other for other in factors if other != factor]
    averaged = f" (averaged over {' and '.join(others)})" if others else ""
    return Contrast(
        name=f"{factor}: {level} - {reference}",
        weights=_weights(cells, factors, {factor: level}),
        upper=f"{factor}={level}",
        lower=f"{factor}={reference}{averaged}",
        kind="main effect",
    )


def _interaction(
    cells: Mapping[str, Mapping[str, str]],
    factors: Factors,
    first: tuple[str, str],
    second: tuple[str, str],
) -> Contrast:
    (one, level), (two, under) = first, second
    effect = f"the effect of {one} ({level} against {factors[one][0]})"
    return Contrast(
        name=f"{one}={level} x {two}={under}",
        weights=_weights(cells, factors, {one: level, two: under}),
        upper=f"{effect} under {two}={under}",
        lower=f"under {two}={factors[two][0]}",
        kind="interaction",
    )


def _weights(
    cells: Mapping[str, Mapping[str, str]], factors: Factors, asked: Mapping[str, str]
) -> tuple[tuple[str, float], ...]:
    """Return each cell's product of its factors' weights."""

    def weight(factor: str, level: str) -> float:
        if factor not in asked:
            return 1 / len(factors[factor])
        return (level == asked[factor]) - float(level == factors[factor][0])

    return shared_weights(
        {
            name: prod(weight(factor, levels[factor]) for factor in factors)
            for name, levels in cells.items()
        }
    )
