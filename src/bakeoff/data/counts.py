"""The one check that every maker of data sets begins with."""

from __future__ import annotations

import operator

from bakeoff.errors import ArgumentError, DTypeError


def check_count(n: int, where: str) -> int:
    """Return `n` as a plain int.

    Args:
        n: the number of points or pairs that the user asked for.
        where: what asks, for the error.

    Raises:
        DTypeError: if `n` is not an integer.
        ArgumentError: if `n` is under 1.
    """
    try:
        count = operator.index(n)
    except TypeError:
        raise DTypeError(f"{where}: got n={n!r}, expected an integer of at least 1") from None
    if isinstance(n, bool) or count < 1:
        raise ArgumentError(f"{where}: got n={n!r}, expected an integer of at least 1")
    return count
