"""Kernels: the only door through which the framework lets torch compute.

Every operation lowers to calls of the five functions below, one level under the derivative rules.
That makes two things possible at once: the tape runs these calls as they come, and a plan records
the very same calls in the same order and replays them later on the buffers they filled, so tape
and plan cannot differ in a single bit.

    run(fn, *args)           a new array: fn's result; replayed as fn(*args, out=that array)
    fill(fn, out, *args)     fn(*args, out=out) into an array made before, or into a part of it
    update(fn, target, ...)  an in-place method: fn(target, ...) changes target
    view(fn, *args)          another look at the same memory: nothing is computed
    empty(shape, like)       an array whose values are written later
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import torch

if TYPE_CHECKING:
    from bakeoff.autodiff.tape import Node

Array = torch.Tensor
Kernel = Callable[..., Any]
Kind = Literal["run", "fill", "update", "view", "empty"]


class Recorder(Protocol):
    """What a plan implements to see a step while it is captured.

    Attributes:
        scope: the module whose forward, or whose rules, are running; for people to read.
    """

    scope: object

    def on_call(
        self, kind: Kind, fn: Kernel, args: tuple[Any, ...], kwargs: dict[str, Any], out: Array
    ) -> None:
        """Take note of a call: `out` is what it made, wrote or changed."""

    def before_write(self, target: Array, generator: torch.Generator | None) -> None:
        """Take note that `target` will be changed in place, perhaps drawing from `generator`."""

    def on_read(self, what: str) -> None:
        """Take note that a value was asked for as a Python number."""

    def on_operation(self, node: Node | None, inputs: tuple[Any, ...]) -> None:
        """Take note of an operation on `inputs`; `node` is its place on the tape, if any."""


class _State:
    recorder: Recorder | None = None


state = _State()


def run(fn: Kernel, *args: Any, **kwargs: Any) -> Array:
    """Return the new array `fn(*args, **kwargs)`; `fn` must also have an `out=` form."""
    out: Array = fn(*args, **kwargs)
    if state.recorder is not None:
        state.recorder.on_call("run", fn, args, kwargs, out)
    return out


def fill(fn: Kernel, out: Array, *args: Any, **kwargs: Any) -> Array:
    """Write `fn(*args, **kwargs)` into `out`, whose shape must fit, and return `out`."""
    if state.recorder is not None:
        state.recorder.before_write(out, None)
    fn(*args, **kwargs, out=out)
    if state.recorder is not None:
        state.recorder.on_call("fill", fn, args, kwargs, out)
    return out


def update(fn: Kernel, target: Array, *args: Any, **kwargs: Any) -> Array:
    """Change `target` by the in-place method `fn`, such as `torch.Tensor.add_`; return it."""
    if state.recorder is not None:
        state.recorder.before_write(target, kwargs.get("generator"))
    fn(target, *args, **kwargs)
    if state.recorder is not None:
        state.recorder.on_call("update", fn, (target, *args), kwargs, target)
    return target


def view(fn: Kernel, *args: Any, **kwargs: Any) -> Array:
    """Return `fn(*args, **kwargs)`, which must share the memory of `args[0]`."""
    out: Array = fn(*args, **kwargs)
    if state.recorder is not None:
        state.recorder.on_call("view", fn, args, kwargs, out)
    return out


def empty(shape: Sequence[int], like: Array) -> Array:
    """Return a contiguous array of `shape` with the dtype of `like`, values undefined."""
    out = torch.empty(tuple(shape), dtype=like.dtype)
    if state.recorder is not None:
        state.recorder.on_call("empty", torch.empty, (tuple(shape),), {"dtype": like.dtype}, out)
    return out


def zeros(shape: Sequence[int], like: Array) -> Array:
    """Return a contiguous array of zeros with the dtype of `like`."""
    return update(torch.Tensor.zero_, empty(shape, like))


def copy(x: Array) -> Array:
    """Return a contiguous copy of `x`."""
    return update(torch.Tensor.copy_, empty(x.shape, x), x)


def cast(x: Array, like: Array) -> Array:
    """Return a contiguous copy of `x` in the dtype of `like`."""
    return update(torch.Tensor.copy_, empty(x.shape, like), x)


def reading(what: str) -> None:
    """Tell the recorder, if any, that a value leaves the graph as a Python number."""
    if state.recorder is not None:
        state.recorder.on_read(what)


def recording() -> bool:
    """Return whether a plan is being captured."""
    return state.recorder is not None
