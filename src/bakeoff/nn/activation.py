"""Activations: functions between layers, elementwise but for the softmax."""

from __future__ import annotations

from bakeoff.autodiff import leaky_relu
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import keep_default
from bakeoff.errors import ArgumentError, ShapeError
from bakeoff.nn.layout import n_first
from bakeoff.nn.module import Module


class ReLU(Module):
    """max(x, 0); the derivative at 0 is 0.

    Nair & Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".

    Args:
        inplace: False; nothing here writes over its input.

    Raises:
        ArgumentError: for inplace=True.
    """

    def __init__(self, inplace: bool = False) -> None:
        keep_default(self, inplace=(inplace, False))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.relu()


class LeakyReLU(Module):
    """x where positive, negative_slope · x elsewhere; the derivative at 0 is negative_slope.

    Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".

    Args:
        negative_slope: the slope below 0.
        inplace: False.

    Raises:
        ArgumentError: for inplace=True.
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        keep_default(self, inplace=(inplace, False))
        self.negative_slope = float(negative_slope)

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return leaky_relu(x, negative_slope=self.negative_slope)

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"negative_slope={self.negative_slope}"


class Tanh(Module):
    """The hyperbolic tangent, from -1 to 1.

    LeCun et al. 1998, "Efficient backprop", section 4.4.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.tanh()


class Sigmoid(Module):
    """1 / (1 + exp(-x)), from 0 to 1 (Bishop 2006, equation 4.59)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.sigmoid()


class Identity(Module):
    """The input itself: the report's noActivation."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x


class Softmax(Module):
    """exp(x) / Σ exp(x) along one axis: positive numbers whose sum is 1.

    Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".

    Args:
        dim: the axis, counted as in a batch (N, ...): 1 or -1 are the classes of (N, C).

    Raises:
        ArgumentError: without a dim.
        ShapeError: when called with a batch that has no such axis.
    """

    def __init__(self, dim: int | None = None) -> None:
        if dim is None:
            raise ArgumentError(
                f"{type(self).__name__}: got no dim, expected one, such as dim=1 for the classes of"
                " (N, C); PyTorch's own guess is deprecated"
            )
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.softmax(self._axis(x))

    def _axis(self, x: Tensor) -> int:
        """Return the axis of the batch-last x that `dim` means: the first is last, others move."""
        axes = x.ndim if self.rounds is None else x.ndim - 1
        if not -axes <= self.dim < axes:
            raise ShapeError(
                f"{self!r}: got a batch of shape {n_first(x, self.rounds)} (N first), expected one"
                f" with an axis {self.dim}"
            )
        return self.dim % axes - 1 - (axes if self.dim % axes else 0)

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """x - log Σ exp(x) along one axis: what `NLLLoss` takes. Arguments and errors as `Softmax`."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.log_softmax(self._axis(x))
