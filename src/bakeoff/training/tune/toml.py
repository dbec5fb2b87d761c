"""A tuned study as a file that `bakeoff run` reads, with the evidence in a table of its own.

The evidence stands in the file and not beside it, so that the two cannot be parted or mixed up; in
a table, ``[tuning]``, and not in comments, so that programs can read it too.
"""

from __future__ import annotations

from typing import Any

import attrs

from bakeoff.study.files import toml_text
from bakeoff.study.serialise import plain, shared_fields, unshared_fields
from bakeoff.training.recipe import as_chosen
from bakeoff.training.spec import NetworkStudy
from bakeoff.training.tune.evidence import Tuned, Tuning

HEADING = """\
# Tuned by bakeoff: each competitor's step size was chosen by the same search, with the same budget,
# on training examples that the round in question does not train on. No test example was seen.
# The evidence stands at the end, under [tuning]; to a run it means nothing.

"""

TRIED = """\
# place: on the grid, each twice the step size of the one before, 0 for the recipe's own before.
# mean, standard_error: of validation accuracy, or R², over the rounds; a diverged one counts 0.
# tied: no more than a paired standard error behind the best; the middle of these is chosen.
"""


def tuning_toml(tuning: Tuning, command: str) -> str:
    """Return the file of the tuned study.

    Args:
        tuning: what was found.
        command: what to type to find it again.
    """
    return HEADING + study_toml(tuning.tuned_study()) + "\n" + TRIED + _evidence(tuning, command)


def study_toml(study: NetworkStudy) -> str:
    """Return the file of a study, every field of it written out; reading it gives the study."""
    told = plain(study)
    kept = told.pop("competitors")
    recipes = [as_chosen(competitor.pop("recipe")) for competitor in kept]
    shared = shared_fields(recipes)
    competitors = [
        {name: value for name, value in competitor.items() if value != {}}
        | ({"recipe": own} if (own := unshared_fields(recipe, shared)) else {})
        for competitor, recipe in zip(kept, recipes, strict=True)
    ]
    return toml_text(told | {"recipe": shared, "competitors": competitors})


def _evidence(tuning: Tuning, command: str) -> str:
    told = {
        "command": command,
        "seed": tuning.seed,
        "rounds": tuning.rounds,
        "places": [tuning.places[0], tuning.places[-1]],
        "data": tuning.data,
        "sources": tuning.sources,
        "machines": [attrs.asdict(m) | {"rounds": rounds} for m, rounds in tuning.machines.items()],
        "competitors": [
            {
                "name": tuned.competitor.name,
                "lr_before": tuned.competitor.recipe.lr,
                "lr": tuned.chosen.setting.lr,
                "epochs": tuned.chosen.setting.epochs,
                "tried": _trials(tuned),
            }
            for tuned in tuning.tuned
        ],
    }
    return toml_text({"tuning": told})


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
