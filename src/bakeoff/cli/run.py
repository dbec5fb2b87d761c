"""`bakeoff run`: train what is missing of a study and show what came out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import StoppedError
from bakeoff.cli.options import (
    DEFAULT_STORE,
    Epochs,
    Margin,
    Recipe,
    Seed,
    StoreFile,
    StudyName,
    chosen_study,
    fraction,
)

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.study.run import Outcome, RunOptions
    from bakeoff.study.spec import Study
    from bakeoff.study.workers import Pool


def run(
    study: StudyName = "ablation",
    *,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds to train instead of the planned ones.")
    ] = None,
    first_round: Annotated[int, typer.Option(help="The first round, from 0.")] = 0,
    epochs: Epochs = None,
    seed: Seed = None,
    recipe: Recipe = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Train only this competitor (repeatable)."),
    ] = None,
    margin: Margin = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="decided", help="Stop as soon as every comparison is decided (anytime-valid)."
        ),
    ] = None,
    max_rounds: Annotated[
        int | None, typer.Option(help="With --until: train no more than these.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; by default, one per core.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on the workers of the Dask scheduler there, such as tcp://HOST:8786.",
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of other IDX files than MNIST's.")
    ] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Try one round of each; nothing is kept or planned.")
    ] = False,
    retry: Annotated[
        str | None, typer.Option(metavar="failed", help="Make rounds again that failed.")
    ] = None,
    store: StoreFile = DEFAULT_STORE,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rounds to this file too.")
    ] = None,
    trainer: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="bakeoff, or torch: the same rounds by PyTorch's layers, autograd and optimisers.",
        ),
    ] = "bakeoff",
    no_plan: Annotated[
        bool, typer.Option("--no-plan", help="Run every step on the tape: the same bits, slower.")
    ] = False,
) -> None:
    """Train a study in worker processes and say which competitor is better, and how surely.

    Finished rounds are kept in the store, so that running again trains only what is missing: a run
    that was stopped goes on, and 30 rounds become 100. Two runs of one study share the work.

    For example: bakeoff run ablation --rounds 6 --epochs 5
    """
    chosen = chosen_study(study, recipe=recipe, epochs=epochs, seed=seed)
    carry_out(
        chosen,
        Asked(
            rounds=rounds,
            smoke=smoke,
            tells_commands=True,
            first_round=first_round,
            only=tuple(only or ()),
            until=until,
            max_rounds=max_rounds,
            margin=margin,
            workers=workers,
            cluster=cluster,
            data_dir=None if data is None else str(data),
            store=store,
            json=json,
            trainer=trainer,
            plan=not no_plan,
            retry=retry,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a run on the command line; names as of its options."""

    rounds: int | None = None
    smoke: bool = False
    tells_commands: bool = False
    first_round: int = 0
    only: tuple[str, ...] = ()
    until: str | None = None
    max_rounds: int | None = None
    margin: float | None = None
    workers: int | None = None
    cluster: str | None = None
    data_dir: str | None = None
    store: Path = DEFAULT_STORE
    json: Path | None = None
    trainer: str = "bakeoff"
    plan: bool = True
    retry: str | None = None


def carry_out(chosen: Study, asked: Asked) -> None:
    """Run a study and tell what came out."""
    from bakeoff.study.run import RunOptions, rounds_to_train, run_study, workers_for

    most = 1 if asked.smoke else _most(asked.rounds, asked.until, asked.max_rounds)
    options = RunOptions(
        rounds=rounds_to_train(chosen, asked.first_round, most),
        only=asked.only,
        data_dir=asked.data_dir,
        until_decided=asked.until is not None and not asked.smoke,
        margin=fraction(asked.margin, chosen),
        trainer=asked.trainer,
        plan=asked.plan,
        retry_failed=_is_retry(asked.retry),
    )
    shown = chosen.only(options.only) if options.only else chosen
    json = asked.json
    _check_output(json)
    pool = _pool(asked.cluster, workers_for(shown, asked.workers), shown, options)

    from bakeoff.cli.console import notes_console, results_console, say
    from bakeoff.cli.run_progress import Telling

    notes = notes_console()
    telling = Telling(notes, shown, asked.store, pool.workers, commands=asked.tells_commands)
    if pool.machine is not None:
        count = f"{pool.workers} worker{'s' * (pool.workers > 1)}"
        say(notes, f"{asked.cluster}: {count} on {pool.machine.cpu}")
    try:
        with telling:
            outcome = run_study(
                chosen,
                options,
                store=None if asked.smoke else asked.store,
                pool=pool,
                listener=telling.listener(),
            )
    except KeyboardInterrupt:
        raise StoppedError(telling.sentence()) from None
    finally:
        pool.stop()
    _show(results_console(), chosen, outcome, options)
    if json is not None:
        from bakeoff.files import write_whole
        from bakeoff.study.document import document, to_json

        machine = pool.machine or chosen.machine()
        write_whole(json, to_json(document(outcome.results, machine, outcome.settings)))


def _is_retry(retry: str | None) -> bool:
    from bakeoff.errors import ArgumentError

    if retry not in (None, "failed"):
        raise ArgumentError(f"--retry: got {retry!r}, expected failed")
    return retry is not None


def _pool(cluster: str | None, workers: int | None, study: Study, options: RunOptions) -> Pool:
    """Return the workers: processes here, or those of a cluster."""
    from bakeoff.errors import ArgumentError

    if cluster is None:
        from bakeoff.study.workers import LocalPool

        return LocalPool(workers)
    if workers is not None:
        raise ArgumentError(
            f"--workers: got {workers} with --cluster, expected neither or one of them; a cluster"
            " has as many as were started there"
        )
    from bakeoff.study.cluster import ClusterPool
    from bakeoff.study.user_code import own_files
    from bakeoff.study.worker_compat import Files

    files = Files(study.kind, tuple(own_files(study)), options.data_dir)
    return ClusterPool(cluster, files)


def _most(rounds: int | None, until: str | None, max_rounds: int | None) -> int | None:
    """Return how many rounds may be trained, from options that must fit together."""
    from bakeoff.errors import ArgumentError

    if until is None:
        if max_rounds is not None:
            raise ArgumentError("--max-rounds: goes with --until decided; use --rounds without it")
        return rounds
    if until != "decided":
        raise ArgumentError(f"--until: got {until!r}, expected decided")
    if rounds is not None or max_rounds is None:
        raise ArgumentError("--until decided: expected --max-rounds N with it, and no --rounds")
    if max_rounds < 1:
        raise ArgumentError(f"max rounds: got {max_rounds}, expected at least 1")
    return max_rounds


def _check_output(json: Path | None) -> None:
    if json is not None:
        from bakeoff.files import check_writable

        check_writable(json)


def _show(console: Console, study: Study, outcome: Outcome, options: RunOptions) -> None:
    import attrs

    from bakeoff.cli.tables import show_results
    from bakeoff.study.machine import mixture_note
    from bakeoff.study.verdicts import judge

    # With --only the whole study is judged all the same: its other questions stay declared.
    results = attrs.evolve(outcome.results, study=study)
    verdicts = judge(results, margin=options.margin)
    notes = (*study.notes_on(outcome.settings), mixture_note(outcome.machines))
    show_results(console, results, verdicts, tuple(note for note in notes if note))
