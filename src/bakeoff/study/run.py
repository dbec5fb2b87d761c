"""From a study to its results: check everything first, then train."""

from __future__ import annotations

from collections.abc import Callable

from bakeoff.errors import ArgumentError, StudyError
from bakeoff.study.checks import unknown
from bakeoff.study.results import StudyResults
from bakeoff.study.runner import MemoryLedger, Results, Train, run_tasks, tasks_for
from bakeoff.study.spec import Study
from bakeoff.study.workers import LocalPool, Pool


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
    """Make sure, before any work, that networks, optimisers and data are there.

    Raises:
        StudyError: for a network or optimiser that does not exist, with the nearest name.
        DataError: for data files that are missing or faulty.
    """
    from bakeoff import optim
    from bakeoff.data import load_mnist
    from bakeoff.models import MODELS

    for competitor in study.competitors:
        where = f"study {study.name!r}, competitor {competitor.name!r}"
        if competitor.network not in MODELS:
            raise StudyError(f"{where}: {unknown('network', competitor.network, MODELS)}")
        optimisers = [name for name in optim.__all__ if name != "Optimizer"]
        if competitor.recipe.optimiser not in optimisers:
            raise StudyError(
                f"{where}: {unknown('optimiser', competitor.recipe.optimiser, optimisers)}"
            )
    if study.data == "pairs":
        load_mnist(data_dir)


def run_study(
    study: Study,
    *,
    rounds: range | None = None,
    pool: Pool | None = None,
    data_dir: str | None = None,
    train: Train | None = None,
    on_results: Callable[[Results], None] = lambda results: None,
) -> StudyResults:
    """Train a study's rounds in worker processes and return them.

    Args:
        study: the study.
        rounds: the rounds, consecutive; the study's planned ones if None.
        pool: the workers; as many processes as cores if None.
        data_dir: folder of the data files; None for BAKEOFF_DATA's, else the embedded MNIST.
        train: the trainer; bakeoff's own if None.
        on_results: told of each finished group's rounds.

    Raises:
        KeyboardInterrupt: after Ctrl-C; `on_results` was told of all finished rounds.
        BakeoffError: as `check_study` and `run_tasks`.
    """
    if train is None:
        from bakeoff.study.trainer import train_group

        check_study(study, data_dir)
        train = train_group
    asked = rounds_to_train(study) if rounds is None else rounds
    ledger = MemoryLedger(tasks_for(study, asked))
    run_tasks(
        study,
        ledger,
        train=train,
        pool=pool or LocalPool(),
        data_dir=data_dir,
        on_results=on_results,
    )
    return StudyResults.of_rounds(study, ledger.results, asked)
