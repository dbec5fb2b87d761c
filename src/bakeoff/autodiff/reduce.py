"""Reductions: sums, means, variances, maxima and log-sum-exp over axes.

The axes reduced over are left out of the result's shape, or kept with length 1 by `keepdim`; its
dtype is that of x.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from bakeoff.autodiff.arguments import axis_of
from bakeoff.autodiff.kernels import Array, copy, reading, run, update, view, zeros
from bakeoff.autodiff.operation import Draw, example, function, operation
from bakeoff.autodiff.tensor import Tensor
from bakeoff.autodiff.tensor_math import Dim
from bakeoff.errors import ArgumentError, DTypeError, ShapeError


def _dims(ndim: int, dim: Dim) -> tuple[int, ...]:
    """Return the axes meant by `dim` as sorted positions; None and () mean all, as in PyTorch.

    A scalar may be reduced over axis 0 or -1, which it has not.
    """
    if dim is None or (isinstance(dim, Sequence) and not dim):
        return tuple(range(ndim))
    wanted = dim if isinstance(dim, Sequence) else (dim,)
    axes = sorted(axis_of("reduction", d, ndim) for d in wanted)
    return tuple(axes) if ndim else ()


def _check_floating(name: str, x: Array) -> None:
    if not x.is_floating_point():
        raise DTypeError(
            f"{name}: got {x.dtype}, expected floating point; write x.to(torch.float32)"
        )


def _count(shape: Sequence[int], dims: Sequence[int]) -> int:
    return math.prod(shape[d] for d in dims)


def _spread(g: Tensor, x: Tensor, dim: Dim, keepdim: bool) -> Tensor:
    """Return `g`, a reduction of `x`, expanded back to the shape of `x`."""
    dims = _dims(x.ndim, dim)
    if not keepdim:
        g = g.reshape([1 if i in dims else n for i, n in enumerate(x.shape)])
    return g.expand(x.shape)


@example((3, 4))
@example((2, 3, 4), dim=(0, -1))
@example((3, 4), dim=1, keepdim=True)
@operation
def sum(x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
    """The sum over the axes `dim`, all by default."""
    return _total(x, _dims(x.ndim, dim), keepdim)


def _total(x: Array, dims: tuple[int, ...], keepdim: bool) -> Array:
    """Return the sum of x over `dims`, positions in order.

    Of short rows by a product with ones, at half of sum's price; of long rows by torch.sum, which
    adds in pairs and so rounds less, and costs no more.
    """
    n, kept = _count(x.shape, dims), x.ndim - len(dims)
    trailing = dims == tuple(range(kept, x.ndim)) and x.is_contiguous() and x.numel() > 0
    if not trailing or not 1 < n <= 1024 or x.dtype not in (torch.float32, torch.float64):
        return run(torch.sum, x, dims, keepdim)
    rows = view(torch.Tensor.view, x, (x.numel() // n, n))
    totals = run(torch.mv, rows, run(torch.full, (n,), 1.0, dtype=x.dtype))
    return view(torch.Tensor.view, totals, (*x.shape[:kept], *[1] * (len(dims) * keepdim)))


sum.rules(x=lambda g, out, x, dim=None, keepdim=False: _spread(g, x, dim, keepdim))


@example((3, 4))
@example((2, 3, 4), dim=(0, -1))
@example((3, 4), dim=1, keepdim=True)
@operation
def mean(x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
    """The mean over the axes `dim`, all by default."""
    return _mean(x, _dims(x.ndim, dim), keepdim)


def _mean(x: Array, dims: tuple[int, ...], keepdim: bool) -> Array:
    # 1/n as an array without axes: a plan keeps it, and a Python number costs 2 µs more.
    count = _count(x.shape, dims)
    if count == 0:
        raise ShapeError("mean: got no elements to average, expected at least one")
    _check_floating("mean", x)
    total = _total(x, dims, keepdim)
    share = run(torch.full, (), 1.0 / count, dtype=torch.result_type(x, 1.0))
    return run(torch.mul, total, share)


@mean.rule("x")
def _mean_rule(g: Tensor, out: Tensor, x: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    return _spread(g * (1.0 / _count(x.shape, _dims(x.ndim, dim))), x, dim, keepdim)


@example((3, 4))
@example((2, 3, 4), dim=(0, -1), correction=0)
@example((3, 4), dim=1, keepdim=True)
@operation
def var_(x: Array, *, dim: Dim = None, keepdim: bool = False, correction: int = 1) -> Array:
    """The variance over the axes `dim`: squared deviations summed, divided by n - correction."""
    _check_floating("var", x)
    dims = _dims(x.ndim, dim)
    centred = run(torch.sub, x, _mean(x, dims, True))
    squares = _total(run(torch.mul, centred, centred), dims, keepdim)
    return run(torch.mul, squares, 1.0 / _freedom(x.shape, dims, correction))


def _freedom(shape: Sequence[int], dims: Sequence[int], correction: int) -> int:
    freedom = _count(shape, dims) - correction
    if freedom < 1:
        raise ShapeError(
            f"var: got {_count(shape, dims)} elements with correction {correction}, expected more"
            " elements than the correction"
        )
    return freedom


@var_.rule("x")
def _var_rule(
    g: Tensor, out: Tensor, x: Tensor, dim: Dim = None, keepdim: bool = False, correction: int = 1
) -> Tensor:
    # d/dx_i of Σ (x_j - m)² is 2 (x_i - m): what comes through m sums to zero.
    dims = _dims(x.ndim, dim)
    centred = x - mean(x, dim=dims, keepdim=True)
    scale = 2.0 / _freedom(x.shape, dims, correction)
    return _spread(g * scale, x, dim, keepdim) * centred


@example((3, 4), dim=1)
@example((2, 3, 4), dim=-2)
@operation
def cumsum(x: Array, *, dim: int) -> Array:
    """The sums of the elements so far along axis `dim`, in the shape of x."""
    return run(torch.cumsum, x, dim)


# An element is in the sums from its place on: what comes to them is summed from behind.
cumsum.rules(x=lambda g, out, x, dim: cumsum(g.flip(dim), dim=dim).flip(dim))


# ---- maxima ---------------------------------------------------------------------------------


@example((3, 4))
@example((2, 3, 4), dim=(0, 2))
@example((3, 4), dim=1, keepdim=True)
@operation
def amax(x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
    """The largest over the axes `dim`, all by default; equal ones share the gradient evenly."""
    return run(torch.amax, x, _dims(x.ndim, dim), keepdim)


@amax.rule("x")
def _amax_rule(g: Tensor, out: Tensor, x: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    ties = (x == _spread(out, x, dim, keepdim)).to(x.dtype)
    return _spread(g, x, dim, keepdim) * (ties / sum(ties, dim=dim, keepdim=True))


@example((3, 4))
@example((2, 3, 4), dim=(0, 2), keepdim=True)
@operation
def amin(x: Array, *, dim: Dim = None, keepdim: bool = False) -> Array:
    """The smallest over the axes `dim`, all by default; equal ones share the gradient evenly."""
    return run(torch.amin, x, _dims(x.ndim, dim), keepdim)


amin.rules(x=_amax_rule)


@example((3, 4))
@operation
def max_(x: Array) -> Array:
    """The largest of all elements, a scalar; equal ones, or all NaN, share the gradient evenly."""
    return run(torch.amax, x)


@max_.rule("x")
def _max_rule(g: Tensor, out: Tensor, x: Tensor) -> Tensor:
    ties = (x == out).to(x.dtype) + (x != x).to(x.dtype)  # noqa: PLR0124 - NaN alone differs
    return g * (ties / sum(ties))


@example((3, 4))
@operation
def min_(x: Array) -> Array:
    """The smallest of all elements, a scalar; equal ones, or all NaN, share the gradient."""
    return run(torch.amin, x)


min_.rules(x=_max_rule)


@example((3, 4))
@example((3, 4), dim=1)
@example((3, 4), dim=0, keepdim=True)
@operation
def argmax(x: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
    """The position of the first largest element along axis `dim`, or of all, int64."""
    return run(torch.argmax, x, dim, keepdim)


@example((3, 4))
@example((3, 4), dim=1)
@example((3, 4), dim=0, keepdim=True)
@operation
def argmin(x: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
    """The position of the first smallest element along axis `dim`, or of all, int64."""
    return run(torch.argmin, x, dim, keepdim)


# ---- log-sum-exp and softmax ----------------------------------------------------------------


@example((3, 4), dim=0)
@example((2, 3, 4), dim=(0, 2), keepdim=True)
@operation
def logsumexp(x: Array, *, dim: int | Sequence[int], keepdim: bool = False) -> Array:
    """log(Σ exp(x)) over the axes `dim`, shifted by the maximum so that it cannot overflow."""
    return run(torch.logsumexp, x, _dims(x.ndim, dim), keepdim)


@logsumexp.rule("x")
def _logsumexp_rule(
    g: Tensor, out: Tensor, x: Tensor, dim: int | Sequence[int], keepdim: bool = False
) -> Tensor:
    return _spread(g, x, dim, keepdim) * (x - _spread(out, x, dim, keepdim)).exp()


@example((3, 4), dim=0)
@example((2, 3, 4), dim=-1)
@operation
def log_softmax(x: Array, *, dim: int) -> Array:
    """x - logsumexp(x) along axis `dim`, in the shape of x."""
    return _log_softmax(x, dim)


def _log_softmax(x: Array, dim: int) -> Array:
    """Shift by the maximum, so that exp cannot overflow; half the price of torch.logsumexp."""
    _check_floating("softmax", x)
    if x.numel() == 0:
        return copy(x)
    shifted = run(torch.sub, x, run(torch.amax, x, dim, True))
    total = run(torch.sum, run(torch.exp, shifted), dim, True)
    return run(torch.sub, shifted, run(torch.log, total))


# g - softmax(x) Σ g; with g = -onehot this is the familiar softmax minus target.
log_softmax.rules(
    x=lambda g, out, x, dim: g - out.exp() * sum(g, dim=dim, keepdim=True),
)


@example((3, 4), dim=0)
@example((2, 3, 4), dim=-1)
@operation
def softmax(x: Array, *, dim: int) -> Array:
    """exp(x) / Σ exp(x) along axis `dim`, in the shape of x."""
    return run(torch.exp, _log_softmax(x, dim))


softmax.rules(
    x=lambda g, out, x, dim: out * (g - sum(g * out, dim=dim, keepdim=True)),
)


@example(Draw((5,), 0, 3, kind="index"), num_classes=3)
@example(Draw((2, 5), 0, 3, kind="index"), num_classes=3)
@operation
def one_hot(classes: Array, *, num_classes: int = -1) -> Array:
    """1 at each class along a new last axis, else 0.

    Args of the operation: classes (...) int64 in [0, num_classes); left out, num_classes is that
    of the largest, which a step that is captured may not ask. The result is (..., num_classes)
    int64.

    Raises:
        ArgumentError: for fewer than one class.
        ShapeError: for a class outside [0, num_classes), at a replay too.
    """
    if num_classes == -1 and classes.numel():
        reading("one_hot without num_classes")
        num_classes = int(classes.amax()) + 1
    if num_classes < 1:
        raise ArgumentError(f"one_hot: got num_classes={num_classes}, expected 1 or more")
    ones = zeros((*classes.shape, num_classes), torch.empty(0, dtype=torch.int64))
    return update(torch.Tensor.scatter_, ones, -1, view(torch.unsqueeze, classes, -1), 1)


# ---- functions under the names of a Tensor's methods --------------------------------------------

max = function(Tensor.max)
min = function(Tensor.min)
var = function(Tensor.var)
