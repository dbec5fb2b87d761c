"""Everything from outside that a step read or changed, as it was before the step."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import torch

from bakeoff.autodiff.call import Call, layout_of, memory_of
from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import PlanError


def same_bits(a: Array, b: Array) -> bool:
    """Return whether two arrays of one shape and dtype hold the same bits, any NaN being one."""
    if not a.dtype.is_floating_point:
        return bool((a == b).all())
    whole = torch.int64 if a.element_size() == 8 else torch.int32
    if a.element_size() >= 4 and bool((a.view(whole) == b.view(whole)).all()):
        return True
    equal = (a == b) & (a.signbit() == b.signbit())
    return bool((equal | (a.isnan() & b.isnan())).all())


def changed_outside(array: Array, user: Call | str) -> PlanError:
    """Return the error of an array that something else than a kernel changed."""
    return PlanError(
        f"capture: the step changed {_told(user)}, of shape {tuple(array.shape)}, outside kernels,"
        " expected changes by an optimiser or kernels.update; a replay would not repeat them"
    )


def _told(user: Call | str) -> str:
    return user if isinstance(user, str) else f"an array first used by {user}"


@dataclass
class Kept:
    """A memory with a copy of all that was in it, and the arrays of the step that lie there.

    `known` holds the arrays, each with the name or the call by which it came.
    """

    now: Array  # the whole memory, as one row of numbers, like the copy
    before: Array
    known: list[tuple[Array, Call | str]] = field(default_factory=list)

    def differing(self) -> tuple[Array, Call | str] | None:
        """Return the first array whose values are no longer those of the copy."""
        for array, user in self.known:
            layout = (array.shape, array.stride(), array.storage_offset())
            if not same_bits(array, self.before.view(array.dtype).as_strided(*layout)):
                return array, user
        return None


class Snapshot:
    """Copies of arrays, random generators and gradients, each taken just before its first use."""

    def __init__(self) -> None:
        self.written: set[int] = set()  # the memory of the arrays that a kernel changed
        self.gradients: dict[int, Tensor] = {}  # the tensors whose gradient was replaced
        self._kept: dict[int, Kept] = {}
        self._seen: set[tuple[Any, ...]] = set()
        self._generators: dict[int, tuple[torch.Generator, torch.Tensor]] = {}
        self._gradients: dict[int, Tensor | None] = {}

    # ---- taking -----------------------------------------------------------------------------

    def keep_array(self, array: Array, user: Call | str) -> None:
        """Copy the memory of an array that `user`, a call or a name, reads or is about to change.

        The whole memory, so that arrays that overlap in it, or themselves, need no further care.
        """
        memory = memory_of(array)
        if memory not in self._kept:
            length = array.untyped_storage().nbytes() // array.element_size()
            whole = array.as_strided((length,), (1,), 0)
            self._kept[memory] = Kept(whole, whole.clone())
        key = (memory, layout_of(array))
        if key not in self._seen:
            self._seen.add(key)
            self._kept[memory].known.append((array, user))

    def keep_generator(self, generator: torch.Generator) -> None:
        """Copy the state of a generator that is about to be moved."""
        if id(generator) not in self._generators:
            self._generators[id(generator)] = (generator, generator.get_state())

    def keep_gradient(self, tensor: Tensor, grad: Tensor | None) -> None:
        """Remember `grad`, which is about to be replaced."""
        if id(tensor) not in self.gradients:
            self.gradients[id(tensor)] = tensor
            self._gradients[id(tensor)] = grad

    # ---- comparing and putting back ---------------------------------------------------------

    def seen(self) -> list[tuple[Array, str]]:
        """Return the arrays that were kept, each with how it is called."""
        return [(x, _told(user)) for kept in self._kept.values() for x, user in kept.known]

    def generators(self) -> list[torch.Generator]:
        """Return the generators that were drawn from."""
        return [generator for generator, _ in self._generators.values()]

    def changed(self, others: Collection[int] = ()) -> list[tuple[Array, str]]:
        """Return the memories that kernels changed, or that count as changed, and their names."""
        return [
            (kept.now, _told(kept.known[0][1]))
            for memory, kept in self._kept.items()
            if memory in self.written or memory in others
        ]

    def refuse_other_changes(self) -> None:
        """Raise a PlanError if an array changed that no kernel wrote to."""
        for memory, kept in self._kept.items():
            found = None if memory in self.written else kept.differing()
            if found is not None:
                raise changed_outside(*found)

    def restore(self) -> None:
        """Bring everything back to what it was."""
        for memory, kept in self._kept.items():
            if memory in self.written or not same_bits(kept.now, kept.before):
                kept.now.copy_(kept.before)
        for generator, state in self._generators.values():
            generator.set_state(state)
        for key, tensor in self.gradients.items():
            tensor.grad = self._gradients[key]

    def forget(self) -> None:
        """Let go of the copies of arrays; they can no longer be restored."""
        self._kept.clear()
