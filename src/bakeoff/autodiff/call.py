"""One recorded call of a kernel, and the arrays among what it or a step takes and gives."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from types import FrameType
from typing import Any

from bakeoff.autodiff.kernels import Array, Kernel, Kind
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import PlanError

LIBRARIES = {"bakeoff", "torch", "numpy", *sys.stdlib_module_names}


@dataclass
class Call:
    """One call of a kernel, as `kernels` reported it, and whose it is."""

    kind: Kind
    fn: Kernel
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Array
    scope: object  # the module whose forward or rule it is part of, the optimiser, or None
    line: str = ""  # of the user's code that asked for it, as `line_of` tells it

    @property
    def name(self) -> str:
        """The kernel's name, such as "addmm"."""
        return str(getattr(self.fn, "__name__", self.fn))

    @property
    def draws(self) -> bool:
        """Whether the call moves a random generator."""
        return self.kwargs.get("generator") is not None

    def __post_init__(self) -> None:
        self.arrays = arrays_in([*self.args, *self.kwargs.values()])

    def __str__(self) -> str:
        where = f" in {self.scope!r}" if self.scope is not None else ""
        return f"{self.name}{where}{self.line}"


def arrays_in(value: tuple[Any, ...] | list[Any] | dict[Any, Any]) -> list[Array]:
    """Return every array in nested tuples, lists and dicts."""
    found = []
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, Array):
            found.append(item)
        elif isinstance(item, (tuple, list, dict)):  # `|` would make a type at each call
            found += arrays_in(item)
    return found


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
    """Return such as " at line 7 of train.py": the user's code that the call comes from.

    It is "" if it is the library's own step that is captured.
    """
    while frame is not None and is_library(name := frame.f_globals.get("__name__", "")):
        if name == "bakeoff.autodiff.verify":  # it called the step
            return ""
        frame = frame.f_back
    if frame is None:
        return ""
    return f" at line {frame.f_lineno} of {PurePath(frame.f_code.co_filename).name}"


@cache
def is_library(module: str) -> bool:
    """Return whether a module of that name is not the user's."""
    return module.partition(".")[0] in LIBRARIES


def layout_of(array: Array) -> tuple[Any, ...]:
    """Return how an array lies in its memory, and what its numbers are."""
    return array.dtype, tuple(array.shape), array.stride(), array.storage_offset()


def memory_of(array: Array) -> int:
    """Return the address of the memory that `array` looks at, 0 if it has no elements."""
    return array.untyped_storage().data_ptr()


# ---- what a step returns ------------------------------------------------------------------------


Outputs = Tensor | tuple[Any, ...] | list[Any] | Mapping[str, Any] | None


def outputs_in(outputs: Any) -> Iterator[Array]:
    """Yield the arrays of a step's outputs; what cannot be replayed is refused."""
    if isinstance(outputs, Tensor):
        yield outputs.data
    elif isinstance(outputs, tuple | list):
        for item in outputs:
            yield from outputs_in(item)
    elif isinstance(outputs, Mapping):
        yield from outputs_in(list(outputs.values()))
    elif outputs is not None:
        raise PlanError(
            f"capture: the step returned {type(outputs).__name__}, expected a Tensor, a tuple or"
            " mapping of Tensors, or None; numbers are frozen, so return them as Tensors"
        )


def replace_outputs(outputs: Any, new: Callable[[Array], Array]) -> Any:
    """Return the same structure with a Tensor of `new(array)` for each Tensor."""
    if isinstance(outputs, Tensor):
        return Tensor(new(outputs.data))
    if isinstance(outputs, tuple | list):
        items = [replace_outputs(item, new) for item in outputs]
        if hasattr(outputs, "_fields"):  # a named tuple
            return type(outputs)(*items)
        return tuple(items) if isinstance(outputs, tuple) else items
    if isinstance(outputs, Mapping):
        return {name: replace_outputs(item, new) for name, item in outputs.items()}
    return outputs
