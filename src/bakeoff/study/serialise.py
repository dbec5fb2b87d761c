"""One text for each value, and a hash of it that stays the same on every machine and run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, cast

import attrs
from attrs import AttrsInstance

PAIRS = {"loss_weights", "options", "levels", "slots", "optimiser_options", "schedule_options"}
NEW = {"metrics", "seeds", "dependence", "optimiser_options", "schedule_options"}
NEW |= {"redraw", "world", "data", "train_size", "test_size", "held_out", "without_effects"}
"""Fields that are told only where they are not empty, as studies were kept before there were
any."""


def plain(value: object) -> Any:
    """Return a study, competitor, recipe or the like as dictionaries and lists, ready for JSON.

    Pairs such as `loss_weights` become dictionaries, as people write them in a study's file.
    """
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    if not attrs.has(type(value)):
        return value
    kind = getattr(value, "kind", "network")
    told = {} if kind in ("", "network") else {"kind": kind}
    return told | {
        name: {key: plain(told) for key, told in inner} if name in PAIRS else plain(inner)
        for name, inner in attrs.asdict(cast(AttrsInstance, value), recurse=False).items()
        if inner or name not in NEW
    }


def shared_fields(recipes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields, as of `plain`, that have one value in all of some recipes."""
    return {
        name: value
        for name, value in recipes[0].items()
        if all(recipe.get(name) == value for recipe in recipes)
    }


def unshared_fields(recipe: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a recipe that are not shared."""
    return {name: value for name, value in recipe.items() if name not in shared}


def canonical_json(value: object) -> str:
    """Return the only JSON text of a value: sorted keys, no spaces, no NaN, ASCII."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits: BLAKE2b of the parts, each preceded by its length."""
    hashed = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode()
        hashed.update(f"{len(encoded)}:".encode() + encoded)
    return hashed.hexdigest()
