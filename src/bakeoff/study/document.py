"""A study's results as a JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bakeoff.errors import visible
from bakeoff.study.machine import Machine
from bakeoff.study.record import to_plain
from bakeoff.study.results import StudyResults
from bakeoff.study.serialise import plain, shared_fields
from bakeoff.training.trainers import OURS


def document(
    results: StudyResults, machine: Machine, trainers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the document: study, versions, recipe, competitors and their rounds.

    ``recipe`` holds the fields that all competitors share; a competitor whose recipe differs has
    the rest in a ``recipe`` of its own. A round is as `bakeoff.study.record.to_plain` tells it.
    ``trainer`` stands where it was not bakeoff's own, ``planned`` where it is known what was
    planned before the first look, ``data`` where the data are not 1,000 pairs.
    """
    trained = trainers or {}
    recipes = [plain(competitor.recipe) for competitor in results.study.competitors]
    shared = shared_fields(recipes)
    competitors = []
    for name, recipe in zip(results.study.competitor_names, recipes, strict=True):
        own = {field: value for field, value in recipe.items() if field not in shared}
        competitors.append(
            {
                "name": name,
                **({"trainer": trained[name]} if trained.get(name, OURS) != OURS else {}),
                **({"recipe": own} if own else {}),
                "rounds": [to_plain(record) for record in results.of(name)],
            }
        )
    plan = results.planned
    planned = {} if plan is None else {"first_round": plan.start, "rounds": len(plan)}
    return {
        "study": results.study.name,
        **({"planned": planned} if planned else {}),
        **_data(results),
        "versions": machine.versions(),
        "recipe": shared,
        "competitors": competitors,
    }


def _data(results: StudyResults) -> dict[str, Any]:
    study = results.study
    sizes = {"train_size": study.train_size, "test_size": study.test_size}
    if study.data == "pairs" and set(sizes.values()) == {1000}:
        return {}
    return {"data": {"name": study.data, **results.facts.told(), **sizes}}


def to_json(told: dict[str, Any]) -> str:
    """Return the document's text: indented, floats exact, no NaN, every character `visible`."""
    text = json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False)
    return visible(text, lines=True, escape=json.dumps) + "\n"
