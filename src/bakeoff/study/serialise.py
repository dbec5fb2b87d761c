"""One text for each value, and a hash of it that stays the same on every machine and run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import attrs

from bakeoff.study.spec import Competitor, Recipe, Study
from bakeoff.training.augmentation import Augmentation
from bakeoff.training.data_sets import DataFacts
from bakeoff.training.trainers import OURS


def plain(value: object) -> Any:
    """Return a study, competitor or recipe as nested dictionaries and lists, ready for JSON.

    Pairs such as `loss_weights` become dictionaries, as people write them in a study's file.
    """
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    if not isinstance(value, (Study, Competitor, Recipe, Augmentation)):
        return value
    named_pairs = {"loss_weights", "options", "levels"}
    return {
        name: dict(inner) if name in named_pairs else plain(inner)
        for name, inner in attrs.asdict(value, recurse=False).items()
    }


def shared_fields(recipes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields, as of `plain`, that have one value in all of some recipes."""
    return {
        name: value
        for name, value in recipes[0].items()
        if all(recipe[name] == value for recipe in recipes)
    }


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


def training_json(
    study: Study, competitor: str, trainer: str = OURS, facts: DataFacts | None = None
) -> str:
    """Return the canonical JSON of all that shapes one competitor's rounds, and nothing else.

    A trainer is named where it is not our own, and of the data what is not as usual.

    A competitor's name, its levels, its rivals, the comparisons and the planned number of rounds
    do not: so a competitor keeps its rounds when a rival joins or the plan grows.

    Raises:
        StudyError: if the study has no such competitor.
    """
    trained = study.competitor(competitor)
    part: dict[str, Any] = {
        "network": trained.network,
        "options": dict(trained.options),
        "loss_weights": dict(trained.loss_weights),
        "recipe": plain(trained.recipe),
        "seed": study.seed,
        "train_size": study.train_size,
        "test_size": study.test_size,
        "data": study.data,
    }
    if trainer != OURS:
        part["trainer"] = trainer
    if facts is not None and facts.told():
        part["facts"] = facts.told()
    return json.dumps(part, sort_keys=True, separators=(",", ":"), allow_nan=False)
