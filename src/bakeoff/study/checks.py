"""Checking a value's fields: every fault is found and reported, not only the first."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import attrs

from bakeoff.errors import StudyError, nearest
from bakeoff.study.converters import as_float

T = TypeVar("T")
Fault = tuple[str, str]
"""Where, as a path such as ``competitors[1].recipe.lr`` ("" for the value itself), and what."""

Check = Mapping[str, Any]
"""A field's metadata: what it must satisfy, and that same condition in words."""


class SpecError(StudyError):
    """A study, competitor or recipe has one or more faults; `faults` holds them all.

    Args:
        where: the value at fault, for example ``recipe`` or ``study 'ablation'``.
        faults: the faults, at least one.
    """

    def __init__(self, where: str, faults: Iterable[Fault]) -> None:
        self.where = where
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{_joined(where, path)}: {what}" for path, what in self.faults))

    def __reduce__(self) -> tuple[type[SpecError], tuple[str, tuple[Fault, ...]]]:
        return type(self), (self.where, self.faults)


def _joined(where: str, path: str) -> str:
    return f"{where}: {path}" if path else where


def check(holds: Callable[[Any], bool], expected: str) -> Check:
    """Return the metadata of a field of a class of attrs that must satisfy a test."""
    return {"holds": holds, "expected": expected}


def table_of(kind: type, expected: str) -> Check:
    """Return the check of a value of a class, which may be told as a table of its fields."""
    return {**check(lambda value: isinstance(value, kind), expected), "of": kind}


def tables_in(kind: Any) -> dict[str, Any]:
    """Return the classes of the fields that may be told as tables, by name."""
    fields = attrs.fields(kind) if attrs.has(kind) else ()
    return {field.name: field.metadata["of"] for field in fields if "of" in field.metadata}


def whole(least: int, most: int) -> Check:
    """Return the check of a whole number."""
    return check(is_whole(least, most), f"a whole number of {least:,} to {most:,}")


def optional(inner: Check) -> Check:
    """Return the check of what may be None too."""
    return check(lambda value: value is None or inner["holds"](value), inner["expected"])


def number(default: float, holds: Callable[[float], bool], expected: str) -> Any:
    """Return the field of a finite number that must satisfy a test; a whole one is taken too."""
    metadata = check(lambda value: is_number(value) and holds(value), expected)
    return attrs.field(default=default, converter=as_float, metadata=metadata)


def tuple_of(holds: Callable[[Any], bool], expected: str, *, empty: bool = True) -> Check:
    """Return the check of a tuple whose items all pass a test."""
    return check(
        lambda v: isinstance(v, tuple) and all(map(holds, v)) and (empty or v != ()), expected
    )


def field_faults(value: attrs.AttrsInstance) -> list[Fault]:
    """Return one fault for each field of `value` that fails its check."""
    return [
        (field.name, f"got {shown(got)}, expected {field.metadata['expected']}")
        for field in attrs.fields(type(value))
        if not field.metadata["holds"](got := getattr(value, field.name))
    ]


def refuse(where: str, faults: list[Fault]) -> None:
    """Raise a `SpecError` when there are faults."""
    if faults:
        raise SpecError(where, faults)


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that is not among the known ones, with the nearest one."""
    names = list(known)
    return f"there is no {kind} {name!r}{nearest(name, names)}, expected one of {', '.join(names)}"


def find(kind: str, name: str, known: Mapping[str, T], where: str = "") -> T:
    """Return what has a name; a StudyError, which says `where`, if nothing has."""
    if name not in known:
        raise StudyError(where + unknown(kind, name, known))
    return known[name]


def made(make: Callable[..., T], told: Mapping[str, Any]) -> T:
    """Call `make` with what a table tells, as keyword arguments, and so with tables in it.

    Raises:
        StudyError: for a name that it does not take, or one that it needs and is not told.
    """
    taken = inspect.signature(make).parameters
    kinds = {parameter.kind for parameter in taken.values()}
    named = [name for name, one in taken.items() if one.kind not in VARYING]
    for name in told:
        if name not in named and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise StudyError(unknown("option", name, named))
    for name in named:
        if name not in told and taken[name].default is inspect.Parameter.empty:
            raise StudyError(f"{name} is missing, expected among {', '.join(named)}")
    inner = {n: of for n, of in tables_in(make).items() if isinstance(told.get(n), Mapping)}
    return make(**{**told, **{name: made(of, told[name]) for name, of in inner.items()}})


VARYING = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def shown(value: object) -> str:
    """Return a value as Python writes it; a number of thousands of digits it does not."""
    try:
        return repr(value)
    except (ValueError, RecursionError):
        return "what is too long or too deep to repeat"


def is_whole(least: float = -math.inf, most: float = math.inf) -> Callable[[object], bool]:
    """Return the test for an integer from `least` to `most` (True and False are not integers)."""

    def holds(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return holds


def is_number(value: object) -> bool:
    """Tell whether `value` is a finite int or float (True and False are not)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond the largest float
        return False


def is_text(value: object) -> bool:
    """Tell whether the value is text, all of whose characters show."""
    return isinstance(value, str) and value != "" and value.isprintable()


def is_name(value: object) -> bool:
    """Tell whether `value` can name a competitor: it must stand in a table, a CSV and a shell."""
    return (
        isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", value) is not None
    )


NAME_FORM = "a name of letters, digits and . _ + - that begins with a letter or digit"
NAME = check(is_name, NAME_FORM)
FLAG = check(lambda value: isinstance(value, bool), "true or false")
