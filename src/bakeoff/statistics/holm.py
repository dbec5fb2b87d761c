"""Holm's correction, and Shaffer's: several comparisons, one chance of a false verdict."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Array


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


def shaffer(differences: ArrayLike, equivalences: ArrayLike) -> tuple[Array, Array]:
    """Return the corrected p-values of comparisons that each ask for two things.

    Per comparison "there is no difference" and "the difference is as large as the margin, or
    larger" cannot both be true. So of 2m hypotheses at most m are, and after some rejections at
    most as many as there are comparisons with one that is not rejected yet: that number is the
    multiplier of the next p-value (Shaffer 1986, "Modified sequentially rejective multiple test
    procedures", Journal of the American Statistical Association 81, procedure S2). At most alpha of
    all families lose a true hypothesis of either kind.

    Args:
        differences: (m,) float64, from 0 to 1, the p-values of no difference.
        equivalences: (m,) float64, those of a difference at or beyond the margin.

    Returns:
        Both corrected, (m,) each.

    Raises:
        StatisticsError: for a number outside [0, 1], NaN included.
    """
    p = np.array([differences, equivalences], dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise StatisticsError("Shaffer's correction: got a p-value outside 0 to 1")
    corrected, open_hypotheses, least = np.ones_like(p), np.full(p.shape[1], 2), 0.0
    for place in np.argsort(p, axis=None, kind="stable"):
        kind, comparison = np.unravel_index(place, p.shape)
        least = max(least, min(1.0, float(p[kind, comparison]) * np.count_nonzero(open_hypotheses)))
        corrected[kind, comparison] = least
        open_hypotheses[comparison] -= 1
    return corrected[0], corrected[1]
