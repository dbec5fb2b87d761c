"""The one check that every maker of data sets begins with."""

from __future__ import annotations

import operator

from bakeoff.errors import ArgumentError, DTypeError

MOST_POINTS = 10_000_000
"""More points drawn at once would fill the memory of many machines."""


def check_count(n: int, where: str, most: int | None = None) -> int:
    """Return `n` as a plain int.

    Args:
        n: the number of points or pairs that the user asked for.
        where: what asks, for the error.
        most: how many there may be.

    Raises:
        DTypeError: if `n` is not an integer.
        ArgumentError: if `n` is under 1 or over `most`.
    """
    expected = "an integer of at least 1" if most is None else f"an integer of 1 to {most:,}"
    try:
        count = operator.index(n)
    except TypeError:
        raise DTypeError(f"{where}: got n={n!r}, expected {expected}") from None
    if isinstance(n, bool) or count < 1 or (most is not None and count > most):
        raise ArgumentError(f"{where}: got n={n!r}, expected {expected}")
    return count
