"""Numbers as people read them: units, decimals that the interval earns, p-values, counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, floor, inf, isfinite, log10

from bakeoff.statistics.describe import Interval

MOST_DECIMALS = 12
LARGEST_WRITTEN = 1e7
"""From here on, and beyond so many decimals, numbers are written with a power of ten."""

LARGEST_EXPONENT = 709.0
"""From about here on, e to the number is beyond the largest float."""

ROUNDING = 1e-8
"""What numbers differ by, relative to their size, is rounding."""


@dataclass(frozen=True, slots=True)
class Unit:
    """How differences of a value are shown."""

    scale: float  # by which a difference is multiplied for people; above 0
    name: str  # the word behind it, or ""

    def show(self, number: float, decimals: int) -> str:
        """Return the number in this unit, "1.43 points"."""
        return f"{self.digits(number, decimals)}{self.name and ' ' + self.name}"

    def digits(self, number: float, decimals: int) -> str:
        """Return the number in this unit without its name, "1.43" or "1.4e+12"; infinity as a word.

        Args:
            number: in the values' unit.
            decimals: after the point; negative for tens, hundreds and so on.
        """
        if not isfinite(number):
            return "minus infinity" if number < 0 else "infinity"
        scaled = number * self.scale
        text = f"{scaled:.{max(0, decimals)}f}"
        if decimals > MOST_DECIMALS or (decimals < 0 and abs(scaled) >= LARGEST_WRITTEN):
            digits = floor(log10(abs(scaled))) + decimals if scaled else 0
            text = f"{scaled:.{max(0, digits)}e}" if digits >= -1 else "0"
        sign = "\u2212" if text.startswith("-") and float(text) else ""
        return sign + text.removeprefix("-")

    def plain(self, number: float) -> str:
        """Return a number given by a person, as short as it was given: "0.5 points", "1 point"."""
        text = f"{number * self.scale:.6g}"
        name = self.name.removesuffix("s") if text == "1" and len(self.name) > 1 else self.name
        return f"{text}{name and ' ' + name}"

    def value(self, number: float) -> str:
        """Return a value, not a difference, as short as it was given: "0 %" of fractions."""
        sign = {"points": " %", "s": " s"}.get(self.name, "")
        return f"{number * self.scale:.6g}{sign}"

    def decimals(self, interval: Interval, fallback: float) -> int:
        """Return the decimals for an interval's ends: two digits of its width, signs visible.

        The fallback is a magnitude to go by when the interval is unbounded or has no width.
        """
        width = interval.high - interval.low if interval.bounded else 0.0
        if width < ROUNDING * max(abs(interval.low), abs(interval.high)):
            width = 0.0
        size = float(f"{(width or abs(fallback)) * self.scale:.9g}")  # 0.00999… is 0.01
        decimals = 1 - floor(log10(size)) if size > 0 else 1
        ends = [abs(end) * self.scale for end in (interval.low, interval.high) if isfinite(end)]
        rounding = ROUNDING * size  # an end nearer to 0 than that is 0, but for rounding errors
        while any(end > rounding and float(f"{end:.{max(0, decimals)}f}") == 0 for end in ends):
            decimals = max(0, decimals) + 1
        return decimals


@dataclass(frozen=True, slots=True)
class Ratio(Unit):
    """Differences of logarithms, shown as the ratios that they are: 0.588 as "1.80 times".

    Attributes:
        faster: the values are times, so that a ratio tells how many times faster one is.
    """

    scale: float = 1.0
    name: str = "times"
    faster: bool = False

    def digits(self, number: float, decimals: int) -> str:
        """Return e to the number, "1.80"."""
        return Unit(1.0, "").digits(_exp(number), decimals)

    def plain(self, number: float) -> str:
        """Return a number given by a person as a ratio."""
        return f"{_exp(number):.4g} times"

    def value(self, number: float) -> str:
        """Return the value whose logarithm is given."""
        return f"{_exp(number):.6g}"

    def decimals(self, interval: Interval, fallback: float) -> int:
        """Return the decimals for an interval's ends as ratios: two digits of its width."""
        width = _exp(interval.high) - _exp(interval.low) if interval.bounded else 0.0
        size = width or abs(_exp(fallback) - 1)
        return max(0, 1 - floor(log10(size))) if 0 < size < inf else 2


def _exp(number: float) -> float:
    return exp(number) if number < LARGEST_EXPONENT else inf


POINTS = Unit(100.0, "points")
"""Fractions such as accuracies, whose differences people read in percentage points."""

PLAIN = Unit(1.0, "")
"""Any other value, shown as it is."""


def mean_decimals(decimals: int) -> int:
    """Return the decimals for a mean beside interval ends of so many: one more, if few."""
    return max(decimals, min(decimals + 1, 2))


def p_text(p_value: float, alpha: float) -> str:
    """Return "= 0.012" or "< 0.0001", never rounded across alpha."""
    if p_value < 0.0001:
        return "< 0.0001"
    digits = 2
    while (float(f"{p_value:.{digits}g}") <= alpha) != (p_value <= alpha) and digits < 17:
        digits += 1
    return f"= {p_value:.{digits}g}"


def percent(share: float) -> str:
    """Return a share as a percentage, 0.95 as "95 %"."""
    return f"{round(share * 100, 6):g} %"


def count(number: int, thing: str) -> str:
    """Return "1 round" or "30 rounds"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
