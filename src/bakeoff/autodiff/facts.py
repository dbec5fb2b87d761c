"""Places where a step looked, and what it found there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter, is_, itemgetter
from types import CellType, FunctionType, MemberDescriptorType
from typing import Any

import torch

from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.names import MISSING, Place, is_library
from bakeoff.autodiff.tensor import Tensor

PLAIN = (int, float, complex, str, bytes, tuple, type(None), torch.dtype, slice)
LONGEST = 64  # a longer list is taken for data: what counts is that it is the same list

_values: Callable[[Any], Iterable[Any]] = dict.values
_contents, _data, _grad = attrgetter("cell_contents"), attrgetter("data"), attrgetter("_grad")


class Fact:
    """A place, and what the step found there."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.found = place.value()
        self.inside = list(containers(self.found))
        self.content = [tuple(items(c)) for c in self.inside]

    def holds(self) -> bool:
        """Return whether the same is there now; equal numbers are the same."""
        now = self.place.value()
        if now is not self.found:
            if not _equal(now, self.found):
                return False
            self.found = now
        return all(
            len(now) == len(then) and all(map(_same, now, then))
            for now, then in zip(map(tuple, map(items, self.inside)), self.content, strict=True)
        )

    def __str__(self) -> str:
        now = self.place.value()
        if now is self.found:
            return f"{self.place.label}: got other content, {_told(now)}, expected the same"
        another = "another " if type(now) is type(self.found) and not isinstance(now, PLAIN) else ""
        return f"{self.place.label}: got {another}{_told(now)}, expected {_told(self.found)}"


class Glance:
    """Look at everything in one row, without a line of Python in between."""

    def __init__(
        self, facts: list[Fact], tensors: list[Tensor], no_grad: list[Tensor], whole: bool
    ) -> None:
        objects: dict[int, Any] = {}  # looked at as a whole: that is quicker than name by name
        named: dict[int, tuple[Any, list[str]]] = {}
        self._cells: list[CellType] = []
        for fact in facts:
            owner, name, _ = fact.place
            if isinstance(owner, CellType):
                self._cells.append(owner)
                continue
            has_own = isinstance(getattr(owner, "__dict__", None), dict)
            if whole and has_own:
                objects[id(owner)] = owner
                if name in vars(owner):
                    continue
                owner = _holder(owner, name)
            elif has_own and name not in vars(owner) and isinstance(fact.found, FunctionType):
                name = f"{name}.__func__"  # a method is made anew each time, but not its function
            if owner is not None:
                named.setdefault(id(owner), (owner, []))[1].append(name)
        self._objects = list(objects.values())
        self._getters = [(_getter(owner, names), owner) for owner, names in named.values()]
        self._lists = [c for fact in facts for c in fact.inside]
        self._dicts = [c for c in self._lists if isinstance(c, dict)]
        self._tensors = tensors
        self._no_grad = no_grad
        self._found = list(self._row())

    def _row(self) -> Iterator[Any]:
        return chain(
            chain.from_iterable(map(_values, map(vars, self._objects))),
            map(_contents, self._cells),
            chain.from_iterable([get(owner) for get, owner in self._getters]),
            map(len, self._lists),
            chain.from_iterable(self._lists),
            chain.from_iterable(map(_values, self._dicts)),
            map(_data, self._tensors),
            map(_grad, self._no_grad),
            (self,),  # an end, so that what comes in addition is noticed too
        )

    def same(self) -> bool:
        """Return whether everything is the very same object as at first."""
        try:
            return all(map(is_, self._row(), self._found))
        except (AttributeError, KeyError, ValueError):
            return False


def _holder(owner: Any, name: str) -> Any:
    """Return who has an attribute that is not in an object's dict: a class, or a slot of its own.

    None for a class of the library: it stays as it is.
    """
    for kind in type(owner).__mro__:
        if name in vars(kind):
            slot = isinstance(vars(kind)[name], MemberDescriptorType)
            return owner if slot else None if is_library(kind) else kind
    return None


def _getter(owner: Any, names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    several = [*names, names[0]]  # of two names or more, the getters make a tuple
    return itemgetter(*several) if isinstance(owner, dict) else attrgetter(*several)


# ---- lists and dicts ------------------------------------------------------------------------


def containers(value: Any) -> Iterator[Any]:
    """Yield the list, dict or set that a value is, and those inside it, if they are short."""
    if isinstance(value, list | dict | set) and len(value) <= LONGEST:
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def items(container: Any) -> Iterable[Any]:
    """Return what a list or set holds, or a dict's keys and values."""
    return chain(container, container.values()) if isinstance(container, dict) else container


def _same(a: Any, b: Any) -> bool:
    return a is b or _equal(a, b)


def _equal(a: Any, b: Any) -> bool:
    """Return whether two plain values are equal; as text, so that 0.0 is not -0.0."""
    return type(a) is type(b) and isinstance(a, PLAIN) and repr(a) == repr(b)


def _told(value: Any) -> str:
    """Return plain values as they are, of others what they are."""
    if isinstance(value, Tensor | Array):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    shown = value is MISSING or isinstance(value, (*PLAIN, list, dict, set))
    told = repr(value) if shown else type(value).__name__
    return told if len(told) <= 80 else f"{told[:77]}..."
