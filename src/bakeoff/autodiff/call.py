"""One recorded call of a kernel, and the arrays among its arguments."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from types import FrameType
from typing import Any

from bakeoff.autodiff.kernels import Array, Kernel, Kind

LIBRARIES = {"bakeoff", "torch", "numpy", *sys.stdlib_module_names}


@dataclass
class Call:
    """One call of a kernel, as `kernels` reported it, and whose it is.

    Attributes:
        scope: the module whose forward or derivative rule it is part of, the optimiser whose
            step, or None.
        line: the line of the user's code that asked for it, as `line_of` tells it.
    """

    kind: Kind
    fn: Kernel
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Array
    scope: object
    line: str = ""

    @property
    def name(self) -> str:
        """The kernel's name, such as "addmm"."""
        return str(getattr(self.fn, "__name__", self.fn))

    @property
    def draws(self) -> bool:
        """Whether the call moves a random generator."""
        return self.kwargs.get("generator") is not None

    def arrays(self) -> Iterator[Array]:
        """Yield every array among the arguments."""
        return arrays_in((self.args, self.kwargs))

    def __str__(self) -> str:
        where = f" in {self.scope!r}" if self.scope is not None else ""
        return f"{self.name}{where}{self.line}"


def arrays_in(value: Any) -> Iterator[Array]:
    """Yield every array in nested tuples, lists and dicts."""
    if isinstance(value, Array):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from arrays_in(item)
    elif isinstance(value, dict):
        yield from arrays_in(list(value.values()))


def replace_arrays(value: Any, new: Callable[[Array], Any]) -> Any:
    """Return nested tuples, lists and dicts with `new(array)` in place of every array."""
    if isinstance(value, Array):
        return new(value)
    if isinstance(value, tuple | list):
        kind = list if isinstance(value, list) else tuple
        return kind(replace_arrays(item, new) for item in value)
    if isinstance(value, dict):
        return {key: replace_arrays(item, new) for key, item in value.items()}
    return value


def line_of(frame: FrameType | None) -> str:
    """Return the line of the user's code that the call on top of `frame` comes from.

    Returns:
        Such as " at line 7 of train.py"; "" if it is the library's own step that is captured.
    """
    while frame is not None and is_library(frame.f_globals.get("__name__", "")):
        if frame.f_globals.get("__name__") == "bakeoff.autodiff.verify":  # it called the step
            return ""
        frame = frame.f_back
    if frame is None:
        return ""
    return f" at line {frame.f_lineno} of {PurePath(frame.f_code.co_filename).name}"


@cache
def is_library(module: str) -> bool:
    """Return whether a module of that name is not the user's."""
    return module.partition(".")[0] in LIBRARIES


def memory_of(array: Array) -> int:
    """Return the address of the memory that `array` looks at, 0 if it has no elements."""
    return array.untyped_storage().data_ptr()
