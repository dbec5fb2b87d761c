"""What layers and losses ask of a batch; each refusal names the layer, what it got and expected.

Shapes are given N-first, as the caller knows them.
"""

from __future__ import annotations

from operator import index
from typing import SupportsIndex

from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn.layout import n_first
from bakeoff.nn.module import Module

Size = int | tuple[int, int]


def batch_error(layer: Module, x: Tensor, expected: str) -> ShapeError:
    """Return the error of a batch-last x that is not what a layer takes."""
    got = n_first(x, layer.rounds)
    return ShapeError(f"{layer!r}: got a batch of shape {got} (N first), expected {expected}")


def axis_of(layer: Module, x: Tensor, dim: int) -> int:
    """Return the axis of a batch-last x, below 0, that `dim` means N-first; or a ShapeError."""
    axes = x.ndim - layer._lead
    if not -axes <= dim < axes:
        raise batch_error(layer, x, f"one with an axis {dim}")
    return dim % axes - 1 - (axes if dim % axes else 0)


def pair(layer: str, name: str, value: Size, least: int) -> tuple[int, int]:
    """Return `value` as (rows, columns), or raise an ArgumentError unless both reach `least`."""
    try:
        rows, columns = map(index, (value, value) if isinstance(value, SupportsIndex) else value)
    except (TypeError, ValueError):
        rows = columns = -1
    if min(rows, columns) < least:
        raise ArgumentError(
            f"{layer}: got {name}={value!r}, expected a whole number of at least {least}, or two"
        )
    return rows, columns


def check_dtype(layer: Module, x: Tensor, parameter: Tensor | None) -> None:
    """Raise a DTypeError unless x has the dtype of the layer's parameters, any real one without."""
    if parameter is None:
        check_floating(layer, x)
    elif x.dtype != parameter.dtype:
        other = f", or network.to({x.dtype})" if x.dtype.is_floating_point else ""
        raise DTypeError(
            f"{layer!r}: got a batch of {x.dtype}, expected {parameter.dtype} as its parameters;"
            f" write x.to({parameter.dtype}){other}"
        )


def check_floating(layer: Module, x: Tensor) -> None:
    """Raise a DTypeError unless x holds floating-point numbers."""
    if not x.dtype.is_floating_point:
        raise DTypeError(
            f"{layer!r}: got a batch of {x.dtype}, expected a floating-point dtype; write"
            " x.to(torch.float32)"
        )


def check_images(layer: Module, x: Tensor, channels: int | None = None) -> None:
    """Raise a ShapeError unless x is (..., channels, H, W, N)."""
    if x.ndim != layer._lead + 4 or (channels is not None and x.shape[-4] != channels):
        raise batch_error(layer, x, f"(N, {'C' if channels is None else channels}, H, W)")


def check_window(layer: Module, x: Tensor, size: tuple[int, int], padding: tuple[int, int]) -> None:
    """Raise a ShapeError unless a window of `size` fits into the padded images."""
    height, width = x.shape[-3] + 2 * padding[0], x.shape[-2] + 2 * padding[1]
    if size[0] > height or size[1] > width:
        raise ShapeError(
            f"{layer!r}: got images of {height}x{width}, padding included, expected at least"
            f" {size[0]}x{size[1]}, the size of the window"
        )
