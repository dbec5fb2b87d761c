"""Normalisations: mean 0 and variance 1 over the batch, over a sample, or over parts of it.

They differ in the axes that are averaged over, and in whether the averages of training are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index

import torch

from bakeoff.autodiff import pad
from bakeoff.autodiff.kernels import Array, cast, run, update, view
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_count, check_number
from bakeoff.errors import ArgumentError, ShapeError
from bakeoff.nn import init
from bakeoff.nn.checks import batch_error, check_dtype, check_floating
from bakeoff.nn.module import Module
from bakeoff.nn.parameter import Buffer, Parameter


def _constant(shape: tuple[int, ...], start: init.Initialiser, there: bool) -> Parameter | None:
    # A constant start needs no draw: this generator is never moved.
    return Parameter(shape, start, torch.Generator()) if there else None


def _for_each(layer: Module, x: Tensor, channels: Tensor) -> Tensor:
    """Return one number a channel, (..., C), shaped to broadcast with x, (..., C, ..., N)."""
    return channels.reshape(*channels.shape, *[1] * (x.ndim - layer._lead - 1))


def _unit(x: Tensor, axes: int | Sequence[int], eps: float) -> Tensor:
    """Return x divided by the root of its mean square over some axes, to which eps is added."""
    return x * (1.0 / (x.square().mean(axes, keepdim=True) + eps).sqrt())


def _normal(x: Tensor, axes: int | Sequence[int], eps: float) -> Tensor:
    """Return x with mean 0 and variance 1, but for eps, over some axes."""
    return _unit(x - x.mean(axes, keepdim=True), axes, eps)


class BatchNorm(Module):
    """Base of the batch normalisations: each channel with mean 0 and variance 1 over the batch.

        y = (x - mean) / sqrt(var + eps) · weight + bias

    In training, mean and var are the batch's (Ioffe & Szegedy 2015, algorithm 1; var divides by
    n) and flow into running_mean and running_var (var divided by n - 1), which evaluation uses:

        running <- (1 - momentum) · running + momentum · batch

    Args:
        num_features: channels C of the input, at least 1.
        eps: added to the variance, above 0.
        momentum: the weight of the newest batch in the running statistics, from 0 to 1; None for
            the mean of all batches.
        affine: whether weight and bias are there; they start at 1 and 0.
        track_running_stats: whether the running statistics are there; without, evaluation uses the
            batch's own.
        bias: whether, if affine, the bias is there.

    Raises:
        ArgumentError: for an argument out of range.
        ShapeError: when called with another shape, or in training with one value a channel, whose
            variance says nothing.
        DTypeError: when called with another dtype than the layer's.
    """

    axes: tuple[int, ...]  # how many axes a batch may have, seen from outside
    expects: str
    _counts = True  # the batches that flowed into the running statistics

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        name = type(self).__name__
        check_count(name, "num_features", num_features)
        check_number(name, "eps", eps, above=0)
        if momentum is not None:
            check_number(name, "momentum", momentum, least=0, most=1)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.track_running_stats = bool(track_running_stats)
        self.weight = _constant((num_features,), init.ones, affine)
        self.bias = _constant((num_features,), init.zeros, affine and bias)
        if self.track_running_stats:
            self.running_mean = Buffer((num_features,), 0.0)
            self.running_var = Buffer((num_features,), 1.0)
            # Counted for the sake of state dicts that PyTorch reads and writes.
            self.num_batches_tracked = Buffer((), 0, torch.int64)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, ..., N) to the same shape."""
        self._check(x)
        if self._measures:
            axes = self._averaged(x)
            mean = x.mean(axes, keepdim=True)
            centred = x - mean
            var = (centred * centred).mean(axes, keepdim=True)
            if self.training and self.track_running_stats:
                self._remember(mean.data, var.data, x.numel() // mean.numel())
        else:
            centred = x - _for_each(self, x, self.running_mean)
            var = _for_each(self, x, self.running_var)
        scale = 1.0 / (var + self.eps).sqrt()
        if self.weight is None:
            return centred * scale
        scaled = centred * (scale * _for_each(self, x, self.weight))
        return scaled if self.bias is None else scaled + _for_each(self, x, self.bias)

    @property
    def _measures(self) -> bool:
        """Whether mean and variance are the batch's own, not those that training left."""
        return self.training or not self.track_running_stats

    def _averaged(self, x: Tensor) -> tuple[int, ...]:
        """Return the axes that follow the channels, the batch's among them."""
        return tuple(range(self._lead + 1, x.ndim))

    def _remember(self, mean: Array, var: Array, count: int) -> None:
        """Move the running statistics towards the batch's; no gradient flows through them."""
        unbiased = run(torch.mul, var, count / (count - 1))
        if self.momentum is None:
            update(torch.Tensor.add_, self.num_batches_tracked.data, 1)
            total = cast(self.num_batches_tracked.data, self.running_mean.data)
            share = view(torch.unsqueeze, run(torch.reciprocal, total), -1)
        for running, batch in ((self.running_mean, mean), (self.running_var, unbiased)):
            row = view(torch.Tensor.view, batch, running.shape)
            if self.momentum is None:
                update(torch.Tensor.lerp_, running.data, row, share)
                continue
            update(torch.Tensor.mul_, running.data, 1.0 - self.momentum)
            update(torch.Tensor.add_, running.data, row, alpha=self.momentum)
        if self._counts and self.momentum is not None:
            update(torch.Tensor.add_, self.num_batches_tracked.data, 1)

    def _check(self, x: Tensor) -> None:
        if x.ndim - self._lead not in self.axes or x.shape[self._lead] != self.num_features:
            raise batch_error(self, x, self.expects.format(self.num_features))
        check_dtype(self, x, self.running_mean if self.track_running_stats else self.weight)
        count = math.prod(x.shape[axis] for axis in self._averaged(x))
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
    """`BatchNorm` of features, from outside (N, C) or (N, C, L) to the same shape."""

    axes = (2, 3)
    expects = "(N, {0}) or (N, {0}, L)"


class BatchNorm2d(BatchNorm):
    """`BatchNorm` of images, from outside (N, C, H, W) to the same shape."""

    axes = (4,)
    expects = "(N, {0}, H, W)"


class BatchNorm3d(BatchNorm):
    """`BatchNorm` of volumes, from outside (N, C, D, H, W) to the same shape."""

    axes = (5,)
    expects = "(N, {0}, D, H, W)"


class InstanceNorm(BatchNorm):
    """Base of the instance normalisations: each channel of each sample with mean 0, variance 1.

    Formula, arguments and errors are those of `BatchNorm`, with mean and var over the places of one
    sample alone (Ulyanov, Vedaldi & Lempitsky 2016, "Instance normalization", equation 7). Running
    statistics, if tracked, move towards the means over the batch; momentum is a number.
    """

    _counts = False  # nor does PyTorch's

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
    ) -> None:
        check_number(type(self).__name__, "momentum", momentum, least=0, most=1)
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias=bias)

    def _averaged(self, x: Tensor) -> tuple[int, ...]:
        return tuple(range(self._lead + 1, x.ndim - 1))

    def _remember(self, mean: Array, var: Array, count: int) -> None:
        mean, var = (
            run(torch.mul, run(torch.sum, part, -1, True), 1.0 / part.shape[-1])
            for part in (mean, var)
        )
        super()._remember(mean, var, count)


