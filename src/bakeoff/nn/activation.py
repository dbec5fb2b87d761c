"""Activations: elementwise functions between layers."""

from __future__ import annotations

from bakeoff.autodiff.tensor import Tensor
from bakeoff.nn.module import Module


class ReLU(Module):
    """max(x, 0); the derivative at 0 is 0."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.relu()


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.tanh()


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x.sigmoid()


class Identity(Module):
    """The input itself: the report's noActivation."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x
