"""What is checked before anything is trained, so that no work is lost to a mistake."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bakeoff.errors import ArgumentError, DTypeError, StudyError
from bakeoff.study.checks import find, made, unknown
from bakeoff.study.user_code import is_own, own_files
from bakeoff.training.data_sets import IDX_DATA, PAIRS
from bakeoff.training.recipe import RECIPE_SCHEDULES, Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

LARGEST_OPTION = 10_000  # of a size of bakeoff's own networks, which would fill the memory


def check_study(study: NetworkStudy, data_dir: str | None = None) -> None:
    """Make sure, before any work, that all that a study names is there.

    Of a user's own network or data only the file: its code is not run.

    Raises:
        StudyError: for a network or optimiser that does not exist, with the nearest name, for
            options that a network does not have, for what the trainer does not do: another
            schedule, or sets of pairs of different sizes; and for a folder of data files, or
            augmentation, where the data are such that neither can be.
        DataError: for data files that are missing or faulty.
    """
    from bakeoff.data import load_mnist

    for part in study.parts:
        _check_part(part)
    own_files(study)
    if any(data in IDX_DATA for data in study.data_sets):
        load_mnist(data_dir)
    elif data_dir is not None:
        raise StudyError(
            f"study {study.name!r}: got the data folder {data_dir} for data"
            f" {' and '.join(map(repr, study.data_sets))}, which do not come from IDX files,"
            " expected none; leave it out"
        )


def _check_part(study: NetworkStudy) -> None:
    """Make sure of the networks and recipes on one data set, and of its sizes."""
    from bakeoff.optim import OPTIMISERS

    if study.data in PAIRS and study.test_size != study.train_size:
        raise StudyError(
            f"study {study.name!r}: test_size: got {study.test_size}, expected {study.train_size}, "
            "as many test pairs as training pairs"
        )
    for competitor in study.networks:
        where, recipe = f"study {study.name!r}, competitor {competitor.name!r}", competitor.recipe
        if not is_own(competitor.network):
            _check_network(where, competitor)
        find("optimiser", recipe.optimiser, OPTIMISERS, f"{where}: ")
        if recipe.schedule is not None:
            find("schedule", recipe.schedule, RECIPE_SCHEDULES, f"{where}: ")
        _check_options(f"{where}, recipe", recipe)
        if study.data not in PAIRS and not recipe.augmentation.idle:
            raise StudyError(
                f"{where}: augmentation: got data {study.data!r}, expected 'pairs', as it changes"
                " pairs of images"
            )


def _check_options(where: str, recipe: Recipe) -> None:
    """Raise unless optimiser and schedule take their options, of which both are made once."""
    from bakeoff.nn import Linear
    from bakeoff.optim import OPTIMISERS, SCHEDULES

    def make(path: str, kind: Callable[..., Any], first: object, told: dict[str, Any]) -> Any:
        try:
            return made(partial(kind, first), told)
        except (ArgumentError, StudyError, TypeError, ValueError) as error:
            raise StudyError(f"{where}: {path}: {error}") from error

    kind = OPTIMISERS[recipe.optimiser]
    some = Linear(1, 1).parameters()
    optimizer = make("optimiser_options", kind, some, recipe.optimiser_arguments(kind))
    if recipe.schedule is not None:
        asked = recipe.schedule_arguments(recipe.epochs, moving=False)
        make("schedule_options", SCHEDULES[recipe.schedule], optimizer, asked)


def _check_network(where: str, competitor: NetworkCompetitor) -> None:
    """Raise unless bakeoff has the network, and it takes the options."""
    from bakeoff.models import MODELS

    if competitor.network not in MODELS:
        raise StudyError(
            f"{where}: {unknown('network', competitor.network, MODELS)}, or a network of your own,"
            " as 'mymodule:MyNet'"
        )
    for name, value in competitor.options:
        if isinstance(value, int) and value > LARGEST_OPTION:
            raise StudyError(f"{where}: options.{name}: got {value}, expected at most 10,000")
    try:
        made(MODELS[competitor.network], dict(competitor.options))
    except (ArgumentError, DTypeError, StudyError) as error:
        raise StudyError(f"{where}: options: {error}") from error
    except TypeError as error:
        told = ", ".join(f"{name} = {value!r}" for name, value in competitor.options)
        raise StudyError(f"{where}: options: got {told}, expected other types of values") from error