class InstanceNorm1d(InstanceNorm):
    """`InstanceNorm` of sequences, from outside (N, C, L) or (C, L) to the same shape."""

    axes, _sample_axes = (3,), 2
    expects = "(N, {0}, L)"


class InstanceNorm2d(InstanceNorm):
    """`InstanceNorm` of images, from outside (N, C, H, W) or (C, H, W) to the same shape."""

    axes, _sample_axes = (4,), 3
    expects = "(N, {0}, H, W)"


class InstanceNorm3d(InstanceNorm):
    """`InstanceNorm` of volumes, from outside (N, C, D, H, W) or (C, D, H, W) to the same shape."""

    axes, _sample_axes = (5,), 4
    expects = "(N, {0}, D, H, W)"


class GroupNorm(Module):
    """Groups of a sample's channels with mean 0 and variance 1, then · weight + bias.

    The formula is that of `BatchNorm`, with mean and var over the channels of one group and all
    places of one sample (Wu & He 2018, "Group normalization", equation 1).

    Args:
        num_groups: at least 1, a divisor of num_channels.
        num_channels: channels C of the input.
        eps: added to the variance, above 0.
        affine: whether weight and bias, (C,), are there; they start at 1 and 0.
        bias: whether, if affine, the bias is there.

    Shape:
        From outside (N, C, ...) to the same shape.

    Raises:
        ArgumentError: for an argument out of range.
        ShapeError: when called with other channels.
        DTypeError: when called with another dtype than the layer's.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        check_count("GroupNorm", "num_groups", num_groups)
        check_count("GroupNorm", "num_channels", num_channels)
        check_number("GroupNorm", "eps", eps, above=0)
        if num_channels % num_groups:
            raise ArgumentError(
                f"GroupNorm: got num_groups={num_groups}, expected a divisor of"
                f" num_channels={num_channels}"
            )
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = _constant((num_channels,), init.ones, affine)
        self.bias = _constant((num_channels,), init.zeros, affine and bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, ..., N) to the same shape."""
        lead = x.shape[: self._lead]
        if x.ndim < self._lead + 2 or x.shape[self._lead] != self.num_channels:
            raise batch_error(self, x, f"(N, {self.num_channels}, ...)")
        check_dtype(self, x, self.weight)
        size = math.prod(x.shape[self._lead : -1]) // self.num_groups
        groups = x.reshape(*lead, self.num_groups, size, x.shape[-1])
        out = _normal(groups, -2, self.eps).reshape(x.shape)
        if self.weight is not None:
            out = out * _for_each(self, x, self.weight)
        return out if self.bias is None else out + _for_each(self, x, self.bias)

    def describe(self) -> str:
        """As PyTorch shows it."""
        affine = self.weight is not None
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={affine}"


