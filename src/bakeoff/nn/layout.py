"""N-first at the door, batch-last inside.

A network takes and gives what PyTorch's would: the batch along the first axis. Inside, the batch
runs along the last axis, so that a linear layer is y = W x + b on columns, and a convolution's
patches are long contiguous rows. The outermost call turns its inputs once and its outputs back;
calls of layers inside it find the turn already made.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import DTypeError


class _Depth(threading.local):
    value = 0


_depth = _Depth()


def inside() -> bool:
    """Return whether the batch already runs along the last axis in this thread."""
    return _depth.value > 0


@contextmanager
def batch_last() -> Iterator[None]:
    """Inside this block, calls of modules take and give batch-last tensors, nothing is turned."""
    _depth.value += 1
    try:
        yield
    finally:
        _depth.value -= 1


def turn_in(x: Tensor, rounds: int | None) -> Tensor:
    """Move the batch from the first axis (after the rounds, in lockstep) to the last."""
    first = 0 if rounds is None else 1
    return x if x.ndim <= first + 1 else x.movedim(first, -1).contiguous()


def n_first(x: Tensor, rounds: int | None) -> tuple[int, ...]:
    """Return the shape of a batch-last tensor as the caller knows it: N-first."""
    first = 0 if rounds is None else 1
    shape = tuple(x.shape)
    if len(shape) <= first + 1:
        return shape
    return (*shape[:first], shape[-1], *shape[first:-1])


Output = TypeVar("Output", Tensor, Mapping[str, Tensor])


def turn_out(out: Output, rounds: int | None) -> Output:
    """Move the batch from the last axis back to the first; for a mapping, of each output."""
    if isinstance(out, Mapping):
        return {name: turn_out(value, rounds) for name, value in out.items()}
    if not isinstance(out, Tensor):
        raise DTypeError(
            f"network: forward returned {type(out).__name__}, expected a Tensor, or a mapping from"
            " names to Tensors"
        )
    first = 0 if rounds is None else 1
    return out if out.ndim <= first + 1 else out.movedim(-1, first)
