"""Matrix products, alone and with a bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.kernels import Array, Kernel, copy, fill, run, view
from bakeoff.autodiff.operation import example, function, operation
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ShapeError


@example((2, 3), (3, 4))
@example((5, 2, 3), (3, 4))
@example((2, 3), (5, 3, 4))
@example((2, 1, 2, 3), (5, 3, 1))
@operation
def matmul_(a: Array, b: Array) -> Array:
    """The matrix product: (..., m, k) by (..., k, n) gives (..., m, n); leading axes broadcast.

    Raises:
        ShapeError: for fewer than two axes, or a k that differs.
    """
    if a.ndim < 2 or b.ndim < 2:
        raise ShapeError(
            f"matmul: got shapes {tuple(a.shape)} and {tuple(b.shape)}, expected matrices; give a"
            " vector a second axis with unsqueeze"
        )
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"matmul: got shapes {tuple(a.shape)} and {tuple(b.shape)}, expected the last axis of"
            f" the first ({a.shape[-1]}) to equal the last but one of the second ({b.shape[-2]})"
        )
    if a.ndim == b.ndim == 2:
        return _product(a, b)
    # torch.broadcast_shapes would load sympy at its first call, for a second or more.
    sizes = zip_longest(a.shape[-3::-1], b.shape[-3::-1], fillvalue=1)
    lead = [two if one == 1 else one for one, two in sizes][::-1]
    if a.shape[-1] == 1 and a.shape[:-2] == b.shape[:-2]:
        # A column times a row: bmm would start a matrix product for each pair of them.
        return run(torch.mul, a, b)
    product = run(torch.bmm, _batched(a, lead), _batched(b, lead))
    return view(torch.Tensor.view, product, (*lead, *product.shape[1:]))


def _product(a: Array, b: Array) -> Array:
    """Return the product of two matrices, computed as (bᵀ aᵀ)ᵀ where that is faster.

    Vector registers hold 16 columns of the result. Where its columns do not fill them, its rows
    would, and it is smaller than what it is made of, the transpose is worth a copy: the gradient
    of a first convolution's weight, 16 × 14400 by 14400 × 9, takes two thirds of the time. A later
    one's, 32 × 1600 by 1600 × 144, takes four fifths: of the two factors the one that lies
    transposed is laid out anew, piece by piece, and then it is the smaller one.
    """
    (m, k), n = a.shape, b.shape[1]
    long = b.stride(1) != 1 and n > 2 * m and k > 2 * n
    if m % 16 == 0 and ((n % 16 != 0 and k > max(m, n)) or long):
        other = run(torch.mm, view(torch.t, b), view(torch.t, a))
        # By three axes: a copy that turns a matrix takes storage of its own inside torch.
        turned = copy(view(torch.unsqueeze, view(torch.t, other), 0))
        return view(torch.Tensor.view, turned, (m, n))
    return _run_apart(torch.mm, (m, n), a, b)


def _run_apart(fn: Kernel, shape: tuple[int, int], *args: Array) -> Array:
    """Return `fn(*args)`, a matrix of `shape`, its rows apart if they are long."""
    if kernels.in_one_piece(shape[1]):
        return run(fn, *args)
    return fill(fn, kernels.rows_apart(shape, args[-1]), *args)


def _batched(x: Array, lead: Sequence[int]) -> Array:
    """Return `x` with leading axes `lead` merged into one."""
    if x.ndim == 3 and x.shape[:1] == torch.Size(lead):
        return x
    if x.shape[:-2] != torch.Size(lead):
        x = copy(view(torch.Tensor.expand, x, (*lead, *x.shape[-2:])))
    elif not x.is_contiguous():
        x = copy(x)
    return view(torch.Tensor.view, x, (math.prod(lead), *x.shape[-2:]))


matmul_.rules(a=lambda g, out, a, b: g @ b.mT, b=lambda g, out, a, b: a.mT @ g)


@example((2, 3), (3, 4), (2,))
@example((5, 2, 3), (5, 3, 4), (5, 2))
@operation
def affine(weight: Array, x: Array, bias: Array) -> Array:
    """W x + b: weight (..., out, in), x (..., in, N), bias (..., out) give (..., out, N)."""
    column = view(torch.unsqueeze, bias, -1)
    if x.ndim == 2:
        return _run_apart(torch.addmm, (weight.shape[0], x.shape[1]), column, weight, x)
    return run(torch.baddbmm, column, weight, x)


affine.rules(
    weight=lambda g, out, weight, x, bias: g @ x.mT,
    x=lambda g, out, weight, x, bias: weight.mT @ g,
    bias=lambda g, out, weight, x, bias: g.sum(-1),
)


# ---- functions under the names of a Tensor's methods --------------------------------------------

matmul = function(Tensor.matmul)
