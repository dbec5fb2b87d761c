"""Convolution, batch-last: images are (..., channels, height, width, batch).

With the batch along the last axis a convolution's patches are long contiguous row copies, and the
convolution itself is one matrix product with a very wide right side (Chellapilla, Puri & Simard
2006, "High performance convolutional neural networks for document processing", section 3).

Wide 3×3 convolutions take a third of the multiplications by Winograd's F(4×4, 3×3). A 4×4 piece of
the output depends on a 6×6 piece of the input. With d such a piece, w a kernel and ⊙ the product
element by element, the piece is Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A: 36 multiplications where the definition
takes 144 (Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4.2).
Summed over the input channels, the products ⊙ become 36 matrix products, one for each place of a
piece. All of it is made of other operations, so the derivative needs no rule, and is as cheap.
"""

from __future__ import annotations

from functools import cache

import torch

from bakeoff.autodiff.image import Pair, unfold
from bakeoff.autodiff.product import affine, matmul
from bakeoff.autodiff.shape import pad
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ShapeError

WIDE = 32  # channels, on both sides, from which on it pays

_A = (
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, -2, 0),
    (0, 1, 1, 4, 4, 0),
    (0, 1, -1, 8, -8, 1),
)
_B = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_G = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)


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
    if winograd_pays(x, weight, stride, padding):
        out = winograd(x, weight, padding)
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


# ---- wide 3×3 kernels ----------------------------------------------------------------------------


@cache
def _on_both_axes(matrix: tuple[tuple[float, ...], ...], dtype: torch.dtype) -> Tensor:
    """Return the matrix that does to a flattened piece X what M X Mᵀ does: M ⊗ M."""
    m = torch.tensor(matrix, dtype=dtype)
    rows, columns = m.shape
    both = m.view(rows, 1, columns, 1) * m.view(1, rows, 1, columns)
    return Tensor(both.reshape(rows * rows, columns * columns))


def winograd_pays(x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> bool:
    """Return whether a convolution is of the kind that `winograd` makes faster."""
    out_channels, channels, *size = weight.shape[-4:]
    rows, columns = _places(x, padding)
    return (
        x.ndim == weight.ndim == 4
        and size == [3, 3]
        and stride == (1, 1)
        and min(rows, columns) >= 1
        and min(out_channels, channels) >= WIDE
    )


def _places(x: Tensor, padding: Pair) -> Pair:
    """Return the height and width of the output."""
    return x.shape[-3] + 2 * padding[0] - 2, x.shape[-2] + 2 * padding[1] - 2


def winograd(x: Tensor, weight: Tensor, padding: Pair) -> Tensor:
    """Return the cross-correlation of images (C, H, W, N) with kernels (O, C, 3, 3), stride 1.

    The result is (O, H + 2·padding - 2, W + 2·padding - 2, N); its error is some ten times that of
    the definition, about 1e-5 of the largest values in float32.
    """
    channels, height, width, batch = x.shape
    out_channels = weight.shape[0]
    rows, columns = _places(x, padding)
    down, across = -(-rows // 4), -(-columns // 4)
    # Zeros below and beside, too, so that whole pieces cover the output.
    below = (padding[0], 4 * down + 2 - height - padding[0])
    beside = (padding[1], 4 * across + 2 - width - padding[1])
    pieces = unfold(pad(x, pad=(0, 0, *beside, *below)), size=(6, 6), stride=(4, 4))
    pieces = pieces.reshape(channels, 36, down * across * batch)

    inputs = matmul(_on_both_axes(_B, x.dtype), pieces).movedim(1, 0)
    kernels = matmul(_on_both_axes(_G, x.dtype), weight.reshape(out_channels * channels, 9).T)
    products = matmul(kernels.reshape(36, out_channels, channels), inputs)
    out = matmul(_on_both_axes(_A, x.dtype), products.movedim(0, 1))

    out = out.reshape(out_channels, 4, 4, down, across, batch).permute(0, 3, 1, 4, 2, 5)
    whole = out.reshape(out_channels, 4 * down, 4 * across, batch)
    return whole[:, :rows, :columns]
