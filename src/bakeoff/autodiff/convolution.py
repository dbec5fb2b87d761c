"""Convolution, batch-last: images are (..., channels, height, width, batch).

With the batch along the last axis a convolution's patches are long contiguous row copies, and the
convolution itself is one matrix product with a very wide right side (Chellapilla, Puri & Simard
2006, "High performance convolutional neural networks for document processing", section 3).
"""

from __future__ import annotations

from bakeoff.autodiff import winograd
from bakeoff.autodiff.image import Pair, unfold
from bakeoff.autodiff.product import affine, matmul
from bakeoff.autodiff.shape import pad
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ShapeError


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: Pair, padding: Pair
) -> Tensor:
    """Return the cross-correlation of images with kernels, as PyTorch's Conv2d computes it.

    Args:
        x: images (..., C, H, W, N).
        weight: kernels (..., O, C, kh, kw).
        bias: (..., O), added to each output channel, or None.
        stride: the step between windows, (rows, columns), each at least 1.
        padding: zeros added on each side, (rows, columns), each at least 0.

    Returns:
        (..., O, OH, OW, N) with OH = (H + 2·padding - kh) // stride + 1.

    Raises:
        ShapeError: if axes are missing, the channels differ or the window does not fit.
        ArgumentError: for a stride below 1.
    """
    if x.ndim < 4 or weight.ndim < 4:
        raise ShapeError(
            f"convolve: got images {tuple(x.shape)} and kernels {tuple(weight.shape)}, expected"
            " (..., C, H, W, N) and (..., O, C, kh, kw)"
        )
    *lead, out_channels, channels, kh, kw = weight.shape
    if x.shape[-4] != channels:
        raise ShapeError(f"convolve: got {x.shape[-4]} input channels, expected {channels}")
    if winograd.pays(x, weight, stride, padding):
        out = winograd.convolve(x, weight, padding)
        return out if bias is None else out + bias.reshape(out_channels, 1, 1, 1)
    if padding != (0, 0):
        rows, columns = padding
        x = pad(x, pad=(0, 0, columns, columns, rows, rows))
    patches = unfold(x, size=(kh, kw), stride=stride)
    *_, rows, columns, batch = patches.shape
    wide = patches.reshape(*patches.shape[:-3], rows * columns * batch)
    flat = weight.reshape(*lead, out_channels, channels * kh * kw)
    out = matmul(flat, wide) if bias is None else affine(flat, wide, bias)
    return out.reshape(*out.shape[:-1], rows, columns, batch)
