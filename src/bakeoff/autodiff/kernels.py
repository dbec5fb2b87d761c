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

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import torch

if TYPE_CHECKING:
    from bakeoff.autodiff.recording import Recording

Array = torch.Tensor
Kernel = Callable[..., Any]
T = TypeVar("T")
Kind = Literal["run", "fill", "update", "view", "empty"]


class _State(threading.local):
    # Of this thread alone: a step that is captured here is not that of another thread.
    recorder: Recording | None = None


state = _State()


def run(fn: Kernel, *args: Any, **kwargs: Any) -> Array:
    """Return the new array `fn(*args, **kwargs)`; `fn` must also have an `out=` form."""
    recorder = state.recorder
    if recorder is None:
        new: Array = fn(*args, **kwargs)
        return new
    recorder.before_call(None, kwargs.get("generator"))
    new = fn(*args, **kwargs)
    recorder.on_call("run", fn, args, kwargs, new)
    return new


def fill(fn: Kernel, out: Array, *args: Any, **kwargs: Any) -> Array:
    """Write `fn(*args, **kwargs)` into `out`, whose shape must fit, and return `out`."""
    recorder = state.recorder
    if recorder is not None:
        recorder.before_call(out, kwargs.get("generator"))
    fn(*args, **kwargs, out=out)
    if recorder is not None:
        recorder.on_call("fill", fn, args, kwargs, out)
    return out


def update(fn: Kernel, target: Array, *args: Any, **kwargs: Any) -> Array:
    """Change `target` by the in-place method `fn`, such as `torch.Tensor.add_`; return it."""
    recorder = state.recorder
    if recorder is not None:
        recorder.before_call(target, kwargs.get("generator"))
    fn(target, *args, **kwargs)
    if recorder is not None:
        recorder.on_call("update", fn, (target, *args), kwargs, target)
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


def in_one_piece(length: int) -> bool:
    """Return whether rows of that many numbers lie without a gap between them."""
    return length < 1024 or length % 16 == 0


def rows_apart(shape: tuple[int, int], like: Array) -> Array:
    """Return a matrix whose long rows start at multiples of 64 bytes, values undefined.

    A matrix product reads and writes several rows at once, by whole cache lines: with rows of 2450
    numbers in 2464 places, model 4's products take five sixths of the time.
    """
    m, n = shape
    if in_one_piece(n):
        return empty(shape, like)
    return view(torch.Tensor.__getitem__, empty((m, n + -n % 16), like), (..., slice(0, n)))


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
    """Tell the recorder, if any, that a value is read as a Python number."""
    if state.recorder is not None:
        state.recorder.on_read(what)


def decide(what: str, read: Callable[[], T]) -> T:
    """Return `read()`, by which Python will choose what to compute; `what` says so in words.

    A plan reads again before every replay, and refuses if the choice would now be another.
    """
    found = read()
    if state.recorder is not None:
        state.recorder.on_decision(what, read, found)
    return found


def recording() -> bool:
    """Return whether a plan is being captured in this thread."""
    return state.recorder is not None


@contextmanager
def scope(owner: object) -> Iterator[None]:
    """Tell the recorder, if any, that the calls in this block are those of `owner`."""
    recorder = state.recorder
    if recorder is None:
        yield
        return
    before, recorder.scope = recorder.scope, owner
    try:
        yield
    finally:
        recorder.scope = before
