"""How to repeat a study: one command, and the study as a file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

import attrs

from bakeoff.study.canonical import plain
from bakeoff.study.recipes import RECIPES
from bakeoff.study.spec import Study
from bakeoff.study.studies import STUDIES

STUDY_FILE = "study.toml"


def command(study: Study, rounds: int) -> str:
    """Return the command that trains so many rounds of a study again, from the first.

    A study that comes with bakeoff is called by its name, with the options that make it this one.
    Any other is called by the file that `study_toml` gives.
    """
    words = ["bakeoff", "run", *(_shipped(study) or (STUDY_FILE,)), "--rounds", str(rounds)]
    return shlex.join(words)


def _shipped(study: Study) -> tuple[str, ...]:
    """Return name and options of the shipped study that this one is, or nothing."""
    shipped = STUDIES.get(study.name)
    names = study.competitor_names
    if shipped is None or not set(names) <= set(shipped.competitor_names):
        return ()
    epochs = {c.recipe.epochs for c in study.competitors}
    for recipe in (None, *RECIPES):
        for only_epochs in (None, *(epochs if len(epochs) == 1 else ())):
            made = shipped.with_recipe(RECIPES[recipe] if recipe else None, epochs=only_epochs)
            made = made if names == made.competitor_names else made.only(names)
            # What is asked and planned does not shape a round.
            made = attrs.evolve(
                made,
                seed=study.seed,
                rounds=study.rounds,
                question=study.question,
                comparisons=study.comparisons,
            )
            if made == study:
                options = ["--recipe", recipe] if recipe else []
                options += ["--epochs", str(only_epochs)] if only_epochs else []
                options += ["--seed", str(study.seed)] if study.seed != shipped.seed else []
                if names != shipped.competitor_names:
                    options += [word for name in names for word in ("--only", name)]
                return (study.name, *options)
    return ()


def study_toml(study: Study) -> str:
    """Return the study as the TOML file that `bakeoff run` reads; it gives an equal study."""
    told = plain(study)
    competitors = told.pop("competitors")
    lines = [f"{name} = {_value(value)}" for name, value in told.items()]
    for competitor in competitors:
        lines += ["", "[[competitors]]"]
        lines += [
            f"{name} = {_value(value)}" for name, value in competitor.items() if value is not None
        ]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """Return a value as TOML; None, which TOML does not have, is left out of tables."""
    if isinstance(value, Mapping):
        inner = (f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return "{ " + ", ".join(inner) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _text(text: str) -> str:
    """Return a basic string; JSON's escapes are TOML's too, but for DEL, which TOML escapes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _text(name)
