"""Losses of classes: minus the logarithm of the probability that the wanted class was given."""

from __future__ import annotations

import torch

from bakeoff.autodiff import gather, kernels
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn.checks import check_between
from bakeoff.nn.layout import n_first
from bakeoff.nn.loss import Loss, Reduction


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
        axes = 2 if self.rounds is None else 3
        if input.ndim != axes or target.shape != (*input.shape[:-2], input.shape[-1]):
            got, other = n_first(input, self.rounds), n_first(target, self.rounds)
            raise ShapeError(
                f"{self!r}: got input {got} and target {other} (N first), expected (N, C) and (N,)"
            )
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

    def __init__(self, *, reduction: Reduction = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(reduction=reduction)
        check_between("CrossEntropyLoss", "label_smoothing", label_smoothing, 0.0, 1.0)
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

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"{super().describe()}, label_smoothing={self.label_smoothing}"


def chosen(rows: Tensor, classes: Tensor) -> Tensor:
    """Return the row of its class for each sample: (..., C, N) and (..., N) to (..., N)."""
    return gather(rows, -2, classes.unsqueeze(-2)).squeeze(-2)
