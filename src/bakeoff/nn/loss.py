"""Losses of numbers: how far outputs are from targets of the same shape."""

from __future__ import annotations

from typing import Literal

from bakeoff.autodiff import kernels, softplus
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn.checks import check_floating
from bakeoff.nn.layout import n_first
from bakeoff.nn.module import Module

Reduction = Literal["mean", "sum", "none"]


class Loss(Module):
    """Base of the losses.

    Args:
        reduction: "mean" over all elements, "sum", or "none" for every element by itself. In
            lockstep each round is reduced by itself, to shape (R,).

    Raises:
        ArgumentError: for an unknown reduction.
    """

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ArgumentError(
                f"{type(self).__name__}: got reduction={reduction!r}, expected 'mean', 'sum' or"
                " 'none'"
            )
        self.reduction = reduction

    def reduce(self, losses: Tensor) -> Tensor:
        """Reduce over every axis but the rounds."""
        if self.reduction == "none":
            return losses
        dims = tuple(range(0 if self.rounds is None else 1, losses.ndim))
        return losses.mean(dims) if self.reduction == "mean" else losses.sum(dims)

    def check_batch(self, x: Tensor) -> None:
        """Check a batch of any shape before it is reduced.

        Raises:
            ShapeError: for an empty one, whose mean would not be a number.
            DTypeError: for integers.
        """
        if x.numel() == 0:
            raise ShapeError(
                f"{self!r}: got an empty batch of shape {n_first(x, self.rounds)} (N first),"
                " expected at least one sample"
            )
        check_floating(self, x)

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"reduction={self.reduction!r}"


class ElementLoss(Loss):
    """Base of the losses that compare element by element.

    Shape:
        input and target of the same shape and floating-point dtype; the result is a scalar, or of
        that shape with reduction "none".

    Raises:
        ShapeError: for shapes that differ, or an empty batch.
        DTypeError: for dtypes that differ, or are not floating point.
        ArgumentError: for a target that is not a number. The values are looked at only outside a
            capture: a plan cannot branch on them.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Any two tensors of the same shape."""
        if input.shape != target.shape:
            got, other = n_first(input, self.rounds), n_first(target, self.rounds)
            raise ShapeError(
                f"{self!r}: got input {got} and target {other} (N first), expected the same shape;"
                " N targets for N outputs need target.reshape(N, 1)"
            )
        self.check_batch(input)
        if input.dtype != target.dtype:
            raise DTypeError(
                f"{self!r}: got a target of {target.dtype}, expected {input.dtype} as the input;"
                f" write target.to({input.dtype})"
            )
        if not kernels.recording() and bool(target.data.isnan().any()):
            raise ArgumentError(
                f"{self!r}: got {int(target.data.isnan().sum())} targets that are not a number"
                " (NaN), expected numbers; drop those samples"
            )
        return self.reduce(self.each(input, target))

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of every element."""
        raise NotImplementedError(f"{type(self).__name__} has no each")


class MSELoss(ElementLoss):
    """The squared difference, (input - target)² (Goodfellow et al. 2016, equation 5.4).

    Shapes and errors as in `ElementLoss`.
    """

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        """(input - target)²."""
        return (input - target).square()


class L1Loss(ElementLoss):
    """The difference's size, |input - target|; its gradient is 0 where they are equal.

    Hastie, Tibshirani & Friedman 2009, "The elements of statistical learning", section 10.6.
    Shapes and errors as in `ElementLoss`.
    """

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        """|input - target|."""
        return (input - target).abs()


class BCEWithLogitsLoss(ElementLoss):
    """-t log σ(x) - (1 - t) log(1 - σ(x)) of a logit x and a target t, from 0 to 1.

    Bishop 2006, "Pattern recognition and machine learning", equation 4.90. Shapes and errors
    as in `ElementLoss`.
    """

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        """(1 - t) x + log(1 + exp(-x)): the same without overflow, and exact where it is small."""
        return (1.0 - target) * input + softplus(-input)
