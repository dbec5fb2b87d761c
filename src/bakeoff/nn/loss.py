"""Losses: how far outputs are from their targets."""

from __future__ import annotations

from typing import ClassVar, Literal, NoReturn, get_args

import torch

from bakeoff.autodiff import clamp, gather, kernels, log, softplus
from bakeoff.autodiff.kernels import Array, run, update
from bakeoff.autodiff.operation import Operation
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_choice, check_number
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn.checks import check_floating
from bakeoff.nn.layout import n_first
from bakeoff.nn.module import Module

Reduction = Literal["mean", "sum", "none"]
LOWEST_LOG = -100.0
SMALLEST_SLOPE = 9.999999960041972e-13  # 1e-12 in float32, which PyTorch takes in float64 too


class Loss(Module):
    """Base of the losses.

    Args:
        reduction: "mean" over all elements, "sum", or "none" for every element by itself. In
            lockstep each round is reduced by itself, to shape (R,).

    Raises:
        ArgumentError: for an unknown reduction.
    """

    _shown: ClassVar[tuple[str, ...]] = ("reduction=",)

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        check_choice(type(self).__name__, "reduction", reduction, get_args(Reduction))
        self.reduction = reduction

    def reduce(self, losses: Tensor) -> Tensor:
        """Reduce over every axis but the rounds."""
        if self.reduction == "none":
            return losses
        dims = tuple(range(self._lead, losses.ndim))
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

    def _refuse_shapes(self, input: Tensor, target: Tensor, expected: str) -> NoReturn:
        got, other = n_first(input, self.rounds), n_first(target, self.rounds)
        raise ShapeError(
            f"{self!r}: got input {got} and target {other} (N first), expected {expected}"
        )


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
            self._refuse_shapes(
                input, target, "the same shape; N targets for N outputs need target.reshape(N, 1)"
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


class BCELoss(ElementLoss):
    """-t log x - (1 - t) log(1 - x) of a probability x and a target t, both from 0 to 1.

    Bishop 2006, "Pattern recognition and machine learning", equation 4.90.

    As in PyTorch, no logarithm is less than -100, and the gradient of the input is
    (x - t) / max(x (1 - x), 1e-12), so that neither is infinite where x is exactly 0 or 1. The
    gradient of the target is finite there too, which PyTorch's is not.

    `BCEWithLogitsLoss` of the logit before the sigmoid is more accurate. Shapes and errors as in
    `ElementLoss`, and:

    Raises:
        ArgumentError: for an input or target outside 0 to 1, looked at only outside a capture.
    """

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        """The formula above."""
        if not kernels.recording():
            self._check_range("inputs", input.data, "; logits need BCEWithLogitsLoss")
            self._check_range("targets", target.data, "")
        return binary_cross_entropy(input, target)

    def _check_range(self, what: str, values: Array, hint: str) -> None:
        low, high = float(values.amin()), float(values.amax())
        if low < 0.0 or high > 1.0:
            raise ArgumentError(
                f"{self!r}: got {what} from {low:g} to {high:g}, expected probabilities from 0 to"
                f" 1{hint}"
            )


# ---- the operation: entered in no table, as its slope at 0 and 1 is a convention ------------


@Operation
def binary_cross_entropy(x: Array, t: Array) -> Array:
    """-t log x - (1 - t) log(1 - x), with logarithms of at least -100; shapes broadcast."""
    less = run(torch.sub, t, 1.0)
    of_one = run(torch.mul, t, _bounded(run(torch.log, x)))
    of_zero = run(torch.mul, less, _bounded(run(torch.log1p, run(torch.neg, x))))
    return run(torch.sub, of_zero, of_one)


def _bounded(logs: Array) -> Array:
    return update(torch.Tensor.clamp_, logs, min=LOWEST_LOG)


binary_cross_entropy.rules(
    x=lambda g, out, x, t: g * (x - t) / clamp(x * (1.0 - x), min=SMALLEST_SLOPE),
    t=lambda g, out, x, t: (
        g * (clamp(log(1.0 - x), min=LOWEST_LOG) - clamp(log(x), min=LOWEST_LOG))
    ),
)


# ---- classes ------------------------------------------------------------------------------------


class NLLLoss(Loss):
    """-input[class] of log-probabilities, as `LogSoftmax` gives them (Bishop 2006, equation 4.108).

    Shape:
        input (N, C) floating point; target (N,) int64 in [0, C); the result is a scalar, or (N,)
        with reduction "none".

    Raises:
        ShapeError: for shapes that do not fit, or an empty batch.
        DTypeError: for a target that is not int64, or an input that is not floating point.
        ArgumentError: for a class outside [0, C). The values are looked at only outside a
            capture: a plan's batches are rows of a data set whose labels were checked when it was
            made, and a replay still refuses a class that lies outside the memory.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Log-probabilities (..., C, N), target (..., N)."""
        self.check_classes(input, target)
        return self.reduce(-chosen(input, target))

    def check_classes(self, input: Tensor, target: Tensor) -> None:
        """Raise a named error unless target (..., N) holds classes of input (..., C, N)."""
        if target.dtype != torch.int64:
            raise DTypeError(
                f"{self!r}: got a target of {target.dtype}, expected classes in torch.int64"
            )
        columns = (*input.shape[:-2], input.shape[-1])
        if input.ndim != self._lead + 2 or target.shape != columns:
            self._refuse_shapes(input, target, "(N, C) and (N,)")
        self.check_batch(input)
        if kernels.recording():
            return
        low, high = int(target.data.amin()), int(target.data.amax())
        if low < 0 or high >= input.shape[-2]:
            raise ArgumentError(
                f"{self!r}: got class {low if low < 0 else high}, expected 0 to"
                f" {input.shape[-2] - 1}"
            )


class CrossEntropyLoss(NLLLoss):
    """-log softmax(input)[class]; shapes and errors as in `NLLLoss`, input being logits.

    With label smoothing ε the wanted distribution is 1 - ε on the class and ε spread evenly over
    all C classes (Szegedy et al. 2016, "Rethinking the Inception architecture", section 7):

        (1 - ε) · -log p[class] + ε · mean over c of -log p[c]

    Args:
        reduction: see `Loss`.
        label_smoothing: ε, from 0 to 1.

    Raises:
        ArgumentError: for ε out of range.
    """

    _shown = (*Loss._shown, "label_smoothing=")

    def __init__(self, *, reduction: Reduction = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(reduction=reduction)
        check_number("CrossEntropyLoss", "label_smoothing", label_smoothing, least=0, most=1)
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits (..., C, N), target (..., N)."""
        self.check_classes(input, target)
        logs = input.log_softmax(-2)
        losses = -chosen(logs, target)
        if self.label_smoothing:
            even = -logs.mean(-2)
            losses = losses * (1.0 - self.label_smoothing) + even * self.label_smoothing
        return self.reduce(losses)


def chosen(rows: Tensor, classes: Tensor) -> Tensor:
    """Return the row of its class for each sample: (..., C, N) and (..., N) to (..., N)."""
    return gather(rows, -2, classes.unsqueeze(-2)).squeeze(-2)
