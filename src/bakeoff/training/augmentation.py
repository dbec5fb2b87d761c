"""How the training pairs are drawn afresh for each epoch, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, fields, frozen

from bakeoff.study.checks import FLAG, SpecError, field_faults, number, refuse


@frozen(kw_only=True)
class Augmentation:
    """What each epoch does to the round's own training pairs; by default, nothing.

    Args:
        swap: whether a pair changes its two images' places, with probability 1/2.
        pair_anew: whether the images of all pairs are paired anew, see
            `bakeoff.data.pair_anew`. Then only images and digits are left of the pairs drawn.
        rotate, scale, shear, shift: how far images are turned, stretched, slanted and moved, see
            `bakeoff.data.augment.affine_field`.
        elastic: how far images are bent, in pixels; see `bakeoff.data.augment.elastic_field`.
        smoothness: how smoothly, in pixels.
        sharp: whether images that are turned, moved or bent are blurred less by it, see
            `bakeoff.data.augment.deform`.

    Raises:
        SpecError: with every field outside its range.
    """

    swap: bool = field(default=False, metadata=FLAG)
    pair_anew: bool = field(default=False, metadata=FLAG)
    rotate: float = number(0.0, lambda v: 0 <= v < 180, "degrees from 0 to below 180")
    scale: float = number(0.0, lambda v: 0 <= v < 1, "a number from 0 to below 1")
    shear: float = number(0.0, lambda v: v >= 0, "a number of at least 0")
    shift: float = number(0.0, lambda v: v >= 0, "pixels, at least 0")
    elastic: float = number(0.0, lambda v: v >= 0, "pixels, at least 0")
    smoothness: float = number(2.0, lambda v: v > 0, "pixels, above 0")
    sharp: bool = field(default=False, metadata=FLAG)

    def __attrs_post_init__(self) -> None:
        refuse("augmentation", field_faults(self))

    @property
    def affine(self) -> bool:
        """Whether images are turned, stretched, slanted or moved."""
        return any((self.rotate, self.scale, self.shear, self.shift))

    @property
    def idle(self) -> bool:
        """Whether every epoch trains on the same pairs."""
        return not (self.swap or self.pair_anew or self.affine or self.elastic)


EXPECTED = "a table of " + ", ".join(
    f"{f.name} ({f.metadata['expected']})" for f in fields(Augmentation)
)


def as_augmentation(value: Augmentation | Mapping[str, Any]) -> Augmentation:
    """Make a table an augmentation; what cannot be one is left for the recipe to refuse."""
    if isinstance(value, Mapping):
        try:
            return Augmentation(**value)
        except (SpecError, TypeError):
            return value  # type: ignore[return-value]
    return value
