"""The fully connected layer, and the one that makes vectors of images."""

from __future__ import annotations

import torch

from bakeoff.autodiff import affine, matmul
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ShapeError
from bakeoff.nn.checks import check_count, check_dtype
from bakeoff.nn.init import Initialiser, bias_of, by_name
from bakeoff.nn.layout import n_first
from bakeoff.nn.module import Module
from bakeoff.nn.parameter import Parameter


class Linear(Module):
    """y = W x + b, for each column x of a batch (Bishop 2006, equation 5.2).

    Args:
        in_features: length of x, at least 1.
        out_features: length of y, at least 1.
        bias: whether b is there; without it nothing is added and nothing trained in its place.
        init: the weight's initialisation, by name (see `bakeoff.nn.init`) or as a function. The
            bias starts as PyTorch's, uniform in ±1/sqrt(in_features).
        generator: draws the parameters at once; left out, they wait for `initialise`.

    Shape:
        From outside (N, in_features) to (N, out_features); inside (..., in_features, N) to
        (..., out_features, N).

    Raises:
        ArgumentError: for a size below 1 or an unknown `init`.
        ShapeError: when called with another number of features.
        DTypeError: when called with another dtype than that of the parameters.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: str | Initialiser = "default",
        generator: torch.Generator | None = None,
    ) -> None:
        check_count("Linear", "in_features", in_features)
        check_count("Linear", "out_features", out_features)
        self.in_features = in_features
        self.out_features = out_features
        shape = (out_features, in_features)
        self.weight = Parameter(shape, by_name(init), generator)
        self.bias = Parameter((out_features,), bias_of(in_features), generator) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features, N) to (..., out_features, N)."""
        axes = 2 if self.rounds is None else 3
        if x.ndim != axes or x.shape[-2] != self.in_features:
            raise ShapeError(
                f"{self!r}: got a batch of shape {n_first(x, self.rounds)} (N first), expected"
                f" {self.in_features} features for each of N samples"
            )
        check_dtype(self, x, self.weight)
        if self.bias is None:
            return matmul(self.weight, x)
        return affine(self.weight, x, self.bias)

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"


class Flatten(Module):
    """Every axis but the batch becomes one: (N, C, H, W) to (N, C·H·W), in PyTorch's order.

    Raises:
        ShapeError: when called with a batch of one axis, or none.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, H, W, N) to (..., C·H·W, N)."""
        lead = 0 if self.rounds is None else 1
        if x.ndim < lead + 2:
            raise ShapeError(
                f"{self!r}: got a batch of shape {n_first(x, self.rounds)} (N first), expected"
                " (N, C, ...)"
            )
        return x.flatten(lead, -2)
