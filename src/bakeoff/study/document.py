"""A study's results as a JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bakeoff.errors import visible
from bakeoff.study.machine import Machine
from bakeoff.study.record import to_plain
from bakeoff.study.results import StudyResults


def document(
    results: StudyResults, machine: Machine, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the document: study, versions, competitors and their rounds.

    What a kind of study tells besides stands beside them (`Study.document`): of networks, the
    ``recipe`` that all competitors share, a ``recipe`` of a competitor's own with the rest, a
    ``trainer`` that was not bakeoff's own, and ``data`` that are not 1,000 pairs. A round is as
    `bakeoff.study.record.to_plain` tells it. ``planned`` stands where it is known what was planned
    before the first look, ``race`` where rounds were made until all was decided.

    Args:
        results: the rounds.
        machine: for the versions.
        settings: what each competitor's key tells, as far as it is known.
    """
    study, plan = results.study, results.planned
    told = study.document(settings or {})
    own = told.pop("competitors")
    competitors = [
        {"name": name} | own[name] | {"rounds": [to_plain(r) for r in results.of(name)]}
        for name in study.competitor_names
    ]
    planned = {} if plan is None else {"first_round": plan.start, "rounds": len(plan)}
    return {
        "study": study.name,
        **({"planned": planned} if planned else {}),
        **({"race": str(results.race)} if results.race else {}),
        **({"data": told.pop("data")} if "data" in told else {}),
        "versions": machine.versions(),
        **told,
        "competitors": competitors,
    }


def to_json(told: dict[str, Any]) -> str:
    """Return the document's text: indented, floats exact, no NaN, every character `visible`."""
    text = json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False)
    return visible(text, lines=True, escape=json.dumps) + "\n"
