"""What is compared: a weighted sum of competitors' values, formed round by round.

A difference "a minus b", a main effect and an interaction are all contrasts: each gives one paired
number a round, and so meets one and the same test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Literal

import numpy as np

from bakeoff.errors import StatisticsError, nearest
from bakeoff.statistics.describe import Array

Kind = Literal["pair", "main effect", "interaction"]


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
            values: (rounds, competitors) float64; NaN where a round diverged.
            names: the competitors, in the order of the columns.

        Returns:
            (rounds,) float64; NaN where a competitor with a weight diverged.

        Raises:
            StatisticsError: for a competitor that is not among the names.
        """
        columns = [values[:, self._column(name, names)] for name, _ in self.weights]
        weights = [weight for _, weight in self.weights]
        return np.asarray(np.stack(columns, axis=1) @ np.array(weights), dtype=np.float64)

    def largest(self, values: Array, names: Sequence[str]) -> Array:
        """Return the largest magnitude among the competitors' finite values of each round.

        Args:
            values: (rounds, competitors) float64, NaN where one diverged.
            names: the competitors, in the order of the columns.

        Returns:
            (rounds,) float64; 0 in a round without any.

        Raises:
            StatisticsError: for a competitor that is not among the names.
        """
        used = np.abs(values[:, [self._column(name, names) for name, _ in self.weights]])
        return np.asarray(np.nan_to_num(used).max(axis=1), dtype=np.float64)

    def _column(self, name: str, names: Sequence[str]) -> int:
        if name not in names:
            raise StatisticsError(
                f"comparison {self.name!r}: got competitor {name!r}{nearest(name, list(names))}, "
                f"expected one of {', '.join(names)}"
            )
        return names.index(name)

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


def all_pairs(names: Sequence[str]) -> tuple[Contrast, ...]:
    """Return every pair once, the later name minus the earlier, as challenger minus reference."""
    return tuple(pair(b, a) for i, a in enumerate(names) for b in names[i + 1 :])


def shared_weights(weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return a mapping's weights other than 0 as a contrast keeps them."""
    return tuple((name, float(weight)) for name, weight in weights.items() if weight)


def _fraction(weight: float) -> str:
    near = Fraction(weight).limit_denominator(1000)
    below = f"/{near.denominator}" if near.denominator > 1 else ""
    return f"{near.numerator:+d}{below}"
