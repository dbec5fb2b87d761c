"""One comparison's figures before correction, by the planned or the anytime-valid method.

All methods fill the same record, so that verdicts and tables need not know which one ran; the one
for rounds that are not independent is in `resampled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bakeoff.statistics.describe import Array, Interval
from bakeoff.statistics.paired import StudentT, from_flips
from bakeoff.statistics.sequential import anytime_difference
from bakeoff.statistics.signflip import grid_step, sign_flip, snap

Mode = Literal["planned", "anytime", "resampled"]
Method = Literal[
    "sign-flip, exact", "sign-flip, drawn", "self-normalised mixture", "corrected resampled t"
]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What at least two rounds say about one difference, in the values' unit.

    Attributes:
        rounds: how many entered.
        mean: mean paired difference.
        std: standard deviation of the differences (ddof 1).
        effect_size: d_z = mean / std; None if the differences are all equal.
        p_value: of no difference, two-sided, before correction.
        interval: 0 lies outside exactly when p_value <= alpha.
        method: how p_value and interval were found.
        student: Student's t test beside; None but in planned mode, or for equal differences.
        constant: the differences are all equal.
        drifted: anytime mode only: no one difference agrees with all looks.
        equivalence_p: of a difference as large as the margin or larger; None without a margin.
        equivalence_interval: it lies within the margin exactly when equivalence_p <= alpha:
            1 - 2 alpha in planned and resampled mode (two one-sided tests), 1 - alpha in anytime
            mode.
    """

    rounds: int
    mean: float
    std: float
    effect_size: float | None
    p_value: float
    interval: Interval
    method: Method
    student: StudentT | None
    constant: bool
    drifted: bool
    equivalence_p: float | None
    equivalence_interval: Interval | None


def planned_estimates(
    differences: Array,
    largest: Array,
    *,
    alpha: float,
    margin: float | None,
    seed: int,
    resamples: int,
) -> list[Estimate]:
    """Return the sign-flip test's figures for comparisons that share their rounds.

    Equivalence is by two one-sided sign-flip tests (Schuirmann 1987 with sign flips for t): the
    difference exceeds -margin, and it is less than +margin; the larger p counts.

    Args:
        differences: (m, rounds) float64, finite, at least two rounds.
        largest: (m, rounds) float64, the magnitude of the values behind each difference.
        alpha: level of the intervals.
        margin: equivalence margin in the values' unit, or None.
        seed: of the worlds drawn beyond 20 rounds.
        resamples: how many.
    """
    flips = sign_flip(differences, seed=seed, resamples=resamples, largest=largest)
    tost = [None] * len(differences)
    ends = [None] * len(differences)
    if margin is not None:
        tost = np.maximum(flips.p_greater(-margin), flips.p_less(margin)).tolist()
        ends = flips.interval(2 * alpha).tolist()
    return [
        Estimate(
            rounds=paired.rounds,
            mean=paired.mean,
            std=paired.std,
            effect_size=paired.effect_size,
            p_value=paired.p_value,
            interval=paired.interval,
            method="sign-flip, exact" if paired.exact else "sign-flip, drawn",
            student=paired.student,
            constant=paired.constant,
            drifted=False,
            equivalence_p=p,
            equivalence_interval=None if end is None else Interval(*end, 1 - 2 * alpha),
        )
        for paired, p, end in zip(from_flips(flips, alpha), tost, ends, strict=True)
    ]


def anytime_estimate(
    differences: Array, largest: Array, *, alpha: float, margin: float | None
) -> Estimate:
    """Return the anytime-valid figures for one comparison.

    Args:
        differences: (rounds,) float64 in order of the rounds, finite, at least two.
        largest: (rounds,) float64, the magnitude of the values behind them.
        alpha: level of the interval.
        margin: equivalence margin in the values' unit, or None.
    """
    largest = np.broadcast_to(np.asarray(largest, dtype=np.float64), differences.shape)
    row = snap(differences, largest)
    constant = bool(np.ptp(row) <= grid_step(largest).max())
    if constant:
        row = np.full_like(row, row[0])
    edge = (
        None if margin is None else float(snap(margin, largest[0]))
    )  # a difference that is the margin ties
    nulls = () if edge is None else (-edge, edge)
    result = anytime_difference(row, alpha=alpha, nulls=nulls)
    mean, std = float(row.mean()), 0.0 if constant else float(row.std(ddof=1))
    equivalence_p = None
    if edge is not None:
        equivalence_p = max(result.p_nulls) if abs(mean) < edge else 1.0
    return Estimate(
        rounds=len(row),
        mean=mean,
        std=std,
        effect_size=None if constant else mean / std,
        p_value=result.p_value,
        interval=result.interval,
        method="self-normalised mixture",
        student=None,
        constant=constant,
        drifted=result.drifted,
        equivalence_p=equivalence_p,
        equivalence_interval=None if margin is None else result.interval,
    )
