"""Layers that do one thing in training and another in evaluation: batch normalisation, dropout."""

from __future__ import annotations

import math

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.kernels import run, update, view
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_count, check_number, keep_default
from bakeoff.errors import ShapeError
from bakeoff.nn import init
from bakeoff.nn.checks import batch_error, check_dtype, check_floating
from bakeoff.nn.module import Module
from bakeoff.nn.parameter import Buffer, Parameter


class BatchNorm(Module):
    """Base of the batch normalisations: each channel with mean 0 and variance 1 over the batch.

        y = (x - mean) / sqrt(var + eps) · weight + bias

    In training, mean and var are the batch's (Ioffe & Szegedy 2015, algorithm 1; var divides by
    n) and flow into running_mean and running_var (var divided by n - 1), which evaluation uses:

        running <- (1 - momentum) · running + momentum · batch

    Args:
        num_features: channels C of the input, at least 1.
        eps: added to the variance, above 0.
        momentum: the weight of the newest batch in the running statistics, from 0 to 1.
        affine: whether weight and bias are there; they start at 1 and 0.
        track_running_stats: True.
        bias: whether, if affine, the bias is there.

    Raises:
        ArgumentError: for an argument out of range.
        ShapeError: when called with another shape, or in training with one value a channel, whose
            variance says nothing.
        DTypeError: when called with another dtype than the layer's.
    """

    axes: tuple[int, ...]  # how many axes a batch may have, seen from outside
    expects: str

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        name = type(self).__name__
        keep_default(self, track_running_stats=(track_running_stats, True))
        check_count(name, "num_features", num_features)
        check_number(name, "eps", eps, above=0)
        check_number(name, "momentum", momentum, least=0, most=1)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        # A constant start needs no draw: this generator is never moved.
        still = torch.Generator()
        self.weight = Parameter((num_features,), init.ones, still) if affine else None
        self.bias = Parameter((num_features,), init.zeros, still) if affine and bias else None
        self.running_mean = Buffer((num_features,), 0.0)
        self.running_var = Buffer((num_features,), 1.0)
        # Counted for the sake of state dicts that PyTorch reads and writes.
        self.num_batches_tracked = Buffer((), 0, torch.int64)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, ..., N) to the same shape."""
        self._check(x)
        if self.training:
            axes = tuple(range(x.ndim - self._inner(x), x.ndim))
            mean = x.mean(axes, keepdim=True)
            centred = x - mean
            var = (centred * centred).mean(axes, keepdim=True)
            self._remember(mean, var, x.numel() // mean.numel())
        else:
            centred = x - self._beside(x, self.running_mean)
            var = self._beside(x, self.running_var)
        scale = 1.0 / (var + self.eps).sqrt()
        if self.weight is None:
            return centred * scale
        scaled = centred * (scale * self._beside(x, self.weight))
        return scaled if self.bias is None else scaled + self._beside(x, self.bias)

    def _inner(self, x: Tensor) -> int:
        """Return how many axes follow the channels: those that are averaged over."""
        return x.ndim - self._lead - 1

    def _beside(self, x: Tensor, channels: Tensor) -> Tensor:
        """Return one number a channel, (..., C), shaped to broadcast with x."""
        return channels.reshape(*channels.shape, *[1] * self._inner(x))

    def _remember(self, mean: Tensor, var: Tensor, count: int) -> None:
        """Move the running statistics towards the batch's; no gradient flows through them."""
        unbiased = run(torch.mul, var.data, count / (count - 1))
        for running, batch in ((self.running_mean, mean.data), (self.running_var, unbiased)):
            update(torch.Tensor.mul_, running.data, 1.0 - self.momentum)
            row = view(torch.Tensor.view, batch, running.shape)
            update(torch.Tensor.add_, running.data, row, alpha=self.momentum)
        update(torch.Tensor.add_, self.num_batches_tracked.data, 1)

    def _check(self, x: Tensor) -> None:
        if x.ndim - self._lead not in self.axes or x.shape[self._lead] != self.num_features:
            raise batch_error(self, x, self.expects.format(self.num_features))
        check_dtype(self, x, self.running_mean)
        count = math.prod(x.shape[self._lead + 1 :])
        if self.training and count < 2:
            raise ShapeError(
                f"{self!r}: got {count} values a channel in training, expected at least 2; use a"
                " larger batch, or call .eval() to predict"
            )

    def describe(self) -> str:
        """As PyTorch shows it."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum},"
            f" affine={self.weight is not None}"
        )


class BatchNorm1d(BatchNorm):
    """Batch normalisation of features; formula, arguments and errors as in `BatchNorm`.

    Shape:
        From outside (N, C) or (N, C, L) to the same shape.
    """

    axes = (2, 3)
    expects = "(N, {0}) or (N, {0}, L)"


class BatchNorm2d(BatchNorm):
    """Batch normalisation of images; formula, arguments and errors as in `BatchNorm`.

    Shape:
        From outside (N, C, H, W) to the same shape.
    """

    axes = (4,)
    expects = "(N, {0}, H, W)"


class Dropout(Module):
    """In training, set each element to 0 with probability p and divide the others by 1 - p.

    The expected output is the input, so nothing changes in evaluation (Srivastava et al. 2014,
    "Dropout", section 10: inverted dropout).

    Args:
        p: the probability of 0, from 0 to 1.
        generator: the random stream; `Module.initialise` gives every Dropout a stream of its own,
            by its name in the network. A resumed run needs the streams' states too: see
            `Module.named_streams`.

    Shape:
        Any shape of floating-point numbers to the same shape.

    Raises:
        ArgumentError: for p out of range, or in training without a random stream.
        DTypeError: when called with integers.
    """

    _shown = ("p=",)

    def __init__(
        self, p: float = 0.5, inplace: bool = False, *, generator: torch.Generator | None = None
    ) -> None:
        keep_default(self, inplace=(inplace, False))
        check_number("Dropout", "p", p, least=0, most=1)
        self.p = p
        self.streams = [] if generator is None else [generator]

    def set_streams(self, generators: list[torch.Generator]) -> None:
        """Take the random streams, one a round."""
        self.streams = generators

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        check_floating(self, x)
        if not self.training or self.p == 0.0:
            return x
        return x * Tensor(self._mask(x.data))

    def _mask(self, x: kernels.Array) -> kernels.Array:
        """Return 0 with probability p, else 1 / (1 - p); in lockstep, each round's by its own."""
        mask = kernels.empty(x.shape, x)
        for part, generator in self.each_round(mask):
            kernels.update(torch.Tensor.bernoulli_, part, 1.0 - self.p, generator=generator)
        if self.p < 1.0:
            kernels.update(torch.Tensor.mul_, mask, 1.0 / (1.0 - self.p))
        return mask
