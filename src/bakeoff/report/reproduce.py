"""How to repeat a study: in one command."""

from __future__ import annotations

import shlex

import attrs

from bakeoff.study.spec import Study
from bakeoff.training.recipe import RECIPES
from bakeoff.training.studies import STUDIES

STUDY_FILE = "study.toml"


def command(study: Study, rounds: int) -> str:
    """Return the command that trains so many rounds of a study again, from the first.

    A study that comes with bakeoff is called by its name, with the options that make it this one.
    Any other is called by the file that lies beside the page.
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
