"""The fully connected layer, and the one that makes vectors of images."""

from __future__ import annotations

import torch

from bakeoff.autodiff import affine, matmul
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_count
from bakeoff.errors import ArgumentError, ShapeError
from bakeoff.nn.checks import check_dtype
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
    """Axes become one, in PyTorch's order: by default (N, C, H, W) to (N, C·H·W).

    Args:
        start_dim: the first, counted as in a batch (N, ...), at least 1 or negative: samples stay
            apart.
        end_dim: the last.

    Raises:
        ArgumentError: for start_dim 0.
        ShapeError: when called with a batch without these axes.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        if start_dim == 0:
            raise ArgumentError(
                "Flatten: got start_dim=0, which would mix the samples, expected 1 or more"
            )
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, H, W, N) to (..., C·H·W, N)."""
        lead = 0 if self.rounds is None else 1
        axes = x.ndim - lead
        start, end = (dim + axes if dim < 0 else dim for dim in (self.start_dim, self.end_dim))
        if not 1 <= start <= end < axes:
            raise ShapeError(
                f"{self!r}: got a batch of shape {n_first(x, self.rounds)} (N first), expected"
                f" (N, C, ...) with axes {self.start_dim} to {self.end_dim}"
            )
        return x.flatten(lead + start - 1, lead + end - 1)

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
