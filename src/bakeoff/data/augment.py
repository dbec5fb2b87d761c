"""Deformed copies of small images: each is turned, stretched, moved and bent a little.

A deformation says, for every pixel of the new image, how far away in the old one its grey value is
read: a field of displacements. Fields add up, and one reading at the end blurs less than two. All
images of a batch are deformed by the same few tensor operations, each by a field of its own.

P. Y. Simard, D. Steinkraus and J. C. Platt, "Best practices for convolutional neural networks
applied to visual document analysis", ICDAR 2003.
"""

from __future__ import annotations

import math

import torch


def affine_field(
    count: int,
    shape: tuple[int, int],
    *,
    rotate: float,
    scale: float,
    shear: float,
    shift: float,
    generator: torch.Generator,
) -> torch.Tensor:
    """Draw the displacements of affine maps about the images' centre.

    With c the offset of a pixel from the centre, (row, column), its value is read at
    R(θ) · [[s, 0], [h, t]] · c + d, and the field is that minus c.

    Uniform are θ from -rotate to rotate, in degrees; s and t from 1 - scale to 1 + scale; h from
    -shear to shear; and both parts of d from -shift to shift. The result is (count, 2, height,
    width) float32, in pixels down and to the right.
    """
    drawn = torch.rand(6, count, generator=generator).mul_(2.0).sub_(1.0)
    angle = drawn[0] * math.radians(rotate)
    down, right = 1.0 + scale * drawn[1], 1.0 + scale * drawn[2]
    slant, moved = shear * drawn[3], shift * drawn[4:]
    cos, sin = angle.cos(), angle.sin()
    rows = torch.stack([cos * down - sin * slant - 1.0, -sin * right], 1)
    columns = torch.stack([sin * down + cos * slant, cos * right - 1.0], 1)
    height, width = shape
    down_axis = torch.arange(height) - (height - 1) / 2
    right_axis = torch.arange(width) - (width - 1) / 2
    offsets = torch.stack(torch.meshgrid(down_axis, right_axis, indexing="ij")).view(2, -1)
    field = torch.stack([rows, columns], 1) @ offsets + moved.T.unsqueeze(-1)
    return field.view(count, 2, height, width)


def elastic_field(
    count: int,
    shape: tuple[int, int],
    *,
    strength: float,
    smoothness: float,
    generator: torch.Generator,
) -> torch.Tensor:
    """Draw smooth random displacements: white noise under a Gaussian, row by row and column-wise.

    `strength` is the standard deviation of each displacement, `smoothness` that of the Gaussian:
    how far apart two pixels must be to move independently. Both are in pixels, as the result,
    (count, 2, height, width) float32.
    """
    noise = torch.randn(count, 2, *shape, generator=generator)
    down, right = (_smoother(n, smoothness) for n in shape)
    return (down * strength) @ noise @ right.T


def _smoother(n: int, smoothness: float) -> torch.Tensor:
    """Return the (n, n) matrix that smooths n numbers and keeps their variance."""
    places = torch.arange(n) / smoothness
    weights = torch.exp(-0.5 * (places[:, None] - places).square())
    return weights / weights.square().sum(1, keepdim=True).sqrt()


def deform(
    images: torch.Tensor, field: torch.Tensor, background: float = 0.0, *, sharp: bool = False
) -> torch.Tensor:
    """Read every pixel of each image at its place plus its displacement.

    Between four pixels the value is interpolated linearly, down and to the right; outside the
    image it is the background's. So no value leaves the range of the image and the background.

    Args:
        images: (n, height, width) float32; they stay as they are, and the result is like them.
        field: (n, 2, height, width) float32, displacements in pixels down and to the right.
        background: the value outside the images.
        sharp: put pixels half as far apart between the images' own first, see `finer`. To
            interpolate linearly is to blur, and this does so much less.
    """
    n, height, width = images.shape
    # With a frame of background, every place outside has four neighbours too.
    framed = images.new_full((n, height + 2, width + 2), background)
    framed[:, 1:-1, 1:-1] = images
    grain = 2 if sharp else 1
    if sharp:
        framed = finer(framed)
    row, down = _cells(field[:, 0], torch.arange(height).view(-1, 1), height, grain)
    column, right = _cells(field[:, 1], torch.arange(width), width, grain)
    first = torch.arange(n).view(-1, 1, 1) * (framed.shape[1] * framed.shape[2])
    corner = row.mul_(framed.shape[2]).add_(column).long().add_(first)
    flat = framed.view(-1)
    upper = flat.take(corner).lerp_(flat.take(corner + 1), right)
    corner += framed.shape[2]
    lower = flat.take(corner).lerp_(flat.take(corner + 1), right)
    return upper.lerp_(lower, down)


def finer(images: torch.Tensor) -> torch.Tensor:
    """Put a pixel between each two, across, down and diagonally, by cubic interpolation.

    Half way between the middle two of four pixels the value is (-a + 9b + 9c - d) / 16, cut off at
    the images' least and greatest value; beyond the edge the pixels at the edge go on. R. G. Keys,
    "Cubic convolution interpolation for digital image processing", IEEE Transactions on Acoustics,
    Speech, and Signal Processing 29 (1981), equation 25.

    Images (n, height, width) float32 give (n, 2·height - 1, 2·width - 1), with their own pixels at
    even places.
    """
    down, right = (_between(n) for n in images.shape[1:])
    return (down @ images @ right.T).clamp_(images.min(), images.max())


def _between(n: int) -> torch.Tensor:
    """Return the (2·n - 1, n) matrix that puts a number between each two of n."""
    between = torch.zeros(2 * n - 1, n)
    between[::2] = torch.eye(n)
    for i in range(n - 1):
        for offset, weight in zip((-1, 0, 1, 2), (-1.0, 9.0, 9.0, -1.0), strict=True):
            between[2 * i + 1, min(max(i + offset, 0), n - 1)] += weight / 16.0
    return between


def _cells(
    moved: torch.Tensor, places: torch.Tensor, length: int, grain: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return, in a framed image, the pixel before each place read and the share of the next.

    The length is that of the image without its frame; `grain` pixels of the framed one make one.
    """
    place = (moved + (places + 1.0)).clamp_(0.0, length + 1.0).mul_(grain)
    before = place.floor().clamp_(max=float(grain * (length + 1) - 1))
    return before, place.sub_(before)
