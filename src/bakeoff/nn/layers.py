"""Fully connected layers, tables of rows, and flattening."""

from __future__ import annotations

from functools import partial
from operator import index

import torch

from bakeoff.autodiff import affine, gather, index_select, matmul, where
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_count, keep_default
from bakeoff.errors import ArgumentError, DTypeError
from bakeoff.nn.checks import batch_error, check_dtype
from bakeoff.nn.init import Initialiser, bias_of, by_name, rows_
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

    _shown = ("in_features", "out_features", "bias=")

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
        if x.ndim != self._lead + 2 or x.shape[-2] != self.in_features:
            raise batch_error(self, x, f"{self.in_features} features for each of N samples")
        check_dtype(self, x, self.weight)
        if self.bias is None:
            return matmul(self.weight, x)
        return affine(self.weight, x, self.bias)


class Embedding(Module):
    """Row i of a learned table for each whole number i: W[i].

    Bengio et al. 2003, "A neural probabilistic language model", section 2. Rows start normal, with
    mean 0 and standard deviation 1.

    Args:
        num_embeddings: rows V of the table, at least 1.
        embedding_dim: length D of a row, at least 1.
        padding_idx: a row that starts at 0 and takes no gradient, counted from the end if negative.
        max_norm: None.
        norm_type: 2.
        scale_grad_by_freq: False.
        sparse: False.
        generator: draws the table at once; left out, it waits for `initialise`.

    Shape:
        From outside (N, ...) of int64 or int32, each from 0 to V - 1, to (N, ..., D).

    Raises:
        ArgumentError: for a size below 1, or a padding_idx that is no row.
        ShapeError: when called with numbers out of range.
        DTypeError: when called with numbers that are not whole.
    """

    _shown = ("num_embeddings", "embedding_dim")

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        check_count("Embedding", "num_embeddings", num_embeddings)
        check_count("Embedding", "embedding_dim", embedding_dim)
        keep_default(self, max_norm=(max_norm, None), norm_type=(norm_type, 2.0))
        keep_default(self, scale_grad_by_freq=(scale_grad_by_freq, False), sparse=(sparse, False))
        if padding_idx is not None:
            if not -num_embeddings <= index(padding_idx) < num_embeddings:
                raise ArgumentError(
                    f"Embedding: got padding_idx={padding_idx}, expected one of the"
                    f" {num_embeddings} rows"
                )
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx
        start = partial(rows_, zero=padding_idx)
        self.weight = Parameter((num_embeddings, embedding_dim), start, generator)

    def forward(self, x: Tensor) -> Tensor:
        """(..., N) to (..., D, N)."""
        if x.dtype not in (torch.int64, torch.int32):
            raise DTypeError(f"{self!r}: got a batch of {x.dtype}, expected torch.int64")
        inner = x.shape[self._lead :]
        if self.rounds is None:
            rows = index_select(self.weight, 0, x.reshape(-1))
        else:
            at = x.to(torch.int64).reshape(self.rounds, -1, 1)
            rows = gather(self.weight, 1, at.expand(*at.shape[:2], self.embedding_dim))
        rows = rows.reshape(*x.shape, self.embedding_dim)
        if self.padding_idx is not None:
            fixed = (x == self.padding_idx).unsqueeze(-1)
            rows = where(fixed, rows.detach(), rows)
        return rows.movedim(-2, -1) if inner else rows


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

    _shown = ("start_dim=", "end_dim=")

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        if start_dim == 0:
            raise ArgumentError(
                "Flatten: got start_dim=0, which would mix the samples, expected 1 or more"
            )
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, H, W, N) to (..., C·H·W, N)."""
        axes = x.ndim - self._lead
        start, end = (dim + axes if dim < 0 else dim for dim in (self.start_dim, self.end_dim))
        if not 1 <= start <= end < axes:
            raise batch_error(self, x, f"(N, C, ...) with axes {self.start_dim} to {self.end_dim}")
        return x.flatten(self._lead + start - 1, self._lead + end - 1)
