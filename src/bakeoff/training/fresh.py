"""The pairs that an epoch trains on, when the recipe changes them from epoch to epoch.

Everything is made of the round's own training pairs. Each kind of change draws from a stream of its
own, so that a competitor with one more kind sees the same other changes.
"""

from __future__ import annotations

import torch

from bakeoff import rng
from bakeoff.data import pair_anew
from bakeoff.data.augment import affine_field, deform, elastic_field
from bakeoff.training.augmentation import Augmentation


class FreshPairs:
    """Draws the training pairs of one epoch after the other, for one round.

    Args:
        images: (n, 2, H, W) float32, the round's training pairs; they stay as they are.
        digits: (n, 2) int64, their digits.
        background: the images' value where nothing is drawn.
        augmentation: what is changed.
        seed: the study's seed.
        round_: the round's number.
    """

    def __init__(
        self,
        images: torch.Tensor,
        digits: torch.Tensor,
        background: float,
        augmentation: Augmentation,
        seed: int,
        round_: int,
    ) -> None:
        self.images, self.digits, self.background = images, digits, background
        self.augmentation = augmentation
        kinds = ("pairs", "swap", "affine", "elastic")
        self._streams = {kind: rng.generator(seed, round_, "augment", kind) for kind in kinds}

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next epoch's images (n, 2, H, W) and digits (n, 2)."""
        places = self._places()
        images = self.images.flatten(0, 1)[places]
        field = self._field(len(places), (images.shape[1], images.shape[2]))
        if field is not None:
            images = deform(images, field, self.background, sharp=self.augmentation.sharp)
        return images.view_as(self.images), self.digits.flatten()[places].view(-1, 2)

    def _places(self) -> torch.Tensor:
        """Return which image stands where, (2·n,) int64."""
        n = len(self.images)
        pairs = torch.arange(2 * n).view(n, 2)
        if self.augmentation.pair_anew:
            pairs = pair_anew(self.digits.flatten(), self._streams["pairs"])
        if self.augmentation.swap:
            swapped = torch.rand(n, 1, generator=self._streams["swap"]) < 0.5
            pairs = torch.where(swapped, pairs.flip(1), pairs)
        return pairs.flatten()

    def _field(self, count: int, shape: tuple[int, int]) -> torch.Tensor | None:
        """Return the displacements of all images, or None if none is deformed."""
        a, field = self.augmentation, None
        if a.affine:
            field = affine_field(
                count,
                shape,
                rotate=a.rotate,
                scale=a.scale,
                shear=a.shear,
                shift=a.shift,
                generator=self._streams["affine"],
            )
        if a.elastic:
            bent = elastic_field(
                count,
                shape,
                strength=a.elastic,
                smoothness=a.smoothness,
                generator=self._streams["elastic"],
            )
            field = bent if field is None else field + bent
        return field
