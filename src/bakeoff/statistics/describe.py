"""One competitor's rounds: mean, sample standard deviation, t interval (Student 1908)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from bakeoff.errors import StatisticsError

Array = NDArray[np.float64]
LARGEST = 1e100
"""The largest size of a value, so that the square of a sum of many stays finite."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval [low, high] at a confidence level.

    Attributes:
        low: lower end; -inf where the rounds set no bound.
        high: upper end; +inf where the rounds set no bound.
        confidence: the level, between 0 and 1 (0.95 for a "95 % interval").
    """

    low: float
    high: float
    confidence: float

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high

    def inside(self, margin: float) -> bool:
        """Tell whether the whole interval lies strictly between -margin and +margin."""
        return -margin < self.low and self.high < margin

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return isfinite(self.low) and isfinite(self.high)

    def mirrored(self) -> Interval:
        """Return the interval of the opposite difference."""
        return Interval(-self.high, -self.low, self.confidence)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the rounds of one competitor say about it alone.

    Attributes:
        name: the competitor.
        rounds: how many rounds gave a finite value.
        failed: how many gave none (NaN); they enter no figure.
        mean: mean of the finite values, in their unit; None without any.
        std: their sample standard deviation (ddof 1); None below two.
        interval: Student's t interval of the mean; None below two.
        constant: all finite values, two or more, are equal.
    """

    name: str
    rounds: int
    failed: int
    mean: float | None
    std: float | None
    interval: Interval | None
    constant: bool


def t_interval(mean: float, standard_error: float, df: float, confidence: float) -> Interval:
    """Return mean ± t · standard error, the interval that Student's t test inverts to.

    Args:
        mean: the estimate.
        standard_error: its standard error, at least 0.
        df: degrees of freedom, above 0.
        confidence: the level, between 0 and 1.
    """
    half = float(stdtrit(df, 0.5 + confidence / 2)) * standard_error
    return Interval(mean - half, mean + half, confidence)


def describe(values: ArrayLike, name: str = "", *, confidence: float = 0.95) -> Summary:
    """Summarise the rounds of one competitor.

    Args:
        values: (rounds,) float64; NaN marks a round that failed.
        name: the competitor, carried into the summary.
        confidence: the interval's level, between 0 and 1.

    Raises:
        StatisticsError: for an array that is not one-dimensional, or an infinite value.
    """
    numbers = finite_or_nan(values, f"competitor {name!r}", ndim=1)
    kept = numbers[~np.isnan(numbers)]
    rounds = len(kept)
    constant = rounds > 1 and bool((kept == kept[0]).all())
    mean = float(kept.mean()) if rounds else None
    std = interval = None
    if mean is not None and rounds > 1:
        # An equal value repeated may average to a neighbouring float, and leave a false spread.
        mean, std = (float(kept[0]), 0.0) if constant else (mean, float(kept.std(ddof=1)))
        interval = t_interval(mean, std / rounds**0.5, rounds - 1, confidence)
    return Summary(name, rounds, len(numbers) - rounds, mean, std, interval, constant)


def clean_record(summaries: Iterable[Summary]) -> tuple[str, ...]:
    """Return a note on what rounds without a failure do not exclude.

    If a share q of all rounds failed, none of n would in (1 - q)^n of all studies; the largest q
    for which that is 5 % is near 3 / n. So it is of rounds worse than the worst seen (Wilks 1941,
    "Determination of sample sizes for setting tolerance limits", Annals of Mathematical Statistics
    12; Hanley and Lippman-Hand 1983, "If nothing goes wrong, is
    everything all right?", Journal of the American Medical Association 249).

    Args:
        summaries: of all competitors, whose rounds are independent.
    """
    found = list(summaries)
    clean = [summary for summary in found if summary.rounds and not summary.failed]
    if not clean:
        return ()
    names = ", ".join(s.name for s in clean) if len(clean) <= 3 else "the others"
    who = "" if len(clean) == len(found) else f"{names}: "
    rounds = min(summary.rounds for summary in clean)
    most = 100 * (1 - 0.05 ** (1 / rounds))
    note = f"{who}no round failed, yet {rounds} do not exclude that up to {most:.2g} of 100 would"
    return (f"{note}, or would be worse than any of these.",)


def finite_or_nan(values: ArrayLike, where: str, *, ndim: int) -> Array:
    """Return the values as float64, refusing another number of axes and infinities.

    Args:
        values: numbers, NaN allowed.
        where: what the numbers are, the start of the error's sentence.
        ndim: the number of axes expected.

    Raises:
        StatisticsError: for non-numbers, other dimensions, an infinite value, or one so large or
            small that sums of its square would be infinite or 0.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise StatisticsError(f"{where}: got something else than an array of numbers") from None
    if numbers.ndim != ndim:
        raise StatisticsError(
            f"{where}: got an array of shape {numbers.shape}, expected {ndim} dimension(s)"
        )
    if np.isinf(numbers).any():
        raise StatisticsError(
            f"{where}: got an infinite value, expected finite ones; mark a failed round with NaN"
        )
    if (np.abs(numbers) > LARGEST).any():
        raise StatisticsError(
            f"{where}: got {np.nanmax(np.abs(numbers)):g}, expected values within ±{LARGEST:g};"
            " use another unit"
        )
    sizes = np.fmax.reduce(np.abs(numbers), axis=0, initial=0)
    if ((sizes > 0) & (sizes < 1 / LARGEST)).any():
        raise StatisticsError(
            f"{where}: got no value above {sizes[sizes > 0].min():g} in size, expected"
            f" {1 / LARGEST:g}; use another unit, or logarithms"
        )
    return numbers


def finite_row(values: ArrayLike, where: str, fewest: int) -> Array:
    """Return (rounds,) values as float64, refusing NaN, infinities and too few.

    Raises:
        StatisticsError: for any of these, or another shape.
    """
    row = finite_or_nan(values, where, ndim=1)
    if len(row) < fewest or np.isnan(row).any():
        raise StatisticsError(
            f"{where}: got {len(row)} rounds with {np.isnan(row).sum()} NaN, expected at least "
            f"{fewest} round{'s' * (fewest > 1)} and no NaN; leave failed rounds out"
        )
    return row
