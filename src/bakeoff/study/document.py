"""A study's results as a JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bakeoff.study.canonical import plain
from bakeoff.study.machine import Machine
from bakeoff.study.result import RoundResult
from bakeoff.study.results import StudyResults
from bakeoff.study.trainers import OURS


def document(
    results: StudyResults, machine: Machine, trainers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the document: study, versions, recipe, competitors and their rounds.

    ``recipe`` holds the fields that all competitors share; a competitor whose recipe differs has
    the rest in a ``recipe`` of its own. Accuracies are fractions from 0 to 1, losses running
    means a epoch, seconds those of a round. ``auxiliary`` and ``diverged`` stand only in rounds
    that have them, and ``trainer`` where it was not bakeoff's own.
    """
    trained = trainers or {}
    recipes = [plain(competitor.recipe) for competitor in results.study.competitors]
    shared = {
        name: value
        for name, value in recipes[0].items()
        if all(recipe[name] == value for recipe in recipes)
    }
    competitors = []
    for name, recipe in zip(results.study.competitor_names, recipes, strict=True):
        rounds = results.of(name)
        own = {field: value for field, value in recipe.items() if field not in shared}
        competitors.append(
            {
                "name": name,
                "parameters": rounds[0].parameters if rounds else None,
                **({"trainer": trained[name]} if trained.get(name, OURS) != OURS else {}),
                **({"recipe": own} if own else {}),
                "rounds": [_round(result) for result in rounds],
            }
        )
    return {
        "study": results.study.name,
        "versions": machine.versions(),
        "recipe": shared,
        "competitors": competitors,
    }


def _round(result: RoundResult) -> dict[str, Any]:
    told: dict[str, Any] = {
        "round": result.round,
        "seed": result.seed,
        "train_loss": list(result.train_loss),
        "train_accuracy": list(result.train_accuracy),
        "test_accuracy": list(result.test_accuracy),
        "seconds": result.seconds,
    }
    if result.auxiliary:
        told["auxiliary"] = {name: list(curve) for name, curve in result.auxiliary}
    if result.diverged:
        told["diverged"] = {"epoch": result.diverged.epoch, **dict(result.diverged.last_finite)}
    return told


def to_json(told: dict[str, Any]) -> str:
    """Return the document's text: indented, floats exact, no NaN."""
    return json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
