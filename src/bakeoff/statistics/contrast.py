"""What is compared: a weighted sum of competitors' values, formed round by round.

A difference "a minus b", a main effect and an interaction are all contrasts: each gives one paired
number a round, and so meets one and the same test.

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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import isfinite, prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bakeoff.checks import check_choice
from bakeoff.errors import StatisticsError, nearest
from bakeoff.statistics.describe import Array

Kind = Literal["pair", "main effect", "interaction"]
Factors = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum of competitors' values whose weights sum to 0.

    Attributes:
        name: short title, "model2 - model1".
        weights: (competitor, weight) pairs, none of them 0.
        upper: what a positive value favours, in words.
        lower: what a negative value favours, in words.
        kind: "pair", "main effect" or "interaction"; it chooses the verbs of the verdict.

    Raises:
        StatisticsError: for a competitor named twice, a weight of 0 or not finite, or weights that
            don't sum to 0.
    """

    name: str
    weights: tuple[tuple[str, float], ...]
    upper: str
    lower: str
    kind: Kind = "pair"

    def __post_init__(self) -> None:
        names = [name for name, _ in self.weights]
        numbers = [weight for _, weight in self.weights]
        if len(set(names)) < len(names):
            raise StatisticsError(f"comparison {self.name!r}: a competitor is named twice")
        if not numbers or not all(isfinite(weight) and weight for weight in numbers):
            raise StatisticsError(
                f"comparison {self.name!r}: got weights {numbers}, expected finite ones but no 0"
            )
        if abs(sum(numbers)) > 1e-9 * max(map(abs, numbers)):
            raise StatisticsError(
                f"comparison {self.name!r}: got weights that sum to {sum(numbers):g}, expected 0"
            )

    def values(self, values: Array, names: Sequence[str]) -> Array:
        """Return the contrast of each round.

        Args:
            values: (rounds, competitors) float64; NaN where a round failed.
            names: the competitors, in the order of the columns.

        Returns:
            (rounds,) float64; NaN where a competitor with a weight failed.

        Raises:
            StatisticsError: for a competitor that is not among the names.
        """
        columns = [values[:, self._column(name, names)] for name, _ in self.weights]
        weights = [weight for _, weight in self.weights]
        return np.asarray(np.stack(columns, axis=1) @ np.array(weights), dtype=np.float64)

    def largest(self, values: Array, names: Sequence[str]) -> Array:
        """Return the largest magnitude among the competitors' finite values of each round.

        Args:
            values: (rounds, competitors) float64, NaN where one failed.
            names: the competitors, in the order of the columns.

        Returns:
            (rounds,) float64; 0 in a round without any.

        Raises:
            StatisticsError: for a competitor that is not among the names.
        """
        used = np.abs(values[:, [self._column(name, names) for name, _ in self.weights]])
        return np.asarray(np.nan_to_num(used).max(axis=1), dtype=np.float64)

    def made(self, made: NDArray[np.bool_], names: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rounds all of its competitors have made, (rounds,) bool, by who made each.

        Args:
            made: (rounds, competitors) bool.
            names: the competitors, in the order of the columns.

        Raises:
            StatisticsError: for a competitor that is not among the names.
        """
        columns = [self._column(name, names) for name, _ in self.weights]
        return np.asarray(made[:, columns].all(axis=1))

    @property
    def reach(self) -> float:
        """The largest size that it can have where all values lie between 0 and 1."""
        return sum(abs(weight) for _, weight in self.weights) / 2

    def _column(self, name: str, names: Sequence[str]) -> int:
        if name not in names:
            raise StatisticsError(
                f"comparison {self.name!r}: got competitor {name!r}{nearest(name, list(names))}, "
                f"expected one of {', '.join(names)}"
            )
        return names.index(name)

    @property
    def is_pair(self) -> bool:
        """Whether two competitors are compared."""
        return self.kind == "pair"

    @property
    def formula(self) -> str:
        """The weights as text, for example "+1/2 a +1/2 b -1/2 c -1/2 d"."""
        return " ".join(f"{_fraction(weight)} {name}" for name, weight in self.weights)


def pair(first: str, second: str) -> Contrast:
    """Return the difference `first` minus `second`.

    Raises:
        StatisticsError: for one and the same.
    """
    if first == second:
        raise StatisticsError(f"comparison of {first!r} with itself: expected two competitors")
    return Contrast(f"{first} - {second}", ((first, 1.0), (second, -1.0)), first, second)


def on_task(name: str, task: str) -> str:
    """Return what a competitor is called on a task, "new@digits"."""
    return f"{name}@{task}"


def within(first: str, second: str, task: str) -> Contrast:
    """Return the difference `first` minus `second` on a task, of competitors that `on_task` names.

    Raises:
        StatisticsError: for one and the same.
    """
    weights = pair(on_task(first, task), on_task(second, task)).weights
    return Contrast(f"{first} - {second} on {task}", weights, first, f"{second} on {task}")


def all_pairs(names: Sequence[str]) -> tuple[Contrast, ...]:
    """Return every pair once, the later name minus the earlier, as challenger minus reference."""
    return tuple(pair(b, a) for i, a in enumerate(names) for b in names[i + 1 :])


def against(names: Sequence[str], baseline: str | None) -> tuple[Contrast, ...]:
    """Return every other competitor minus the baseline; every pair without one.

    Raises:
        ArgumentError: for a baseline that is none of the names.
    """
    if baseline is None:
        return all_pairs(names)
    check_choice("comparison", "baseline", baseline, names)
    return tuple(pair(name, baseline) for name in names if name != baseline)


def _fraction(weight: float) -> str:
    near = Fraction(weight).limit_denominator(1000)
    below = f"/{near.denominator}" if near.denominator > 1 else ""
    return f"{near.numerator:+d}{below}"


# ---- factorial studies -------------------------------------------------------------------------


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

    weights = {
        name: float(prod(weight(factor, levels[factor]) for factor in factors))
        for name, levels in cells.items()
    }
    return tuple((name, number) for name, number in weights.items() if number)
