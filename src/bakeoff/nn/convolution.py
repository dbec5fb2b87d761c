"""Convolution and pooling layers for images."""

from __future__ import annotations

import torch

from bakeoff.autodiff import conv2d, max_pool2d
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, ShapeError
from bakeoff.nn import init
from bakeoff.nn.module import Module, Parameter

Size = int | tuple[int, int]


def pair(layer: str, name: str, value: Size, least: int) -> tuple[int, int]:
    """Return `value` as (rows, columns), each at least `least`.

    Raises:
        ArgumentError: naming the layer and the argument.
    """
    rows, columns = (value, value) if isinstance(value, int) else value
    if rows < least or columns < least:
        raise ArgumentError(f"{layer}: got {name}={value}, expected at least {least}")
    return rows, columns


def check_images(layer: Module, x: Tensor, channels: int | None) -> None:
    """Raise a ShapeError unless x is (..., channels, H, W, N)."""
    axes = 4 if layer.rounds is None else 5
    if x.ndim != axes or (channels is not None and x.shape[-4] != channels):
        *image, batch = x.shape or (0,)
        raise ShapeError(
            f"{layer!r}: got a batch of shape {(batch, *image)} (N first), expected"
            f" (N, {'C' if channels is None else channels}, H, W)"
        )


class Conv2d(Module):
    """Cross-correlation of images with learned kernels, as PyTorch's Conv2d.

    Args:
        in_channels: channels of an input image, at least 1.
        out_channels: channels of an output image, at least 1.
        kernel_size: height and width of the kernels, one number or (rows, columns).
        stride: step between windows, one number or (rows, columns).
        padding: zeros added on each side, one number or (rows, columns).
        bias: whether one number is added to each output channel.
        init: the weight's initialisation, by name or as a function; see `bakeoff.nn.init`.
        generator: draws the parameters at once; left out, they wait for `initialise`.

    Shape:
        From outside (N, in_channels, H, W) to (N, out_channels, OH, OW), with
        OH = (H + 2·padding - kernel_size) // stride + 1.

    Raises:
        ArgumentError: for sizes out of range or an unknown `init`.
        ShapeError: when called with other images, or ones smaller than the kernel.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        bias: bool = True,
        *,
        init: str | init.Initialiser = "default",
        generator: torch.Generator | None = None,
    ) -> None:
        if in_channels < 1 or out_channels < 1:
            raise ArgumentError(
                f"Conv2d: got {in_channels} to {out_channels} channels, expected at least 1 each"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size, 1)
        self.stride = pair("Conv2d", "stride", stride, 1)
        self.padding = pair("Conv2d", "padding", padding, 0)
        shape = (out_channels, in_channels, *self.kernel_size)
        fan_in = in_channels * self.kernel_size[0] * self.kernel_size[1]
        self.weight = Parameter(shape, _by_name(init), generator)
        self.bias = Parameter((out_channels,), _bias_of(fan_in), generator) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_channels, H, W, N) to (..., out_channels, OH, OW, N)."""
        check_images(self, x, self.in_channels)
        return conv2d(x, self.weight, self.bias, stride=self.stride, padding=self.padding)

    def describe(self) -> str:
        """As PyTorch shows it."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size},"
            f" stride={self.stride}, padding={self.padding}, bias={self.bias is not None}"
        )


_by_name, _bias_of = init.by_name, init.bias_of


class MaxPool2d(Module):
    """The largest element of every window; the first of equal ones takes the gradient.

    Args:
        kernel_size: height and width of the window, one number or (rows, columns).
        stride: step between windows, the window's size by default.

    Shape:
        From outside (N, C, H, W) to (N, C, OH, OW), with OH = (H - kernel_size) // stride + 1.

    Raises:
        ArgumentError: for sizes below 1.
        ShapeError: when called with images smaller than the window.
    """

    def __init__(self, kernel_size: Size, stride: Size | None = None) -> None:
        self.kernel_size = pair("MaxPool2d", "kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else pair("MaxPool2d", "stride", stride, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, H, W, N) to (..., C, OH, OW, N)."""
        check_images(self, x, None)
        return max_pool2d(x, size=self.kernel_size, stride=self.stride)

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}"
