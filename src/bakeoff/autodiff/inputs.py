"""Inputs of a step that is captured: what may be one, and where a plan keeps it."""

from __future__ import annotations

from typing import Any

import torch

from bakeoff.autodiff.call import memory_of
from bakeoff.autodiff.kernels import Array
from bakeoff.autodiff.recording import Recording
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import DTypeError, PlanError


def buffers_of(inputs: tuple[Any, ...]) -> list[Array]:
    """Return a buffer for each example input, row-major whatever the example's layout is.

    Raises:
        DTypeError: for an input that is not a tensor.
        PlanError: for a Tensor that requires a gradient, or inputs that share memory.
    """
    memories: list[int] = []
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor | torch.Tensor):
            raise DTypeError(f"capture: input {i}: got {type(x).__name__}, expected a tensor")
        if isinstance(x, Tensor) and x.requires_grad:
            raise PlanError(
                f"capture: input {i}: got a Tensor that requires a gradient, expected one that does"
                " not; a replay would give it none, so make it a leaf inside the step"
            )
        memory = memory_of(x.data)
        if memory and memory in memories:
            raise PlanError(
                f"capture: inputs {memories.index(memory)} and {i} share memory, expected inputs of"
                " their own; pass a clone"
            )
        memories.append(memory)
    return [x.data.clone(memory_format=torch.contiguous_format) for x in inputs]


def refuse_other_ways(recorded: Recording, inputs: tuple[Any, ...], buffers: list[Array]) -> None:
    """Refuse an input that the step also sees through a closure, or that it changes.

    A replay gets new inputs in buffers of its own: a closure would still show it the old values,
    and a change would be made to the buffer alone.

    Raises:
        PlanError: naming the input.
    """
    given = {memory_of(x.data): i for i, x in enumerate(inputs)}
    given.pop(0, None)
    for call in recorded.calls:
        for array in (*call.arrays(), call.out):
            i = given.get(memory_of(array))
            if i is not None:
                raise PlanError(
                    f"capture: input {i} is also used through a closure by {call}, expected it to"
                    " come in as an argument only"
                )
    for i, buffer in enumerate(buffers):
        if memory_of(buffer) in recorded.before.written:
            raise PlanError(
                f"capture: input {i} is changed in place by the step, expected it to stay; a replay"
                " would change a copy, so return the new value instead"
            )
