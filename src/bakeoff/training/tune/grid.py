"""What is tried: the same places on a grid of step sizes for every competitor.

Place 0 is the step size that a competitor's recipe has now, and each place up is twice the one
below. So nobody is given more tries, a wider search or a finer one than its rivals. The candidates
are competitors like any others, of a study whose data are pairs to tune on.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from attrs import frozen

from bakeoff.study.serialise import digest
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

FACTOR = 2.0
FIRST = range(-2, 3)
"""The places tried at first: a quarter of the present step size to four times of it."""

FURTHEST = 6
"""The grid grows no further than this many places to either side."""


@frozen
class Setting:
    """One thing to try.

    Attributes:
        place: on the grid, 0 for the present step size.
        lr: the step size, the recipe's times `FACTOR` to the power of `place`.
        epochs: the epochs that it is tried for.
    """

    place: int
    lr: float
    epochs: int


def settings_for(
    competitor: NetworkCompetitor, places: Sequence[int], epochs: tuple[int, ...] = ()
) -> tuple[Setting, ...]:
    """Return what is tried of a competitor: each number of epochs with each place of the grid.

    Args:
        competitor: its recipe has place 0, and the epochs unless others are given.
        places: of the grid.
        epochs: the numbers of epochs to try.
    """
    recipe = competitor.recipe
    return tuple(
        Setting(place, recipe.lr * FACTOR**place, count)
        for count in epochs or (recipe.epochs,)
        for place in places
    )


def candidate(competitor: NetworkCompetitor, setting: Setting, rounds: int) -> NetworkCompetitor:
    """Return the competitor as it is tried, evaluated only where its last epoch ends.

    Args:
        competitor: whom it is a variant of.
        setting: what is tried.
        rounds: how many rounds it is tried for; no more are trained in lockstep.
    """
    recipe = attrs.evolve(
        competitor.recipe,
        lr=setting.lr,
        epochs=setting.epochs,
        evaluate_every=setting.epochs,
        rounds_per_group=min(len(competitor.recipe.rounds_of(0)), rounds),
    )
    return attrs.evolve(
        competitor, name=candidate_name(competitor, setting), recipe=recipe, levels=()
    )


def candidate_name(competitor: NetworkCompetitor, setting: Setting) -> str:
    """Return what the store calls a candidate, such as model2.lr0.04.epochs25."""
    return f"{competitor.name}.lr{setting.lr!r}.epochs{setting.epochs}"


def tuning_study(
    study: NetworkStudy, places: Sequence[int], rounds: int, epochs: tuple[int, ...] = ()
) -> NetworkStudy:
    """Return the study of all candidates at some places of the grid.

    A round is judged by training examples that it does not train on, and no test example is ever
    seen. Its rounds are none of the study's own, having a seed of their own: other examples, other
    initial weights, another order.

    Args:
        study: the study whose competitors are tuned.
        places: of the grid.
        rounds: how many rounds each candidate is trained for.
        epochs: the numbers of epochs to try; each recipe's own if empty.
    """
    return NetworkStudy(
        name=f"{study.name}.tuning",
        question=f"Which step size suits each competitor of {study.name}, judged on training data?",
        competitors=[
            candidate(competitor, setting, rounds)
            for competitor in study.networks
            for setting in settings_for(competitor, places, epochs)
        ],
        rounds=rounds,
        seed=tuning_seed(study.seed),
        train_size=study.train_size,
        test_size=study.test_size,
        data="tuning-pairs" if study.data == "pairs" else study.data,
        held_out=study.data != "pairs",
    )


def tuning_seed(seed: int) -> int:
    """Return the seed of the rounds to tune on: 32 bits, a hash of the study's seed."""
    return int(digest("tuning", str(seed))[:8], 16)
