"""The corrected resampled t test, for rounds that share their data.

Rounds that draw training sets anew from one small pool are not independent: their training sets
overlap, so the usual variance is too small and Student's t finds differences that are not there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bakeoff.errors import StatisticsError
from bakeoff.study.statistics.describe import finite_or_nan
from bakeoff.study.statistics.paired import StudentT, student_t


def corrected_resampled_t(
    differences: ArrayLike, *, test_over_train: float, alpha: float = 0.05
) -> StudentT:
    """Return Nadeau & Bengio's corrected resampled t test.

    The variance of the mean of J resamples is taken as (1/J + n_test/n_train) · S² instead of S²/J
    (Nadeau & Bengio 2003, "Inference for the generalization error", Machine
    Learning 52).

    Args:
        differences: (J,) float64, one paired difference a resample, finite, at least two.
        test_over_train: n_test / n_train, the sizes of a resample's test and training set; 0 gives
            Student's t.
        alpha: one minus the interval's level.

    Raises:
        StatisticsError: for fewer than two differences, NaN, all of them equal, or a ratio below 0.
    """
    row = finite_or_nan(differences, "corrected resampled t", ndim=1)
    if len(row) < 2 or np.isnan(row).any() or (row == row[0]).all():
        raise StatisticsError(
            "corrected resampled t: expected at least 2 differences, without NaN and not all equal"
        )
    if not 0 <= test_over_train < np.inf:
        raise StatisticsError(
            f"corrected resampled t: got test_over_train {test_over_train}, expected 0 or more"
        )
    inflation = (1 + len(row) * test_over_train) ** 0.5
    std = float(row.std(ddof=1))
    return student_t(float(row.mean()), std * inflation, len(row), alpha)