# ---- over a sample's last axes -----------------------------------------------------------------


class RMSNorm(Module):
    """x / sqrt(mean of x² + eps) · weight, over the last axes of each sample.

    Zhang & Sennrich 2019, "Root mean square layer normalization", equation 4.

    Args:
        normalized_shape: the lengths of these axes, or that of the last.
        eps: added to the mean, above 0; by default the distance from 1 to the next number.
        elementwise_affine: whether the weight, of that shape, is there; it starts at 1.

    Shape:
        From outside (N, ..., *normalized_shape) to the same shape.

    Raises:
        ArgumentError: for an argument out of range.
        ShapeError: when called with other lengths.
        DTypeError: when called with another dtype than the layer's.
    """

    _shown = ("normalized_shape", "eps=", "elementwise_affine=")

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        name = type(self).__name__
        if not isinstance(normalized_shape, Sequence):
            normalized_shape = (index(normalized_shape),)
        self.normalized_shape = tuple(
            check_count(name, "normalized_shape", n) for n in normalized_shape
        )
        if not self.normalized_shape:
            raise ArgumentError(f"{name}: got normalized_shape=(), expected a length or several")
        if eps is not None:
            check_number(name, "eps", eps, above=0)
        self.eps, self.elementwise_affine = eps, bool(elementwise_affine)
        self._sample_axes = len(self.normalized_shape)
        self.weight = _constant(self.normalized_shape, init.ones, self.elementwise_affine)

    def forward(self, x: Tensor) -> Tensor:
        """(..., *normalized_shape, N) to the same shape."""
        axes = self._checked(x)
        eps = self.eps or (2.0**-52 if x.dtype == torch.float64 else 2.0**-23)
        return self._scaled(_unit(x, axes, eps))

    def _checked(self, x: Tensor) -> tuple[int, ...]:
        """Return the axes of the batch-last x that are averaged over."""
        count = len(self.normalized_shape)
        fits = x.ndim > self._lead + count and x.shape[-1 - count : -1] == self.normalized_shape
        if not fits:
            lengths = ", ".join(map(str, self.normalized_shape))
            raise batch_error(self, x, f"(N, ..., {lengths})")
        check_dtype(self, x, self.weight)
        return tuple(range(-1 - count, -1))

    def _scaled(self, x: Tensor) -> Tensor:
        return x if self.weight is None else x * self._beside(x, self.weight)

    def _beside(self, x: Tensor, parameter: Tensor) -> Tensor:
        between = [1] * (x.ndim - parameter.ndim - 1)
        lead = parameter.shape[: self._lead]
        return parameter.reshape(*lead, *between, *self.normalized_shape, 1)


class LayerNorm(RMSNorm):
    """(x - mean) / sqrt(var + eps) · weight + bias, over the last axes of each sample.

    Ba, Kiros & Hinton 2016, "Layer normalization", equation 3; var divides by n. Arguments, shapes
    and errors are those of `RMSNorm`; `bias` says whether, if the weight is there, the bias is too.
    """

    eps: float

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        check_number("LayerNorm", "eps", eps, above=0)
        super().__init__(normalized_shape, eps, elementwise_affine)
        self.bias = _constant(self.normalized_shape, init.zeros, elementwise_affine and bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., *normalized_shape, N) to the same shape."""
        out = self._scaled(_normal(x, self._checked(x), self.eps))
        return out if self.bias is None else out + self._beside(x, self.bias)


class LocalResponseNorm(Module):
    """x / (k + alpha · m)^beta, m being the mean of x² over `size` neighbouring channels.

    Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep convolutional neural
    networks", section 3.3, where alpha is that of PyTorch's over size.

    Args:
        size: how many channels around each, at least 1; beyond the first and last are zeros.
        alpha, beta, k: numbers.

    Raises:
        ArgumentError: for a size below 1.
        ShapeError: when called with fewer than three axes, (N, C, ...).
        DTypeError: when called with integers.
    """

    _shown = ("size", "alpha=", "beta=", "k=")

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        check_count("LocalResponseNorm", "size", size)
        self.size, self.alpha, self.beta, self.k = size, float(alpha), float(beta), float(k)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, ..., N) to the same shape."""
        axis = self._lead
        if x.ndim < axis + 3:
            raise batch_error(self, x, "(N, C, ...) with three axes at least")
        check_floating(self, x)
        around = (self.size // 2, (self.size - 1) // 2)
        squares = pad(x.square(), pad=(*[0, 0] * (x.ndim - axis - 1), *around))
        first, *others = (squares.narrow(axis, i, x.shape[axis]) for i in range(self.size))
        total = sum(others, first)
        return x / (total * (self.alpha / self.size) + self.k) ** self.beta
