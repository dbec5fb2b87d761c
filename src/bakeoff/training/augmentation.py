"""How the training pairs are drawn afresh for each epoch, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from bakeoff.study.checks import Check, SpecError, field_faults, is_number, refuse
from bakeoff.study.converters import as_float


def _from(least: float, below: float) -> Any:
    return lambda value: is_number(value) and least <= value < below


CHECKS: tuple[Check, ...] = (
    ("swap", lambda v: isinstance(v, bool), "true or false"),
    ("pair_anew", lambda v: isinstance(v, bool), "true or false"),
    ("rotate", _from(0, 180), "degrees from 0 to below 180"),
    ("scale", _from(0, 1), "a number from 0 to below 1"),
    ("shear", lambda v: is_number(v) and v >= 0, "a number of at least 0"),
    ("shift", lambda v: is_number(v) and v >= 0, "pixels, at least 0"),
    ("elastic", lambda v: is_number(v) and v >= 0, "pixels, at least 0"),
    ("smoothness", lambda v: is_number(v) and v > 0, "pixels, above 0"),
    ("sharp", lambda v: isinstance(v, bool), "true or false"),
)


def _number(default: float) -> Any:
    return field(default=default, converter=as_float)


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

    swap: bool = False
    pair_anew: bool = False
    rotate: float = _number(0.0)
    scale: float = _number(0.0)
    shear: float = _number(0.0)
    shift: float = _number(0.0)
    elastic: float = _number(0.0)
    smoothness: float = _number(2.0)
    sharp: bool = False

    def __attrs_post_init__(self) -> None:
        refuse("augmentation", field_faults(self, CHECKS))

    @property
    def affine(self) -> bool:
        """Whether images are turned, stretched, slanted or moved."""
        return any((self.rotate, self.scale, self.shear, self.shift))

    @property
    def idle(self) -> bool:
        """Whether every epoch trains on the same pairs."""
        return not (self.swap or self.pair_anew or self.affine or self.elastic)


EXPECTED = "a table of " + ", ".join(f"{name} ({what})" for name, _, what in CHECKS)


def as_augmentation(value: Augmentation | Mapping[str, Any]) -> Augmentation:
    """Make a table an augmentation; what cannot be one is left for the recipe to refuse."""
    if isinstance(value, Mapping):
        try:
            return Augmentation(**value)
        except (SpecError, TypeError):
            return value  # type: ignore[return-value]
    return value
