"""Everything from outside that a step read or changed, as it was before the step."""

from __future__ import annotations

from typing import Any

import torch

from bakeoff.autodiff.call import Call, memory_of
from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import PlanError


def same_bits(a: Array, b: Array) -> bool:
    """Return whether two arrays of one shape and dtype hold the same bits, any NaN being one."""
    if not a.dtype.is_floating_point:
        return bool((a == b).all())
    equal = (a == b) & (a.signbit() == b.signbit())
    return bool((equal | (a.isnan() & b.isnan())).all())


class Snapshot:
    """Copies of arrays, random generators and gradients, each taken just before its first use.

    Attributes:
        written: the memory of the arrays that a kernel changed.
        gradients: the tensors whose gradient was replaced.
    """

    def __init__(self) -> None:
        self.written: set[int] = set()
        self.gradients: dict[int, Tensor] = {}
        self._arrays: dict[tuple[Any, ...], tuple[Array, Array, Call | str]] = {}
        self._generators: dict[int, tuple[torch.Generator, torch.Tensor]] = {}
        self._gradients: dict[int, Tensor | None] = {}

    # ---- taking -----------------------------------------------------------------------------

    def keep_array(self, array: Array, user: Call | str) -> None:
        """Copy an array that `user`, a call or a name, reads or is about to change."""
        key = (memory_of(array), array.storage_offset(), array.shape, array.stride())
        if key not in self._arrays:
            self._arrays[key] = (array, array.clone(), user)

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

    def changed(self) -> list[Array]:
        """Return the arrays that kernels changed."""
        return [x for x, _, _ in self._arrays.values() if memory_of(x) in self.written]

    def generator_states(self) -> list[Array]:
        """Return the states, as they are now, of the generators that were drawn from."""
        return [generator.get_state() for generator, _ in self._generators.values()]

    def refuse_other_changes(self) -> None:
        """Raise a PlanError if an array changed that no kernel wrote to."""
        for array, before, user in self._arrays.values():
            if memory_of(array) not in self.written and not same_bits(array, before):
                what = user if isinstance(user, str) else f"an array first used by {user}"
                raise PlanError(
                    f"capture: the step changed {what}, of shape {tuple(array.shape)}, outside"
                    " kernels, expected changes by an optimiser or kernels.update; a replay would"
                    " not repeat them"
                )

    def restore(self) -> None:
        """Bring everything back to what it was."""
        for array, before, _ in reversed(self._arrays.values()):
            array.copy_(before)
        for generator, state in self._generators.values():
            generator.set_state(state)
        for key, tensor in self.gradients.items():
            tensor.grad = self._gradients[key]

    def forget(self) -> None:
        """Let go of the copies of arrays; they can no longer be restored."""
        self._arrays.clear()
