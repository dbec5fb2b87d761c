"""Operations that move elements without changing them: each rule moves the gradient back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.choose import slice_
from bakeoff.autodiff.kernels import Array, run, update, view
from bakeoff.autodiff.operation import example, operation
from bakeoff.autodiff.tensor import Tensor, TensorLike
from bakeoff.checks import named
from bakeoff.errors import ArgumentError, DTypeError, ShapeError


@example((3, 4))
@operation
def alias(x: Array) -> Array:
    """The same tensor, of the same shape and memory, under a name of its own."""
    return view(torch.Tensor.view, x, x.shape)


alias.rules(x=lambda g, out, x: g)


@example((3, 4))
@operation
def contiguous(x: Array) -> Array:
    """A copy of the same shape in one row-major block of memory."""
    return kernels.copy(x)


contiguous.rules(x=lambda g, out, x: g)


@example((3, 4), dtype=torch.float64)
@operation
def cast(x: Array, *, dtype: torch.dtype) -> Array:
    """The same numbers, in the same shape, in another dtype."""
    return kernels.cast(x, torch.empty(0, dtype=dtype))


cast.rules(x=lambda g, out, x, dtype: cast(g, dtype=x.dtype))


@example((3, 4), shape=(2, -1))
@example((3, 4), shape=(3, 2, 2))
@operation
def reshape(x: Array, *, shape: Sequence[int]) -> Array:
    """The same elements, in row-major order, in another shape; one length may be -1."""
    # A view when memory allows; otherwise the copy is made here, where a plan can see it.
    try:
        return view(torch.Tensor.view, x, tuple(shape))
    except RuntimeError:
        return view(torch.Tensor.view, kernels.copy(x), tuple(shape))


reshape.rules(x=lambda g, out, x, shape: reshape(g, shape=x.shape))


@example((2, 3, 4), dims=(2, 0, 1))
@operation
def permute(x: Array, *, dims: Sequence[int]) -> Array:
    """The axes in another order."""
    return view(torch.permute, x, tuple(dims))


@permute.rule("x")
def _permute_rule(g: Tensor, out: Tensor, x: Tensor, dims: Sequence[int]) -> Tensor:
    places = [d % x.ndim for d in dims]
    return permute(g, dims=[places.index(axis) for axis in range(x.ndim)])


@example((3, 1), shape=(2, 3, 4))
@operation
def expand(x: Array, *, shape: Sequence[int]) -> Array:
    """Axes of length 1 repeated, and new leading axes, without copying."""
    return view(torch.Tensor.expand, x, tuple(shape))


expand.rules(x=lambda g, out, x, shape: g)  # summed back where all broadcasting is undone


@example((2, 3, 4), shape=(3, 1))
@example((2, 3), shape=(2, 3))
@operation
def sum_to(x: Array, *, shape: Sequence[int]) -> Array:
    """The sum over the axes that broadcasting `shape` to the shape of x had added."""
    extra = x.ndim - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, x.shape[extra:], strict=True)):
        raise ShapeError(
            f"sum_to: got {tuple(shape)}, expected a shape that broadcasts to {tuple(x.shape)}"
        )
    dims = [*range(extra)]
    dims += [extra + i for i, n in enumerate(shape) if n == 1 and x.shape[extra + i] != 1]
    total = run(torch.sum, x, dims, True) if dims else kernels.copy(x)
    return view(torch.Tensor.view, total, tuple(shape))


sum_to.rules(x=lambda g, out, x, shape: expand(g, shape=x.shape))


@example((2, 3), (1, 3), dim=0)
@example((2, 3), (2, 2), (2, 1), dim=-1)
@operation
def concat_(*tensors: Array, dim: int = 0) -> Array:
    """Tensors one after the other along an axis that exists."""
    return run(torch.cat, list(tensors), dim)


@concat_.rule("tensors")
def _concat_rule(position: int, g: Tensor, out: Tensor, *tensors: Any, dim: int = 0) -> Tensor:
    axis = dim % out.ndim
    # A tensor of shape (0,) may stand beside any other: it adds nothing.
    *before, length = [t.shape[axis] if t.ndim == out.ndim else 0 for t in tensors[: position + 1]]
    index = (slice(None),) * axis + (slice(sum(before), sum(before) + length),)
    part = slice_(g, index=index)
    return part if length else part.reshape(tensors[position].shape)


@example((2, 3), (2, 3), dim=1)
@operation
def stack_(*tensors: Array, dim: int = 0) -> Array:
    """Tensors of one shape side by side along a new axis."""
    return run(torch.stack, list(tensors), dim)


@stack_.rule("tensors")
def _stack_rule(position: int, g: Tensor, out: Tensor, *tensors: Any, dim: int = 0) -> Tensor:
    return slice_(g, index=(slice(None),) * (dim % out.ndim) + (position,))


@named
def concat(tensors: Sequence[TensorLike], dim: int = 0) -> Tensor:
    """Return tensors one after the other along an axis that exists; shapes equal but for it.

    Raises:
        DTypeError: for anything but a list or tuple of tensors.
    """
    return concat_(*_several("concat", tensors), dim=dim)


@named
def stack(tensors: Sequence[TensorLike], dim: int = 0) -> Tensor:
    """Return tensors of one shape side by side along a new axis.

    Raises:
        DTypeError: for anything but a list or tuple of tensors.
    """
    return stack_(*_several("stack", tensors), dim=dim)


def _several(name: str, tensors: Sequence[TensorLike]) -> Sequence[TensorLike]:
    if not isinstance(tensors, list | tuple):
        raise DTypeError(
            f"{name}: got {type(tensors).__name__}, expected a list or tuple of tensors"
        )
    return tensors


# ---- around ----------------------------------------------------------------------------------


@example((2, 3), pad=(2, 1, 1, 0))
@example((2, 3), pad=(1, 1), value=0.5)
@operation
def pad(
    x: Array, *, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Array:
    """x with `value` (0) around it: before and after the last axis, then the one before it, ...

    Raises:
        ArgumentError: for another mode than "constant".
        ShapeError: for an odd count, more pairs than axes, or a negative number.
    """
    if mode != "constant":
        raise ArgumentError(f"pad: got mode={mode!r}, expected 'constant', all that bakeoff has")
    if len(pad) % 2 or len(pad) > 2 * x.ndim or any(n < 0 for n in pad):
        raise ShapeError(
            f"pad: got {tuple(x.shape)} and pad={tuple(pad)}, expected two numbers of at least 0"
            f" for each of the last axes, {x.ndim} at most"
        )
    lengths = [n + before + after for n, before, after in _sides(x, pad)]
    shape = (*x.shape[: x.ndim - len(lengths)], *lengths)
    whole = update(torch.Tensor.fill_, kernels.empty(shape, x), value or 0.0)
    update(torch.Tensor.copy_, view(torch.Tensor.__getitem__, whole, _middle(x, pad)), x)
    return whole


def _sides(x: Array | Tensor, pad: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (length, before, after) of each of the last axes, the last one last."""
    sides = zip(reversed(x.shape), pad[::2], pad[1::2], strict=False)
    return [*sides][::-1]


def _middle(x: Array | Tensor, pad: Sequence[int]) -> tuple[Any, ...]:
    return (..., *(slice(before, before + n) for n, before, _ in _sides(x, pad)))


pad.rules(
    x=lambda g, out, x, pad, mode="constant", value=None: slice_(g, index=_middle(x, pad)),
)
