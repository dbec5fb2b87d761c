"""Several views of one image, so that a trained network can be asked more than once."""

from __future__ import annotations

import torch

from bakeoff.autodiff.tensor import Tensor
from bakeoff.data.augment import deform
from bakeoff.errors import ArgumentError
from bakeoff.nn import Module

SIDE = 14


class Views(Module):
    """An image as it is, then a little smaller and a little larger, about its centre.

    Reading a stretched image is linear in its grey values, so all views are one matrix product.
    Around an image they see what its top left corner holds.

    Args:
        zoom: how much smaller or larger, as a share, from 0 to below 1; with 0 there is one view.

    Attributes:
        count: the number of views, 1 or 3.

    Shape:
        Images (..., 1, 14, 14, N), batch-last, to (..., 1, 14, 14, count·N): the first view of all
        images, then the second and so on.

    Raises:
        ArgumentError: for a zoom out of range.
    """

    def __init__(self, zoom: float) -> None:
        if not 0.0 <= zoom < 1.0:
            raise ArgumentError(f"Views: got zoom={zoom}, expected 0 to below 1")
        steps = (1.0, 1.0 + zoom, 1.0 - zoom) if zoom else (1.0,)
        self.count = len(steps)
        self.reading = Tensor(torch.stack([_reading(step) for step in steps]))

    def forward(self, images: Tensor) -> Tensor:
        """Images (..., 1, 14, 14, N) to (..., 1, 14, 14, count·N)."""
        if self.count == 1:
            return images
        *lead, _, height, width, n = images.shape
        # Relative to the background, which is then 0 wherever a view looks outside.
        background = images[..., :1, :1, :]
        pixels = (images - background).reshape(*lead, 1, height * width, n)
        seen = self.reading @ pixels  # (..., count, 196, N)
        seen = seen.movedim(-3, -2).reshape(*lead, 1, height, width, self.count, n)
        seen = seen + background.unsqueeze(-2)
        return seen.reshape(*lead, 1, height, width, self.count * n)


def _reading(step: float) -> torch.Tensor:
    """Return the (196, 196) matrix that reads pixels `step` apart: above 1, the image shrinks."""
    # Row i holds what deforming the image of pixel i alone gives; its transpose gives any image's.
    single = torch.eye(SIDE * SIDE).view(-1, SIDE, SIDE)
    axis = torch.arange(SIDE) - (SIDE - 1) / 2
    offsets = torch.stack(torch.meshgrid(axis, axis, indexing="ij"))
    field = (offsets * (step - 1.0)).expand(len(single), 2, SIDE, SIDE)
    return deform(single, field).view(len(single), -1).T.contiguous()
