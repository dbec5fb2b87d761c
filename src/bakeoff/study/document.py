"""A study's results as a JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bakeoff.errors import visible
from bakeoff.study.canonical import plain, shared_fields
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
    that have them, ``trainer`` where it was not bakeoff's own, ``planned`` where it is known what
    was planned before the first look. ``data`` stands where the data are not 1,000 pairs; a
    regression has ``train_r2`` and ``test_r2`` in place of accuracies.
    """
    trained = trainers or {}
    recipes = [plain(competitor.recipe) for competitor in results.study.competitors]
    shared = shared_fields(recipes)
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
                "rounds": [_round(result, results.metric.key) for result in rounds],
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


def _round(result: RoundResult, metric: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "round": result.round,
        "seed": result.seed,
        "train_loss": list(result.train_loss),
        f"train_{metric}": list(result.train_accuracy),
        f"test_{metric}": list(result.test_accuracy),
        "seconds": result.seconds,
    }
    if result.auxiliary:
        told["auxiliary"] = {name: list(curve) for name, curve in result.auxiliary}
    if result.diverged:
        last = {n.replace("accuracy", metric): x for n, x in result.diverged.last_finite}
        told["diverged"] = {"epoch": result.diverged.epoch, **last}
    return told


def to_json(told: dict[str, Any]) -> str:
    """Return the document's text: indented, floats exact, no NaN, every character `visible`."""
    text = json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False)
    return visible(text, lines=True, escape=json.dumps) + "\n"
