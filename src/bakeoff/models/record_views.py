"""Several views of one image, so that a trained network can be asked more than once."""

from __future__ import annotations

import torch

from bakeoff.autodiff.tensor import Tensor
from bakeoff.data.augment import deform
from bakeoff.errors import ArgumentError
from bakeoff.nn import Module

SIDE = 14
STEPS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))


class Views(Module):
    """An image as it is, then moved a little to each side, then to each corner.

    Reading a moved image is linear in its grey values, so all views are one matrix product. Around
    an image they see what its top left corner holds.

    Args:
        count: views, 1 to 9.
        shift: how far they are moved down or up, and left or right, in pixels.

    Shape:
        Images (..., 1, 14, 14, N), batch-last, to (..., 1, 14, 14, count·N): the first view of all
        images, then the second and so on.

    Raises:
        ArgumentError: for another count.
    """

    def __init__(self, count: int, shift: float) -> None:
        if not 1 <= count <= len(STEPS):
            raise ArgumentError(f"Views: got count={count}, expected 1 to {len(STEPS)}")
        self.count = count
        self.reading = Tensor(torch.stack([_reading(step, shift) for step in STEPS[:count]]))

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


def _reading(step: tuple[int, int], shift: float) -> torch.Tensor:
    """Return the (196, 196) matrix that reads every pixel `shift` pixels along `step`."""
    # Row i holds what deforming the image of pixel i alone gives; its transpose gives any image's.
    single = torch.eye(SIDE * SIDE).view(-1, SIDE, SIDE)
    field = torch.tensor(step).mul(shift).view(1, 2, 1, 1)
    moved = deform(single, field.expand(len(single), 2, SIDE, SIDE))
    return moved.view(len(single), -1).T.contiguous()
