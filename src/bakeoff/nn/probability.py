"""The loss of probabilities, as a last `Sigmoid` gives them."""

from __future__ import annotations

import torch

from bakeoff.autodiff import clamp, kernels, log
from bakeoff.autodiff.kernels import Array, run, update
from bakeoff.autodiff.operation import Operation
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.nn.loss import ElementLoss

LOWEST_LOG = -100.0
SMALLEST_SLOPE = 9.999999960041972e-13  # 1e-12 in float32, which PyTorch takes in float64 too


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
