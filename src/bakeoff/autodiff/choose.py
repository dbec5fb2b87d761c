"""Operations that take elements by their places: slices, indices, order.

The rule of each puts the gradient back at these places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.arguments import is_array
from bakeoff.autodiff.kernels import Array, run, update, view
from bakeoff.autodiff.operation import Draw, example, function, operation
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ShapeError


@example((3, 4), index=(1, slice(0, 3, 2)))
@example((3, 4), index=(..., None, slice(1, 3)))
@operation
def slice_(x: Array, *, index: tuple[Any, ...]) -> Array:
    """The elements at integers and slices; None adds an axis."""
    return view(torch.Tensor.__getitem__, x, index)


@example((2,), index=(1, slice(0, 3, 2)), shape=(3, 4))
@operation
def unslice(g: Array, *, index: tuple[Any, ...], shape: Sequence[int]) -> Array:
    """Zeros of `shape` with g at the elements that `slice` chose."""
    whole = kernels.zeros(shape, g)
    update(torch.Tensor.copy_, view(torch.Tensor.__getitem__, whole, index), g)
    return whole


slice_.rules(x=lambda g, out, x, index: unslice(g, index=index, shape=x.shape))
unslice.rules(g=lambda gg, out, g, index, shape: slice_(gg, index=index))


@example((3, 4), Draw((5,), 0, 3, kind="index"), dim=0)
@operation
def index_select_(x: Array, index: Array, *, dim: int) -> Array:
    """The slices along axis `dim` at the positions `index` (int64, one axis; none is negative)."""
    if index.ndim != 1:
        raise ShapeError(
            f"index_select: got an index of shape {tuple(index.shape)}, expected one axis"
        )
    return run(torch.index_select, x, dim, index)


@example((5, 4), Draw((5,), 0, 3, kind="index"), dim=0, size=3)
@operation
def index_add(g: Array, index: Array, *, dim: int, size: int) -> Array:
    """Zeros with `size` slices along `dim`, to which each slice of g is added at its position."""
    shape = [*g.shape]
    if shape:  # a scalar counts as one slice
        shape[dim] = size
    return update(torch.Tensor.index_add_, kernels.zeros(shape, g), dim, index, g)


index_select_.rules(
    x=lambda g, out, x, index, dim: index_add(g, index, dim=dim, size=x.shape[dim] if x.ndim else 1)
)
index_add.rules(g=lambda gg, out, g, index, dim, size: index_select_(gg, index, dim=dim))


@example((3, 4), Draw((1, 4), 0, 3, kind="index"), dim=0)
@example((2, 3, 4), Draw((2, 5, 4), 0, 3, kind="index"), dim=-2)
@operation
def gather_(x: Array, index: Array, *, dim: int) -> Array:
    """For each element of `index` (int64), the element of x at that position along axis `dim`.

    The result has the shape of `index`, which is that of x along the other axes.
    """
    return run(torch.gather, x, dim, index)


@example((1, 4), Draw((1, 4), 0, 3, kind="index"), dim=0, shape=(3, 4))
@example((2, 5, 4), Draw((2, 5, 4), 0, 3, kind="index"), dim=-2, shape=(2, 3, 4))
@operation
def scatter_add_(g: Array, index: Array, *, dim: int, shape: Sequence[int]) -> Array:
    """Zeros of `shape`, to which each element of g is added where `gather` found it."""
    return update(torch.Tensor.scatter_add_, kernels.zeros(shape, g), dim, index, g)


gather_.rules(x=lambda g, out, x, index, dim: scatter_add_(g, index, dim=dim, shape=x.shape))
scatter_add_.rules(g=lambda gg, out, g, index, dim, shape: gather_(gg, index, dim=dim))


# ---- several arrays, and masks ------------------------------------------------------------------


def wrapped(index: Array, length: int, *, out: Array | None = None) -> Array:
    """Return positions in [-length, length) counted from the front; at each replay too."""
    if index.numel() and not -length <= int(index.amin()) <= int(index.amax()) < length:
        raise IndexError(f"position out of range for an axis of length {length}")
    return torch.remainder(index, max(length, 1), out=out)


@example(Draw((2, 3), 0, 3, kind="index"), length=3)
@operation
def positions(index: Array, *, length: int) -> Array:
    """Positions (int64) along an axis of that length, negative ones counted from its end."""
    return run(wrapped, index, length)


def at_arrays(x: Tensor, parts: Sequence[Any]) -> Tensor:
    """Return the elements of x at arrays of positions or masks, beside integers, slices and None.

    The arrays broadcast; their axes stand where the first of them stood if they stood side by
    side, else in front, as in PyTorch. A mask stands for the positions of what it holds: how many
    they are a step that is captured may not ask.
    """
    plain: list[Any] = []
    arrays: list[Tensor] = []
    places: list[int] = []  # of the arrays, among the axes that are left when integers are taken
    for part in parts:
        for axis in _axes(part, x.shape[sum(p is not None for p in plain) :]):
            if axis is not part or is_array(axis):
                places.append(sum(not isinstance(p, int) for p in plain))
                arrays.append(axis if isinstance(axis, Tensor) else Tensor(axis))
                axis = slice(None)  # noqa: PLW2901 - the array's turn comes below
            plain.append(axis)
    if any(part != slice(None) for part in plain):
        x = slice_(x, index=tuple(plain))
    at = places[0]
    if places != list(range(at, at + len(places))):
        x, at = x.movedim(places, range(len(places))), 0
    lengths, rest = x.shape[at : at + len(arrays)], x.shape[at + len(arrays) :]
    index = positions(arrays[0], length=lengths[0])
    for array, length in zip(arrays[1:], lengths[1:], strict=True):
        index = index * length + positions(array, length=length)
    merged = x if len(arrays) == 1 else x.reshape(*x.shape[:at], lengths.numel(), *rest)
    taken = index_select_(merged, index.flatten(), dim=at)
    return taken.reshape(*x.shape[:at], *index.shape, *rest)


def _axes(part: Any, shape: Sequence[int]) -> list[Any]:
    """Return a part of an index axis by axis: a mask is positions along each of its axes."""
    if not is_array(part) or part.dtype != torch.bool:
        return [part]
    if part.shape != shape[: part.ndim] or not part.ndim:
        raise ShapeError(
            f"index: got a mask of shape {tuple(part.shape)}, expected that of the axes it stands"
            f" for, {tuple(shape[: part.ndim])}"
        )
    kernels.reading("an index by a mask, whose shape depends on values")
    found = torch.nonzero(part.data)
    return [found[:, axis] for axis in range(part.ndim)]


# ---- order --------------------------------------------------------------------------------------


def _argsort(
    x: Array, dim: int, descending: bool, stable: bool, *, out: Array | None = None
) -> Array:
    scratch = None if out is None else (torch.empty(x.shape, dtype=x.dtype), out)
    return torch.sort(x, dim=dim, descending=descending, stable=stable, out=scratch)[1]


@example((3, 4), dim=-1, descending=False, stable=True)
@example((3, 4), dim=0, descending=True, stable=True)
@operation
def argsort_(x: Array, *, dim: int, descending: bool, stable: bool) -> Array:
    """The positions (int64) that put x in order along axis `dim`; stable: equal ones as before."""
    return run(_argsort, x, dim, descending, stable)


def _topk(
    x: Array, k: int, dim: int, largest: bool, sorted: bool, *, out: Array | None = None
) -> Array:
    found = torch.topk(x, k, dim, largest, sorted)[1]
    return found if out is None else out.copy_(found)


@example((3, 4), k=2, dim=-1, largest=True, sorted=True)
@example((3, 4), k=2, dim=0, largest=False, sorted=True)
@operation
def topk_(x: Array, *, k: int, dim: int, largest: bool, sorted: bool) -> Array:
    """The positions (int64) of the k largest or smallest elements along axis `dim`."""
    return run(_topk, x, k, dim, largest, sorted)


# ---- functions under the names of a Tensor's methods --------------------------------------------

gather = function(Tensor.gather)
index_select = function(Tensor.index_select)
