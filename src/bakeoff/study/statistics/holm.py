"""Holm's correction: several comparisons, one chance of a false verdict."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bakeoff.errors import StatisticsError
from bakeoff.study.statistics.describe import Array


def holm(p_values: ArrayLike) -> Array:
    """Return Holm's corrected p-values.

    Reject those that are at most alpha: then at most alpha of all families lose a true null
    hypothesis, however the tests depend on each other. The k-th smallest of m p-values is
    multiplied by m - k + 1, never falls below the one before it and never exceeds 1 (Holm 1979, "A
    simple sequentially rejective multiple test procedure").

    Args:
        p_values: (..., m) float64, from 0 to 1; each row along the last axis is a family.

    Returns:
        The corrected p-values, the same shape and order.

    Raises:
        StatisticsError: for a number outside [0, 1], NaN included.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise StatisticsError("Holm's correction: got a p-value outside 0 to 1")
    order = np.argsort(p, axis=-1)
    steps = np.arange(p.shape[-1], 0, -1)
    grown = np.maximum.accumulate(np.take_along_axis(p, order, -1) * steps, axis=-1)
    corrected = np.empty_like(p)
    np.put_along_axis(corrected, order, np.minimum(grown, 1.0), -1)
    return corrected
