"""Losses: how far outputs are from what was wanted."""

from __future__ import annotations

from typing import Literal

import torch

from bakeoff.autodiff import kernels, one_hot
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
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

    def __init__(self, reduction: Reduction = "mean") -> None:
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
        """Raise a ShapeError for an empty batch, whose mean would not be a number."""
        if x.ndim and x.shape[-1] == 0:
            raise ShapeError(f"{type(self).__name__}: got an empty batch, expected a sample")

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"reduction={self.reduction!r}"


class MSELoss(Loss):
    """The squared difference: the mean of (input - target)² by default.

    Shape:
        input and target of the same shape, floating point; the result is a scalar, or of that
        shape with reduction "none".

    Raises:
        ShapeError: for shapes that differ, or an empty batch.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Any two tensors of the same shape."""
        if input.shape != target.shape:
            raise ShapeError(
                f"MSELoss: got input {tuple(input.shape)} and target {tuple(target.shape)} (batch"
                " last), expected the same shape; a target of N numbers needs shape (N, 1)"
            )
        self.check_batch(input)
        difference = input - target
        return self.reduce(difference * difference)


class CrossEntropyLoss(Loss):
    """-log softmax(logits)[class], averaged over the batch by default.

    Shape:
        logits (N, C) floating point; target (N,) int64 in [0, C); the result is a scalar, or (N,)
        with reduction "none".

    Raises:
        ShapeError: for shapes that do not fit, or an empty batch.
        DTypeError: for a target that is not int64.
        ArgumentError: for a class outside [0, C).
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits (..., C, N), target (..., N)."""
        self.check_batch(input)
        check_classes(type(self).__name__, input, target)
        wanted = one_hot(target, num_classes=input.shape[-2], like=input.dtype)
        return self.reduce(-(wanted * input.log_softmax(-2)).sum(-2))


def check_classes(loss: str, logits: Tensor, target: Tensor) -> None:
    """Raise a named error unless target (..., N) holds classes of logits (..., C, N).

    The values are looked at only outside a capture: a plan's batches are rows of a data set whose
    labels were checked when it was made.
    """
    if target.dtype != torch.int64:
        raise DTypeError(f"{loss}: got a target of {target.dtype}, expected classes in torch.int64")
    if logits.ndim < 2 or target.shape != (*logits.shape[:-2], logits.shape[-1]):
        raise ShapeError(
            f"{loss}: got logits {tuple(logits.shape)} and target {tuple(target.shape)} (batch"
            " last), expected (C, N) and (N,)"
        )
    if kernels.recording():
        return
    low, high = int(target.data.amin()), int(target.data.amax())
    if low < 0 or high >= logits.shape[-2]:
        raise ArgumentError(
            f"{loss}: got class {low if low < 0 else high}, expected 0 to {logits.shape[-2] - 1}"
        )
