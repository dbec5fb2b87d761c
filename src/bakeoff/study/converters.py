"""What people may write, made one frozen form: lists become tuples, mappings sorted pairs.

These converters only tidy. What they cannot read they pass on as it is, for the checks to refuse.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, TypeVar, cast

T = TypeVar("T")
Option = str | int | float | bool
Pairs = tuple[tuple[str, T], ...]


def as_float(value: float) -> float:
    """Make 1 and 1.0 one value, for equality, hash and JSON."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole and abs(value) <= sys.float_info.max else value


def as_tuple(value: Iterable[Any]) -> tuple[Any, ...]:
    """Make anything with items, but text, a tuple."""
    items = isinstance(value, Iterable) and not isinstance(value, str)
    return tuple(value) if items else cast("tuple[Any, ...]", value)


def as_pairs(value: Mapping[str, Any] | Pairs[Any]) -> Pairs[Any]:
    """Make a mapping, or pairs, a sorted tuple of pairs: frozen, and the same for any order."""
    items: Any = value.items() if isinstance(value, Mapping) else value
    try:
        return tuple(sorted(((name, inner) for name, inner in items), key=itemgetter(0)))
    except (TypeError, ValueError):
        return cast("Pairs[Any]", value)


def as_weights(value: Mapping[str, float] | Pairs[float]) -> Pairs[float]:
    """Make outputs and weights pairs, the weights floats."""
    pairs = as_pairs(value)
    readable = isinstance(pairs, tuple)
    return tuple((name, as_float(weight)) for name, weight in pairs) if readable else pairs


def as_comparisons(value: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    """Make a list of lists a tuple of tuples."""
    outer = as_tuple(value)
    return tuple(map(as_tuple, outer)) if isinstance(outer, tuple) else outer
