"""One paired difference's figures before correction: planned, anytime-valid, careful or resampled.

Competitors share each round's data, initial weights and order, so what a round does to all of them
cancels in the difference. That is why a study never sets two means side by side. All methods fill
the same record, so that verdicts and tables need not know which one ran:

- **planned**: the sign-flip test (Fisher 1935) with the interval that inverts it, and Student's t
  test (1908, "The probable error of a mean") beside it;
- **anytime**: the test of `sequential`, which may be looked at after every round;
- **careful**: that of `betting`, which besides takes no shape for granted, only a range;
- **resampled**: for rounds that cut one set of examples anew. They share most of their examples, so
  their differences are correlated, and with Student's t false differences abound. Nadeau and Bengio
  2003, "Inference for the generalization error", Machine Learning 52, section 3, estimate the
  correlation by the share n2 / (n1 + n2) of examples that are tested on, which puts
  (1/J + n2/n1) s² in the place of s²/J for J rounds that train on n1 examples and test on n2:

      t = mean / √((1/J + n2/n1) s²),    J - 1 degrees of freedom.

  It is an approximation; no number of rounds makes the interval shrink below what n2/n1 leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Array, Interval, finite_row, t_interval
from bakeoff.statistics.sequential import anytime_difference
from bakeoff.statistics.signflip import RESAMPLES, SignFlip, grid_step, sign_flip, snap

Method = Literal[
    "sign-flip, exact",
    "sign-flip, drawn",
    "self-normalised mixture",
    "betting, hedged capital",
    "corrected resampled t",
    "permutation of labels, exact",
    "permutation of labels, drawn",
    "Welch's t",
]


@dataclass(frozen=True, slots=True)
class StudentT:
    """Student's paired t test, shown beside the sign-flip test (Student 1908), or Welch's.

    Attributes:
        statistic: mean / (std / √rounds); Welch's standard error where rounds are not paired.
        df: degrees of freedom, rounds - 1; Welch's where rounds are not paired.
        p_value: two-sided, of no difference.
        interval: mean ± t · the standard error.
    """

    statistic: float
    df: float
    p_value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """What at least two rounds say about one difference, in the values' unit.

    Attributes:
        rounds: how many entered; of unpaired ones, on the side that has fewer.
        mean: mean paired difference, or difference of means.
        std: standard deviation of the differences (ddof 1); of unpaired rounds, the root of both
            variances' sum.
        effect_size: d_z = mean / std (Cohen 1988, §2.3.5); None if the differences are all equal.
            Of unpaired rounds d, over the root of both variances' mean (§2.3.2).
        p_value: of no difference, two-sided, before correction.
        interval: 0 lies outside exactly when p_value <= alpha.
        method: how p_value and interval were found.
        student: Student's t test beside, or Welch's; None in other modes, or for equal differences.
        constant: the differences are all equal.
        drifted: anytime and careful mode only: no one difference agrees with all looks.
        equivalence_p: of a difference as large as the margin or larger; None without a margin.
        equivalence_interval: it lies within the margin exactly when equivalence_p <= alpha:
            1 - alpha in anytime mode, 1 - 2 alpha in the others (two one-sided tests).
        apart: how many rounds either side has, where they are not paired; else None.
    """

    rounds: int
    mean: float
    std: float
    effect_size: float | None
    p_value: float
    interval: Interval
    method: Method
    student: StudentT | None = None
    constant: bool = False
    drifted: bool = False
    equivalence_p: float | None = None
    equivalence_interval: Interval | None = None
    apart: tuple[int, int] | None = None


# ---- planned -----------------------------------------------------------------------------------


def paired_difference(
    differences: ArrayLike,
    *,
    alpha: float = 0.05,
    seed: int = 0,
    resamples: int = RESAMPLES,
    largest: ArrayLike | None = None,
) -> Estimate:
    """Analyse one row of paired differences by the sign-flip test (Fisher 1935).

    Args:
        differences: (rounds,) float64, one difference a round, finite, at least two.
        alpha: one minus the interval's level.
        seed: of the sign patterns drawn beyond 20 rounds.
        resamples: how many are drawn.
        largest: magnitude of the values behind the differences; see `sign_flip`.

    Raises:
        StatisticsError: for fewer than two differences, another shape, or a value not finite.
    """
    row = finite_row(differences, "paired difference", 2)
    flips = sign_flip(row[None], seed=seed, resamples=resamples, largest=largest)
    return planned_estimates(flips, alpha=alpha)[0]


def planned_estimates(
    flips: SignFlip, *, alpha: float, margin: float | None = None
) -> list[Estimate]:
    """Read each comparison's figures off the thresholds of the sign-flip test (Fisher 1935).

    Equivalence is by two one-sided sign-flip tests (Schuirmann 1987 with sign flips for t): the
    difference exceeds -margin, and it is less than +margin; the larger p counts.
    """
    count, rounds = flips.differences.shape
    p_values, ends = flips.p_value(alpha=alpha).tolist(), flips.interval(alpha).tolist()
    stds = np.where(flips.constant, 0.0, flips.differences.std(axis=1, ddof=1)).tolist()
    constants = [std == 0 for std in stds]  # also of a spread whose square is lost
    beyond: list[float | None] = [None] * count
    inner: list[Interval | None] = [None] * count
    if margin is not None:
        beyond = np.maximum(flips.p_greater(-margin), flips.p_less(margin)).tolist()
        narrower = flips.interval(2 * alpha).tolist()
        inner = [Interval(low, high, 1 - 2 * alpha) for low, high in narrower]
    found = []
    for row, (mean, std) in enumerate(zip(flips.mean.tolist(), stds, strict=True)):
        constant, (low, high) = constants[row], ends[row]
        if constant and high < inf:  # one number, without what ties are widened by
            low = high = 0.0 if low <= 0 <= high else mean
        found.append(
            Estimate(
                rounds=rounds,
                mean=mean,
                std=std,
                effect_size=None if constant else mean / std,
                p_value=p_values[row],
                interval=Interval(low, high, 1 - alpha),
                method="sign-flip, exact" if flips.exact else "sign-flip, drawn",
                student=None if constant else student_t(mean, std / rounds**0.5, rounds - 1, alpha),
                constant=constant,
                equivalence_p=beyond[row],
                equivalence_interval=inner[row],
            )
        )
    return found


def student_t(mean: float, error: float, df: float, alpha: float) -> StudentT:
    """Return the t test of no difference, of a mean with this standard error above 0."""
    p_value = min(1.0, 2 * float(stdtr(df, -abs(mean) / error)))
    return StudentT(mean / error, df, p_value, t_interval(mean, error, df, 1 - alpha))


# ---- anytime-valid -----------------------------------------------------------------------------


def anytime_estimate(
    differences: Array, largest: ArrayLike, *, alpha: float, margin: float | None
) -> Estimate:
    """Return the anytime-valid figures for one comparison (Howard et al. 2021, see `sequential`).

    Args:
        differences: (rounds,) float64 in order of the rounds, finite, at least two.
        largest: (rounds,) float64, the magnitude of the values behind them.
        alpha: level of the interval.
        margin: equivalence margin in the values' unit, or None.
    """
    largest = np.broadcast_to(np.asarray(largest, dtype=np.float64), differences.shape)
    row, constant = snapped(differences, largest)
    row = np.full_like(row, row[0]) if constant else row
    # On the grid as well, so that a difference that is the margin ties.
    edge = None if margin is None else float(snap(margin, largest[0]))
    result = anytime_difference(row, alpha=alpha, margin=edge)
    return Estimate(
        **moments(row, constant=constant),
        p_value=result.p_value,
        interval=result.interval,
        method="self-normalised mixture",
        drifted=result.drifted,
        equivalence_p=None if margin is None else result.p_beyond,
        equivalence_interval=None if margin is None else result.interval,
    )


def snapped(differences: Array, largest: Array) -> tuple[Array, bool]:
    """Return (rounds,) differences on the grid of their magnitudes, and whether all are equal."""
    row = snap(differences, largest)
    return row, bool(np.ptp(row) <= grid_step(largest).max()) or not row.std()


def moments(row: Array, *, constant: bool) -> dict[str, Any]:
    """Return what of an `Estimate` of (rounds,) differences no test has a say in."""
    mean, std = float(row.mean()), 0.0 if constant else float(row.std(ddof=1))
    effect, told = None if constant else mean / std, {"rounds": len(row), "constant": constant}
    return {**told, "mean": mean, "std": std, "effect_size": effect}


# ---- resampled ---------------------------------------------------------------------------------


def resampled_estimate(
    differences: Array, test_ratio: float, *, alpha: float, margin: float | None
) -> Estimate:
    """Return the corrected resampled t test's figures for one comparison.

    Differences that are all equal have no variance to judge by: then no difference is claimed, nor
    an equivalence, unless all are 0.

    Args:
        differences: (rounds,) float64, finite, at least two.
        test_ratio: n2/n1, above 0, examples tested on over examples trained on.
        alpha: level of the interval.
        margin: equivalence margin in the values' unit, or None.

    Raises:
        StatisticsError: for a ratio that is not above 0 and finite.
    """
    check_ratio(test_ratio)
    rounds, mean = len(differences), float(differences.mean())
    constant = bool((differences == differences[0]).all()) or not differences.std()
    std = 0.0 if constant else float(differences.std(ddof=1))
    error = float((1 / rounds + test_ratio) ** 0.5 * std)
    end = 0.0 if mean == 0 else inf

    def interval(confidence: float) -> Interval:
        if constant:
            return Interval(-end, end, confidence)
        return t_interval(mean, error, rounds - 1, confidence)

    def below(difference: float) -> float:
        return float(stdtr(rounds - 1, difference / error))

    p_value, beyond = 1.0, 0.0 if mean == 0 else 1.0
    if not constant:
        p_value = min(1.0, 2 * below(-abs(mean)))
        if margin is not None:
            beyond = max(below(-margin - mean), below(mean - margin))
    return Estimate(
        rounds=rounds,
        mean=mean,
        std=std,
        effect_size=None if constant else mean / std,
        p_value=p_value,
        interval=interval(1 - alpha),
        method="corrected resampled t",
        constant=constant,
        equivalence_p=None if margin is None else beyond,
        equivalence_interval=None if margin is None else interval(1 - 2 * alpha),
    )


def check_ratio(test_ratio: float | None) -> None:
    """Raise a StatisticsError unless there is a ratio of tested to trained examples, above 0."""
    if test_ratio is None or not (isfinite(test_ratio) and test_ratio > 0):
        raise StatisticsError(
            f"resampled: got {test_ratio} test examples for each training example, expected a"
            " number above 0"
        )


def inflated(std: float, rounds: int, test_ratio: float) -> float:
    """Return the deviation at which independent rounds would be as unsure (Nadeau, Bengio 2003)."""
    return float(std * np.sqrt(1 + rounds * test_ratio))
