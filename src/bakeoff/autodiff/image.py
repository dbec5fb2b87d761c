"""Patches and pooling, batch-last: images are (..., channels, height, width, batch)."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.kernels import Array, fill, run, update, view
from bakeoff.autodiff.operation import Draw, example, operation
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, ShapeError

Pair = tuple[int, int]
_INF = float("inf")


def _places(height: int, width: int, size: Pair, stride: Pair) -> Pair:
    """Return how many windows of `size` fit below and beside each other."""
    if min(*size, *stride) < 1:
        raise ArgumentError(
            f"window: got size={size} and stride={stride}, expected numbers of at least 1"
        )
    if size[0] > height or size[1] > width:
        raise ShapeError(
            f"window: got images of {height}x{width} (with padding) and a window of"
            f" {size[0]}x{size[1]}, expected the window to fit"
        )
    return (height - size[0]) // stride[0] + 1, (width - size[1]) // stride[1] + 1


def _window(x: Array, at: Pair, places: Pair, stride: Pair) -> Array:
    """Return a view of the element at offset `at` of every window."""
    rows = slice(at[0], at[0] + stride[0] * (places[0] - 1) + 1, stride[0])
    columns = slice(at[1], at[1] + stride[1] * (places[1] - 1) + 1, stride[1])
    return view(torch.Tensor.__getitem__, x, (..., rows, columns, slice(None)))


def _offsets(size: Pair) -> Iterator[Pair]:
    """Yield the offsets inside a window in row-major order."""
    for i in range(size[0]):
        for j in range(size[1]):
            yield i, j


# ---- patches --------------------------------------------------------------------------------


@example((2, 5, 4, 3), size=(3, 2), stride=(1, 1))
@example((2, 1, 5, 5, 2), size=(2, 2), stride=(2, 1))
@operation
def unfold(x: Array, *, size: Pair, stride: Pair) -> Array:
    """Every window as a column: (..., C, H, W, N) to (..., C·kh·kw, OH, OW, N)."""
    *lead, channels, height, width, batch = x.shape
    places = _places(height, width, size, stride)
    windows = view(torch.Tensor.unfold, x, -3, size[0], stride[0])
    windows = view(torch.Tensor.unfold, windows, -3, size[1], stride[1])
    # Now (..., C, OH, OW, N, kh, kw); the copy below brings the window's axes before the places.
    n = len(lead)
    order = (*range(n), n, n + 4, n + 5, n + 1, n + 2, n + 3)
    windows = view(torch.permute, windows, order)
    rows = channels * size[0] * size[1]
    if lead:
        patches = kernels.empty((*lead, rows, *places, batch), x)
    else:
        flat = kernels.rows_apart((rows, places[0] * places[1] * batch), x)
        patches = view(torch.Tensor.view, flat, (rows, *places, batch))
    update(torch.Tensor.copy_, view(torch.Tensor.view, patches, windows.shape), windows)
    return patches


@example((12, 3, 3, 3), size=(3, 2), stride=(1, 1), shape=(2, 5, 4, 3))
@operation
def fold(g: Array, *, size: Pair, stride: Pair, shape: tuple[int, ...]) -> Array:
    """The adjoint of `unfold`: every column added back where its window lay."""
    *lead, channels, height, width, batch = shape
    places = _places(height, width, size, stride)
    columns = view(torch.Tensor.view, _solid(g), (*lead, channels, *size, *places, batch))
    image = kernels.zeros(shape, g)
    for i, j in _offsets(size):
        part = view(
            torch.Tensor.__getitem__, columns, (..., i, j, slice(None), slice(None), slice(None))
        )
        update(torch.Tensor.add_, _window(image, (i, j), places, stride), part)
    return image


def _solid(x: Array) -> Array:
    """Return columns as they are if the axes after the first lie in one piece, else a copy."""
    return x if x.is_contiguous() or x[0].is_contiguous() else kernels.copy(x)


unfold.rules(
    x=lambda g, out, x, size, stride: fold(g, size=size, stride=stride, shape=tuple(x.shape))
)
fold.rules(g=lambda gg, out, g, size, stride, shape: unfold(gg, size=size, stride=stride))


# ---- pooling --------------------------------------------------------------------------------


@example((2, 4, 4, 3), size=(2, 2), stride=(2, 2))
@example((2, 1, 5, 6, 2), size=(3, 2), stride=(1, 2))
@operation
def max_pool(x: Array, *, size: Pair, stride: Pair) -> Array:
    """The largest of every window: (..., C, H, W, N) to (..., C, OH, OW, N).

    Of equal elements the first in row-major order takes the gradient. NaN and infinity count as
    equal there, and win.

    Raises:
        ArgumentError: for a size or stride below 1.
        ShapeError: if the window does not fit.
    """
    places = _places(x.shape[-3], x.shape[-2], size, stride)
    parts = [_window(x, at, places, stride) for at in _offsets(size)]
    if len(parts) == 1:
        return kernels.copy(parts[0])
    out = fill(torch.maximum, kernels.empty(parts[0].shape, x), parts[0], parts[1])
    for part in parts[2:]:
        fill(torch.maximum, out, out, part)
    return out


def _falls_short(x: Array, top: Array, like: Array) -> Array:
    """Return 1 where x is less than `top`, which holds no NaN, else 0; a NaN of x is no less."""
    return fill(torch.lt, kernels.empty(top.shape, like), x, top)


def _without_nan(top: Array) -> Array:
    """Return `top` with infinity for NaN, so that only NaN and infinity do not fall short of it."""
    return run(torch.nan_to_num, top, nan=_INF, posinf=_INF, neginf=-_INF)


def _whole(*shape: int) -> Draw:
    """Numbers so few that some windows reach their `top` once, some twice and some not at all."""
    return Draw(shape, 0, 3, kind="index")


@example((2, 2, 2, 3), _whole(2, 4, 4, 3), _whole(2, 2, 2, 3), size=(2, 2), stride=(2, 2))
@example((2, 1, 3, 3, 2), _whole(2, 1, 5, 6, 2), _whole(2, 1, 3, 3, 2), size=(3, 2), stride=(1, 2))
@operation
def route(g: Array, x: Array, top: Array, *, size: Pair, stride: Pair) -> Array:
    """Hand each window's g to the first element that is not less than the window's `top`.

    `rest` is what of g has not found its element yet: all of it, until that element takes it. What
    none of the earlier ones has taken is the last one's.
    """
    places = (top.shape[-3], top.shape[-2])
    # Windows that tile the image write each element once; others add to zeros.
    tiles = size == stride and x.shape[-3:-1] == (places[0] * size[0], places[1] * size[1])
    image = kernels.empty(x.shape, g) if tiles else kernels.zeros(x.shape, g)
    rest, top = g, _without_nan(top)
    *earlier, last = _offsets(size)
    for at in earlier:
        left = run(torch.mul, _falls_short(_window(x, at, places, stride), top, g), rest)
        place = _window(image, at, places, stride)
        if tiles:
            fill(torch.sub, place, rest, left)
        else:
            update(torch.Tensor.add_, place, run(torch.sub, rest, left))
        rest = left
    put = torch.Tensor.copy_ if tiles else torch.Tensor.add_
    update(put, _window(image, last, places, stride), rest)
    return image


@example((2, 4, 4, 3), _whole(2, 4, 4, 3), _whole(2, 2, 2, 3), size=(2, 2), stride=(2, 2))
@example((2, 1, 5, 6, 2), _whole(2, 1, 5, 6, 2), _whole(2, 1, 3, 3, 2), size=(3, 2), stride=(1, 2))
@operation
def collect(gg: Array, x: Array, top: Array, *, size: Pair, stride: Pair) -> Array:
    """The adjoint of `route`: from each window, the gg of the element that took the gradient."""
    places = (top.shape[-3], top.shape[-2])
    out = kernels.zeros(top.shape, gg)
    free = update(torch.Tensor.fill_, kernels.empty(top.shape, gg), 1.0)
    top = _without_nan(top)
    *earlier, last = _offsets(size)
    for at in earlier:
        left = run(torch.mul, _falls_short(_window(x, at, places, stride), top, gg), free)
        taken = run(torch.sub, free, left)
        update(torch.Tensor.add_, out, run(torch.mul, taken, _window(gg, at, places, stride)))
        free = left
    last_gg = _window(gg, last, places, stride)
    return update(torch.Tensor.add_, out, run(torch.mul, free, last_gg))


max_pool.rules(x=lambda g, out, x, size, stride: route(g, x, out, size=size, stride=stride))
route.rules(
    g=lambda gg, out, g, x, top, size, stride: collect(gg, x, top, size=size, stride=stride)
)
collect.rules(
    gg=lambda g, out, gg, x, top, size, stride: route(g, x, top, size=size, stride=stride)
)


def avg_pool(x: Tensor, *, size: Pair, stride: Pair) -> Tensor:
    """Return the mean of every window: (..., C, H, W, N) to (..., C, OH, OW, N).

    Raises:
        ArgumentError: for a size or stride below 1.
        ShapeError: if the window does not fit.
    """
    patches = unfold(x, size=size, stride=stride)
    *lead, flat, rows, columns, batch = patches.shape
    count = size[0] * size[1]
    return patches.reshape(*lead, flat // count, count, rows, columns, batch).mean(-4)
