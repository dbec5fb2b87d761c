"""Record a step: the flat list of its calls, and what it changes outside itself.

The recording also takes a snapshot of everything just before it is changed for the first time,
parameters, optimiser state and random generators alike, so that the step can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.kernels import Array, Kernel, Kind
from bakeoff.autodiff.tape import Node
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import PlanError


@dataclass
class Call:
    """One call of a kernel, as `kernels` reported it, and the module that it belongs to."""

    kind: Kind
    fn: Kernel
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Array
    scope: object

    @property
    def name(self) -> str:
        """The kernel's name, such as "addmm"."""
        return str(getattr(self.fn, "__name__", self.fn))

    def arrays(self) -> Iterator[Array]:
        """Yield every array among the arguments."""
        return arrays_in((self.args, self.kwargs))


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
        return type(value)(replace_arrays(item, new) for item in value)
    if isinstance(value, dict):
        return {key: replace_arrays(item, new) for key, item in value.items()}
    return value


def memory_of(array: Array) -> int:
    """Return the address of the memory that `array` looks at, 0 if it has no elements."""
    return array.untyped_storage().data_ptr()


class Recording:
    """The calls of one run of a step, with what is needed to undo it."""

    def __init__(self) -> None:
        self.scope: object = None
        self.calls: list[Call] = []
        self.made: set[int] = set()
        self.leaves: dict[int, Tensor] = {}
        self.modes: dict[int, tuple[Any, bool]] = {}
        self._before: list[tuple[Array, Array]] = []
        self._seen: set[tuple[Any, ...]] = set()
        self._generators: list[tuple[torch.Generator, torch.Tensor]] = []

    # ---- what kernels report ----------------------------------------------------------------

    def on_call(
        self, kind: Kind, fn: Kernel, args: tuple[Any, ...], kwargs: dict[str, Any], out: Array
    ) -> None:
        """Append the call."""
        if kind in ("run", "empty"):
            self.made.add(memory_of(out))
        self.calls.append(Call(kind, fn, args, kwargs, out, self.scope))

    def before_write(self, target: Array, generator: torch.Generator | None) -> None:
        """Copy what is about to be changed, unless the step made it itself."""
        if generator is not None and all(g is not generator for g, _ in self._generators):
            self._generators.append((generator, generator.get_state()))
        memory = memory_of(target)
        if memory in self.made:
            return
        key = (memory, target.storage_offset(), target.shape, target.stride())
        if key not in self._seen:
            self._seen.add(key)
            self._before.append((target, target.clone()))

    def on_read(self, what: str) -> None:
        """Refuse: what was done with the number could not be replayed.

        Raises:
            PlanError: always.
        """
        where = f" in {self.scope!r}" if self.scope is not None else ""
        raise PlanError(
            f"capture: {what} was called on a tensor{where}; a plan replays calls and cannot branch"
            " on values, so keep the value in a tensor (where, maximum, clamp) or read it outside"
        )

    def on_operation(self, node: Node | None, inputs: tuple[Any, ...]) -> None:
        """Remember the leaves and the modules' modes, so that a later change is noticed."""
        if node is not None:
            node.scope = self.scope
        for value in inputs:
            if isinstance(value, Tensor) and value.node is None and value.requires_grad:
                self.leaves[id(value)] = value
        mode = getattr(self.scope, "training", None)
        if mode is not None:
            self.modes[id(self.scope)] = (self.scope, mode)

    # ---- undoing ----------------------------------------------------------------------------

    @property
    def changed(self) -> list[Array]:
        """The arrays outside the step that it changed."""
        return [target for target, _ in self._before]

    def undo(self) -> None:
        """Bring everything that the step changed back to what it was."""
        for target, before in reversed(self._before):
            target.copy_(before)
        for generator, before_state in self._generators:
            generator.set_state(before_state)
        for leaf in self.leaves.values():
            leaf.grad = None


@contextmanager
def recording() -> Iterator[Recording]:
    """Record every kernel's call inside the block.

    Raises:
        PlanError: inside another recording, or if a value is read as a Python number.
    """
    if kernels.state.recorder is not None:
        raise PlanError("capture: got a capture inside a capture, expected one at a time")
    made = Recording()
    kernels.state.recorder = made
    try:
        yield made
    finally:
        kernels.state.recorder = None
