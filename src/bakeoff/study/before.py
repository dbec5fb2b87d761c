"""What is checked before anything is trained, so that no work is lost to a mistake."""

from __future__ import annotations

from bakeoff.errors import ArgumentError, StudyError
from bakeoff.study.checks import unknown
from bakeoff.study.spec import Study


def rounds_to_train(study: Study, first_round: int = 0, rounds: int | None = None) -> range:
    """Return the rounds asked for: as many as the study plans unless told, from `first_round`.

    Raises:
        ArgumentError: for less than one round, or a first round below 0.
    """
    count = study.rounds if rounds is None else rounds
    if count < 1:
        raise ArgumentError(f"rounds: got {count}, expected at least 1")
    if first_round < 0:
        raise ArgumentError(f"first round: got {first_round}, expected at least 0")
    return range(first_round, first_round + count)


def check_study(study: Study, data_dir: str | None = None) -> None:
    """Make sure, before any work, that networks, optimisers, schedules and data are there.

    Raises:
        StudyError: for a network, optimiser or schedule that does not exist, with the nearest name.
        DataError: for data files that are missing or faulty.
    """
    from bakeoff.data import load_mnist
    from bakeoff.models import MODELS
    from bakeoff.optim import OPTIMISERS, SCHEDULES

    for competitor in study.competitors:
        recipe = competitor.recipe
        for kind, name, known in (
            ("network", competitor.network, MODELS),
            ("optimiser", recipe.optimiser, OPTIMISERS),
            ("schedule", recipe.schedule, SCHEDULES),
        ):
            if name is not None and name not in known:
                raise StudyError(
                    f"study {study.name!r}, competitor {competitor.name!r}: "
                    f"{unknown(kind, name, known)}"
                )
    load_mnist(data_dir)
