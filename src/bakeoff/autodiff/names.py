"""Which places a function looks at, read from its code.

    def step(x):                 # looks at the global `config`, and at its attribute `scale`
        return x * config.scale

A place is a cell of the closure, a global, or an attribute that such a value or `self` has.
Functions and methods that the code names are followed, except the library's own.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

import torch

from bakeoff.autodiff.tensor import Tensor

LIBRARIES = {"bakeoff", "torch", "numpy", *sys.stdlib_module_names}
GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL")
LOCALS = ("LOAD_FAST", "LOAD_DEREF", "STORE_DEREF")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR")
CLOSED = (Tensor, torch.Tensor, torch.Generator, str, int, float, list, tuple, dict, set)


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


class Place(NamedTuple):
    """Where a value is kept: the attribute `name` of `owner`, or its item if `owner` is a dict."""

    owner: Any
    name: str
    label: str

    def value(self) -> Any:
        """Return what is kept there now, or `MISSING`."""
        if isinstance(self.owner, dict):
            return self.owner.get(self.name, MISSING)
        try:
            value = getattr(self.owner, self.name, MISSING)
        except ValueError:  # a cell that is still empty
            return MISSING
        # A method is made anew each time that it is asked for; its function stays.
        return value.__func__ if isinstance(value, MethodType) else value


def places(function: Callable[..., Any]) -> Iterator[Place]:
    """Yield every place that `function`, and what it calls of the user's code, looks at.

    Args:
        function: a function, a method, a `functools.partial` or an object that can be called.
    """
    waiting = [function]
    seen: set[tuple[int, int]] = set()
    while waiting:
        code, owner = _behind(waiting.pop())
        if code is None or (id(code), id(owner)) in seen:
            continue
        seen.add((id(code), id(owner)))
        for path in paths(code.__code__):
            place, follow = _resolve(code, owner, path)
            if place is not None:
                yield place
            if follow is not None:
                waiting.append(follow)


def is_library(value: Any) -> bool:
    """Return whether a module, class or function is not the user's."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    return is_library_name(str(name))


def is_library_name(module: str) -> bool:
    """Return whether a module of that name is not the user's."""
    return module.partition(".")[0] in LIBRARIES


def _behind(function: Any) -> tuple[FunctionType | None, Any]:
    """Return the Python function behind something that can be called, and its `self`."""
    owner = None
    while isinstance(function, partial):
        function = function.func
    if isinstance(function, MethodType):
        function, owner = function.__func__, function.__self__
    if not isinstance(function, FunctionType):
        owner, function = function, inspect.getattr_static(type(function), "__call__", None)
    return (function, owner) if isinstance(function, FunctionType) else (None, None)


# ---- reading the code -----------------------------------------------------------------------


@lru_cache(maxsize=1024)
def paths(code: CodeType) -> tuple[tuple[str, ...], ...]:
    """Return the dotted names that the code loads or stores.

    Such as ("global", "config", "scale"); a local name, which may be of the closure or the first
    argument, begins with "local".
    """
    found: dict[tuple[str, ...], None] = {}
    path: tuple[str, ...] = ()
    for instruction in dis.get_instructions(code):
        if instruction.opname == "COPY":  # between the loads of `self.count += 1`
            continue
        what = instruction.argval
        if path and instruction.opname in ATTRIBUTES:
            path = (*path, what)
        elif instruction.opname.startswith((*GLOBALS, *LOCALS)):
            kind = "global" if instruction.opname.startswith(GLOBALS) else "local"
            path = (kind, what[-1] if isinstance(what, tuple) else what)
        else:
            path = ()
        if path:
            found[path] = None
    for constant in code.co_consts:  # lambdas and comprehensions inside
        if isinstance(constant, CodeType):
            found |= dict.fromkeys(paths(constant))
    return tuple(found)


def _resolve(
    function: FunctionType, owner: Any, path: tuple[str, ...]
) -> tuple[Place | None, Callable[..., Any] | None]:
    """Return the place that a dotted name leads to, if any, or the function to follow."""
    kind, first, *attributes = path
    place, value = _global(function, first) if kind == "global" else _local(function, owner, first)
    for name in attributes:
        place, value = _attribute(place.label if place else type(value).__name__, value, name)
        if value is MISSING:
            break
    if isinstance(value, ModuleType) and is_library(value):
        return None, None
    if not isinstance(value, FunctionType | MethodType):
        return place, None
    # The library's own code is followed no further than among the methods of one object.
    mine = isinstance(value, MethodType) and value.__self__ is owner
    return place, value if mine or not is_library(value) else None


def _global(function: FunctionType, name: str) -> tuple[Place | None, Any]:
    if name not in function.__globals__ or is_library(function):
        return None, MISSING
    place = Place(function.__globals__, name, name)
    return place, place.value()


def _local(function: FunctionType, owner: Any, name: str) -> tuple[Place | None, Any]:
    code = function.__code__
    if name in code.co_freevars:
        place = Place(
            (function.__closure__ or ())[code.co_freevars.index(name)], "cell_contents", name
        )
        return place, place.value()
    if owner is not None and code.co_varnames[:1] == (name,):
        return None, owner
    return None, MISSING


def _attribute(label: str, value: Any, name: str) -> tuple[Place | None, Any]:
    """Return the place of an attribute and its value; of a method or property, what it runs."""
    if isinstance(value, CLOSED) or value is MISSING:
        return None, MISSING
    label = f"{label}.{name}"
    if isinstance(value, ModuleType):
        place = Place(vars(value), name, label)
        return (None, MISSING) if is_library(value) else (place, place.value())
    static = inspect.getattr_static(type(value), name, MISSING)
    if name not in getattr(value, "__dict__", {}):
        if isinstance(static, FunctionType) and not isinstance(value, type):
            return Place(value, name, label), MethodType(static, value)
        if isinstance(static, property):
            return None, MethodType(static.fget, value) if static.fget else MISSING
        if hasattr(static, "__get__") and not isinstance(static, MemberDescriptorType):
            return None, MISSING
    place = Place(value, name, label)
    return place, place.value()
