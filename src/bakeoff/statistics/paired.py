"""One paired difference: estimate, sign-flip p and its interval, Student's t beside, effect size.

The sign-flip test is Fisher's (1935), the t test Student's (1908, "The probable error of a mean").
Competitors share each round's data, initial weights and order, so what a round does to all of them
cancels in the difference. That is why a study never sets two means side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Interval, finite_or_nan, t_interval
from bakeoff.statistics.signflip import RESAMPLES, SignFlip, sign_flip


@dataclass(frozen=True, slots=True)
class StudentT:
    """Student's paired t test, shown beside the sign-flip test (Student 1908).

    Attributes:
        statistic: mean / (std / √rounds).
        df: degrees of freedom, rounds - 1.
        p_value: two-sided, of no difference.
        interval: mean ± t · std / √rounds.
    """

    statistic: float
    df: int
    p_value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """What the rounds say about one difference, in the values' unit.

    Attributes:
        rounds: how many differences there are, at least 2.
        mean: their mean.
        std: their sample standard deviation (ddof 1).
        effect_size: d_z = mean / std (Cohen 1988, §2.3.5); None if the differences are all equal.
        p_value: of no difference, two-sided, by the sign-flip test.
        interval: that test inverted: 0 lies outside exactly when p <= alpha.
        exact: p counts all sign patterns, not drawn ones.
        student: Student's t test; None if the differences are all equal.
        constant: the differences are all equal.
    """

    rounds: int
    mean: float
    std: float
    effect_size: float | None
    p_value: float
    interval: Interval
    exact: bool
    student: StudentT | None
    constant: bool


def paired_difference(
    differences: ArrayLike,
    *,
    alpha: float = 0.05,
    seed: int = 0,
    resamples: int = RESAMPLES,
    largest: ArrayLike | None = None,
) -> PairedDifference:
    """Analyse one row of paired differences.

    Args:
        differences: (rounds,) float64, one difference a round, finite, at least two.
        alpha: one minus the interval's level.
        seed: of the sign patterns drawn beyond 20 rounds.
        resamples: how many are drawn.
        largest: magnitude of the values behind the differences; see `sign_flip`.

    Raises:
        StatisticsError: for fewer than two differences, another shape, or a value not finite.
    """
    row = finite_or_nan(differences, "paired difference", ndim=1)
    if len(row) < 2 or np.isnan(row).any():
        raise StatisticsError(
            f"paired difference: got {len(row)} rounds with {np.isnan(row).sum()} NaN, "
            "expected at least 2 rounds and no NaN; leave diverged rounds out"
        )
    flips = sign_flip(row[None], seed=seed, resamples=resamples, largest=largest)
    return from_flips(flips, alpha)[0]


def from_flips(flips: SignFlip, alpha: float) -> tuple[PairedDifference, ...]:
    """Read each comparison's figures off the thresholds that `sign_flip` computed for all."""
    p_values, ends = flips.p_value(alpha=alpha), flips.interval(alpha)
    constants = flips.constant
    stds = np.where(constants, 0.0, flips.differences.std(axis=1, ddof=1))
    rounds = flips.differences.shape[1]
    results = []
    for row, (mean, std) in enumerate(zip(flips.mean.tolist(), stds.tolist(), strict=True)):
        constant, (low, high) = bool(constants[row]), ends[row].tolist()
        if constant and high < inf:  # one number, without what ties are widened by
            low = high = 0.0 if low <= 0 <= high else mean
        results.append(
            PairedDifference(
                rounds=rounds,
                mean=mean,
                std=std,
                effect_size=None if constant else mean / std,
                p_value=float(p_values[row]),
                interval=Interval(low, high, 1 - alpha),
                exact=flips.exact,
                student=None if constant else student_t(mean, std, rounds, alpha),
                constant=constant,
            )
        )
    return tuple(results)


def student_t(mean: float, std: float, rounds: int, alpha: float) -> StudentT:
    """Return Student's one-sample t test of differences with this mean and standard deviation.

    Args:
        mean: of the differences.
        std: their sample standard deviation, above 0.
        rounds: how many there are, at least 2.
        alpha: one minus the interval's level.
    """
    error = std / rounds**0.5
    p_value = 2 * float(stdtr(rounds - 1, -abs(mean) / error))
    return StudentT(
        mean / error, rounds - 1, p_value, t_interval(mean, error, rounds - 1, 1 - alpha)
    )
