"""Record a step: the flat list of its calls, and what it touches outside itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.call import Call, line_of, memory_of
from bakeoff.autodiff.guards import Guards
from bakeoff.autodiff.kernels import Array, Kernel, Kind
from bakeoff.autodiff.snapshot import Snapshot, changed_outside
from bakeoff.autodiff.tape import Node
from bakeoff.autodiff.tensor import Tensor
from bakeoff.autodiff.watch import Counters, Names, streams, surroundings
from bakeoff.errors import PlanError


class Recording:
    """The calls of one run of a step, with what is needed to undo it and to look again."""

    def __init__(self) -> None:
        self.calls: list[Call] = []  # in order
        self.made: set[int] = set()  # the memory of every array that a kernel made
        self.before = Snapshot()  # of what the step read or changed from outside
        self.guards = Guards()  # what must be so again when the step is replayed
        self.owners: dict[int, object] = {}  # the modules and optimisers, as they first ran
        # The tensors whose gradient the step replaced, with what it left there, and those that
        # were found to have no gradient from before the step.
        self.left: list[tuple[Tensor, Tensor | None]] = []
        self.without: list[Tensor] = []
        self._scope: object = None
        self._counters = Counters()
        self._names = Names()
        self._changed: str | None = None

    def start(
        self,
        step: Callable[..., Any],
        inputs: list[Array],
        seen: Iterable[tuple[Array, str]] = (),
    ) -> None:
        """Take note of what the step is going to see: `seen` is what an earlier run used."""
        for i, x in enumerate(inputs):
            self._keep(x, f"input {i}")
        for x, name in seen:
            self._keep(x, name)
        self._names.see("the random stream of ", streams)
        for label, read in surroundings(step):
            self._look_at(label, read)

    def _keep(self, array: Array, user: Call | str) -> None:
        self._counters.see(array, user, memory_of(array))
        self.before.keep_array(array, user)

    def _look_at(self, label: str, read: Callable[[], dict[str, Any]]) -> None:
        self._names.see(label, read)
        for name, value in read().items():
            if isinstance(value, Tensor):
                self.guards.take_tensor(value)
            if isinstance(value, Tensor | Array):
                self._keep(value.data if isinstance(value, Tensor) else value, f"{label}{name}")

    @property
    def scope(self) -> object:
        """The module or optimiser that runs now, None outside all of them."""
        return self._scope

    @scope.setter
    def scope(self, owner: object) -> None:
        self._scope = owner
        if owner is not None and id(owner) not in self.owners:
            self.owners[id(owner)] = owner
            for label, read in surroundings(owner):
                self._look_at(label, read)
            if hasattr(owner, "training"):
                self.guards.take_module(owner)

    # ---- what kernels report ----------------------------------------------------------------

    def before_call(self, target: Array | None, generator: torch.Generator | None) -> None:
        """Copy what is about to be changed or moved, unless the step made it itself."""
        if generator is not None:
            self.before.keep_generator(generator)
        if target is not None:
            if memory_of(target) not in self.made:
                self._keep(target, "a kernel's target")
                self.before.written.add(memory_of(target))
            self._counters.before_write(target)

    def on_call(
        self, kind: Kind, fn: Kernel, args: tuple[Any, ...], kwargs: dict[str, Any], out: Array
    ) -> None:
        """Append the call, which made, wrote or changed `out`, and copy what it read from outside.

        A new array that lies in an argument's memory is refused, and a view that does not.
        """
        call = Call(kind, fn, args, kwargs, out, self._scope, line_of(inspect.currentframe()))
        if kind in ("fill", "update"):
            self._counters.after_write()
        read, memory = [(memory_of(x), x) for x in call.arrays], memory_of(out)
        shares = memory in dict(read) and out.numel() > 0
        if kind == "run" and shares:
            raise PlanError(
                f"capture: {call} returned a view of its argument, expected a new array; call it by"
                " kernels.view"
            )
        if kind == "view" and not shares and out.numel() > 0:
            raise PlanError(
                f"capture: {call} copied its argument, expected a view of the same memory; make the"
                " copy by kernels.copy first"
            )
        if kind in ("run", "empty"):
            self.made.add(memory)
            self._counters.see(out, call, memory)
        for place, x in read:
            self._counters.see(x, call, place)
            if place not in self.made and kind != "view":
                self.before.keep_array(x, call)
        self.calls.append(call)

    def on_read(self, what: str) -> None:
        """Refuse a value that is asked for as a number: what is done with it is not replayed."""
        where = f" in {self._scope!r}" if self._scope is not None else ""
        raise PlanError(
            f"capture: {what} was read{where}{line_of(inspect.currentframe())},"
            " expected the value to stay in memory: a plan replays calls and cannot branch on"
            " values; use where, maximum or clamp, or read it outside the step"
        )

    def on_decision(self, what: str, read: Callable[[], Any], found: Any) -> None:
        """Remember that the step chooses its calls by `read()`, which now gave `found`."""
        self.guards.take_decision(what, read, found)

    def on_operation(self, node: Node | None, inputs: tuple[Any, ...]) -> None:
        """Remember which array each tensor from outside holds; `node` is on the tape, if any."""
        if node is not None:
            node.scope = self._scope
        for value in inputs:
            if isinstance(value, Tensor) and memory_of(value.data) not in self.made:
                self.guards.take_tensor(value)

    def on_grad_read(self, tensor: Tensor, grad: Tensor | None) -> None:
        """Refuse a gradient from before the step: a replay would read the same one for ever."""
        if id(tensor) in self.before.gradients:
            return
        if grad is not None:
            raise PlanError(
                f"capture: got a tensor of shape {tuple(tensor.shape)} that had a gradient before"
                " the step, expected none; call zero_grad() at the start of the step"
            )
        self.without.append(tensor)

    def before_grad_write(self, tensor: Tensor, grad: Tensor | None) -> None:
        """Remember the gradient that a tensor had before the step."""
        self.before.keep_gradient(tensor, grad)

    # ---- after the run ----------------------------------------------------------------------

    def finish(self) -> None:
        """Take note of what the step left, and refuse what it did behind the kernels' back."""
        self._changed = self._names.changed()
        self.left = [(tensor, tensor.grad) for tensor in self.before.gradients.values()]
        self.before.refuse_other_changes()
        moved = self._counters.moved()
        if moved is not None:
            raise changed_outside(moved.array, moved.user)
        self._refuse(self.guards.broken())

    def refuse_changes(self) -> None:
        """Refuse what the step changed in Python; after all checks that can name a call."""
        self._refuse(self._changed)

    def _refuse(self, found: str | None) -> None:
        if found is not None:
            raise PlanError(
                f"capture: the step changed {found}; a replay runs kernels alone and would not"
                " change it, so keep it in a Buffer, return it, or set it outside the step"
            )

    def undo(self) -> None:
        """Bring everything that the step changed back to what it was."""
        self.guards.restore_tensors()
        self.before.restore()


@contextmanager
def recording(made: Recording) -> Iterator[None]:
    """Report every kernel's call inside the block to `made`."""
    if kernels.state.recorder is not None:
        raise PlanError(
            "capture: got a capture inside a capture, expected one at a time; capture the outer"
            " step alone"
        )
    kernels.state.recorder = made
    try:
        yield
    finally:
        kernels.state.recorder = None
