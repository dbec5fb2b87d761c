"""A tuned study as a file that `bakeoff run` reads, with the evidence in a table of its own.

The evidence stands in the file and not beside it, so that the two cannot be parted or mixed up; in
a table, ``[tuning]``, and not in comments, so that programs can read it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from bakeoff.study.serialise import plain, shared_fields
from bakeoff.training.spec import NetworkStudy
from bakeoff.training.tune.evidence import Tuned, Tuning

HEADING = """\
# Tuned by bakeoff: each competitor's step size was chosen by the same search, with the same budget,
# on pairs of training images that the round in question does not train on. No test image was seen.
# The evidence stands at the end, under [tuning]; to a run it means nothing.

"""

TRIED = """\
# place: on the grid, each twice the step size of the one before, 0 for the recipe's own before.
# mean, standard_error: of validation accuracy over the rounds, where a diverged one counts 0.
# tied: no more than a paired standard error behind the best; the middle of these is chosen.
"""


def tuning_toml(tuning: Tuning, command: str) -> str:
    """Return the file of the tuned study.

    Args:
        tuning: what was found.
        command: what to type to find it again.
    """
    return HEADING + study_toml(tuning.tuned_study()) + "\n" + _evidence(tuning, command)


def study_toml(study: NetworkStudy) -> str:
    """Return the file of a study, every field of it written out; reading it gives the study."""
    told = plain(study)
    recipes = [competitor.pop("recipe") for competitor in told["competitors"]]
    shared = shared_fields(recipes)
    competitors, comparisons = told.pop("competitors"), told.pop("comparisons")
    lines = [*_assignments(told), *_list("comparisons", comparisons)]
    lines += ["", "[recipe]", *_assignments(shared)]
    for competitor, recipe in zip(competitors, recipes, strict=True):
        own = {name: value for name, value in recipe.items() if name not in shared}
        filled = {name: value for name, value in competitor.items() if value != {}}
        lines += ["", "[[competitors]]", *_assignments(filled | ({"recipe": own} if own else {}))]
    return "\n".join(lines) + "\n"


def _evidence(tuning: Tuning, command: str) -> str:
    told = {
        "command": command,
        "seed": tuning.seed,
        "rounds": tuning.rounds,
        "places": [tuning.places[0], tuning.places[-1]],
        "data": tuning.data,
        "sources": tuning.sources,
    }
    machines = [attrs.asdict(m) | {"rounds": rounds} for m, rounds in tuning.machines.items()]
    lines = ["[tuning]", *_assignments(told), *_list("machines", machines)]
    for number, tuned in enumerate(tuning.tuned):
        lines += ["", *([] if number else TRIED.splitlines()), "[[tuning.competitors]]"]
        setting = tuned.chosen.setting
        chosen = {
            "name": tuned.competitor.name,
            "lr_before": tuned.competitor.recipe.lr,
            "lr": setting.lr,
            "epochs": setting.epochs,
        }
        lines += [*_assignments(chosen), *_list("tried", _trials(tuned))]
    return "\n".join(lines) + "\n"


def _trials(tuned: Tuned) -> list[dict[str, Any]]:
    """Return a line's worth of each trial; its figures to six digits, which reads better."""
    return [
        attrs.asdict(trial.setting)
        | {
            "mean": round(trial.mean, 6),
            "standard_error": round(trial.standard_error, 6),
            "diverged": trial.diverged,
            "tied": number in tuned.choice.tied,
        }
        for number, trial in enumerate(tuned.trials)
    ]


def _assignments(told: Mapping[str, Any]) -> list[str]:
    """Return a line for each name and value; None, which TOML cannot say, is left out."""
    return [f"{_key(name)} = {_value(value)}" for name, value in told.items() if value is not None]


def _list(name: str, values: Iterable[Any]) -> list[str]:
    """Return an array with a value a line."""
    return [f"{name} = [", *(f"    {_value(value)}," for value in values), "]"]


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _value(name)


def _value(value: Any) -> str:
    """Return a value as TOML writes it; a table within a line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(_assignments(value))} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    # JSON writes text, truth values and finite numbers as TOML reads them, but for surrogates.
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^ -~]", _escaped, text)


def _escaped(character: re.Match[str]) -> str:
    return character[0] if character[0].isprintable() else f"\\U{ord(character[0]):08x}"
