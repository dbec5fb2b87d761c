"""Convolutions and pooling of images."""

from __future__ import annotations

import torch

from bakeoff.autodiff import avg_pool, convolve, max_pool, pad
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_count, keep_default
from bakeoff.errors import ArgumentError
from bakeoff.nn.checks import Size, check_dtype, check_images, check_window, pair
from bakeoff.nn.init import Initialiser, bias_of, by_name
from bakeoff.nn.module import Module
from bakeoff.nn.parameter import Parameter


class Conv2d(Module):
    """Cross-correlation of images with learned kernels, as PyTorch's Conv2d.

    LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II.A.

    Args:
        in_channels: channels of an input image, at least 1.
        out_channels: channels of an output image, at least 1.
        kernel_size: height and width of the kernels, one number or (rows, columns).
        stride: step between windows, one number or (rows, columns).
        padding: zeros added on each side, one number or (rows, columns).
        dilation: 1.
        groups: 1.
        bias: whether one number is added to each output channel.
        padding_mode: "zeros".
        init: the weight's initialisation, by name or as a function; see `bakeoff.nn.init`.
        generator: draws the parameters at once; left out, they wait for `initialise`.

    Shape:
        From outside (N, in_channels, H, W) to (N, out_channels, OH, OW), with
        OH = (H + 2·padding - kernel_size) // stride + 1.

    Raises:
        ArgumentError: for sizes out of range or an unknown `init`.
        ShapeError: when called with other images, or ones smaller than the kernel.
        DTypeError: when called with another dtype than that of the parameters.
    """

    _shown = ("in_channels", "out_channels", "kernel_size=", "stride=", "padding=", "bias=")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        init: str | Initialiser = "default",
        generator: torch.Generator | None = None,
    ) -> None:
        dilation = 1 if dilation == (1, 1) else dilation
        keep_default(self, dilation=(dilation, 1), groups=(groups, 1))
        keep_default(self, padding_mode=(padding_mode, "zeros"))
        check_count("Conv2d", "in_channels", in_channels)
        check_count("Conv2d", "out_channels", out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size, 1)
        self.stride = pair("Conv2d", "stride", stride, 1)
        self.padding = pair("Conv2d", "padding", padding, 0)
        shape = (out_channels, in_channels, *self.kernel_size)
        fan_in = in_channels * self.kernel_size[0] * self.kernel_size[1]
        self.weight = Parameter(shape, by_name(init), generator)
        self.bias = Parameter((out_channels,), bias_of(fan_in), generator) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_channels, H, W, N) to (..., out_channels, OH, OW, N)."""
        check_images(self, x, self.in_channels)
        check_window(self, x, self.kernel_size, self.padding)
        check_dtype(self, x, self.weight)
        return convolve(x, self.weight, self.bias, stride=self.stride, padding=self.padding)


class Pool2d(Module):
    """Base of the pooling layers (Goodfellow, Bengio & Courville 2016, section 9.3).

    Args:
        kernel_size: height and width of the window, one number or (rows, columns).
        stride: step between windows, the window's size by default.
        padding: elements added on each side, at most half the window.

    Shape:
        From outside (N, C, H, W) to (N, C, OH, OW), with
        OH = (H + 2·padding - kernel_size) // stride + 1.

    Raises:
        ArgumentError: for sizes out of range.
        ShapeError: when called with images smaller than the window.
    """

    _shown = ("kernel_size=", "stride=", "padding=")

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        name = type(self).__name__
        self.kernel_size = pair(name, "kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else pair(name, "stride", stride, 1)
        self.padding = pair(name, "padding", padding, 0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ArgumentError(
                f"{name}: got padding={padding}, expected at most half of kernel_size={kernel_size}"
            )

    def _padded(self, x: Tensor, value: float) -> Tensor:
        """Check the images and return them with `value` around."""
        check_images(self, x)
        check_window(self, x, self.kernel_size, self.padding)
        if self.padding == (0, 0):
            return x
        rows, columns = self.padding
        return pad(x, pad=(0, 0, columns, columns, rows, rows), value=value)


class MaxPool2d(Pool2d):
    """The largest element of every window; the first in row-major order takes the gradient.

    The padding is -inf, so that it never wins. Arguments, shapes and errors as in `Pool2d`; those
    that follow the padding in PyTorch have their defaults here.
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        dilation = 1 if dilation == (1, 1) else dilation
        keep_default(self, dilation=(dilation, 1), ceil_mode=(ceil_mode, False))
        keep_default(self, return_indices=(return_indices, False))
        super().__init__(kernel_size, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, H, W, N) to (..., C, OH, OW, N)."""
        x = self._padded(x, float("-inf"))
        return max_pool(x, size=self.kernel_size, stride=self.stride)


class AvgPool2d(Pool2d):
    """The mean of every window; the padding's zeros count, as PyTorch's do by default.

    Arguments, shapes and errors as in `Pool2d`; those that follow the padding in PyTorch have their
    defaults here.
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        keep_default(self, ceil_mode=(ceil_mode, False), divisor_override=(divisor_override, None))
        keep_default(self, count_include_pad=(count_include_pad, True))
        super().__init__(kernel_size, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, H, W, N) to (..., C, OH, OW, N)."""
        x = self._padded(x, 0.0)
        return avg_pool(x, size=self.kernel_size, stride=self.stride)
