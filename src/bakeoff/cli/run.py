"""`bakeoff run`: train what is missing of a study and show what came out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import StoppedError
from bakeoff.cli.options import (
    DEFAULT_STORE,
    PAGE,
    Careful,
    DataFolder,
    Epochs,
    LivePage,
    Margin,
    MaxRounds,
    Open,
    Recipe,
    Retry,
    RoundsFile,
    Seed,
    Smoke,
    StoreFile,
    StudyName,
    Until,
    Vary,
    Workers,
    chosen_study,
    fraction,
    swept_study,
)

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.study.run import Outcome, RunOptions
    from bakeoff.study.spec import Study
    from bakeoff.study.workers import Pool

    Show = Callable[[Console, Study, Outcome, RunOptions], None]


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
    vary: Vary = None,
    margin: Margin = None,
    careful: Careful = False,
    until: Until = None,
    max_rounds: MaxRounds = None,
    workers: Workers = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on the workers of the Dask scheduler there, such as tcp://HOST:8786.",
        ),
    ] = None,
    data: DataFolder = None,
    smoke: Smoke = False,
    retry: Retry = None,
    store: StoreFile = DEFAULT_STORE,
    json: RoundsFile = None,
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
    live: LivePage = False,
    open_page: Open = False,
) -> None:
    """Train a study in worker processes and say which competitor is better, and how surely.

    Finished rounds are kept in the store, so that running again trains only what is missing: a run
    that was stopped goes on, and 30 rounds become 100. Two runs of one study share the work.

    For example: bakeoff run ablation --rounds 6 --epochs 5
    """
    chosen = chosen_study(study, store, recipe=recipe, epochs=epochs, seed=seed)
    if vary:
        chosen, only = swept_study(chosen, only or (), vary), None
    carry_out(
        chosen,
        rounds=rounds,
        smoke=smoke,
        tells_commands=True,
        first_round=first_round,
        only=tuple(only or ()),
        until=until,
        max_rounds=max_rounds,
        margin=margin,
        careful=careful,
        workers=workers,
        cluster=cluster,
        data_dir=None if data is None else str(data),
        store=store,
        json=json,
        trainer=trainer,
        plan=not no_plan,
        retry=retry,
        live=live,
        open_page=open_page,
    )


def carry_out(
    chosen: Study,
    *,
    rounds: int | None,
    store: Path | None,
    json: Path | None,
    smoke: bool = False,
    until: str | None = None,
    max_rounds: int | None = None,
    margin: float | None = None,
    careful: bool = False,
    workers: int | None = None,
    cluster: str | None = None,
    retry: str | None = None,
    tells_commands: bool = False,
    first_round: int = 0,
    only: tuple[str, ...] = (),
    data_dir: str | None = None,
    trainer: str = "bakeoff",
    plan: bool = True,
    show: Show | None = None,
    live: bool = False,
    open_page: bool = False,
) -> Outcome:
    """Run a study as asked on the command line, tell what came out, and return it.

    `show` tells it in another way; without a store nothing is kept.
    """
    from bakeoff.files import check_writable, write_whole
    from bakeoff.report.page import check_report
    from bakeoff.study.run import RunOptions, rounds_to_train, workers_for

    most = 1 if smoke else _most(rounds, until, max_rounds)
    options = RunOptions(
        rounds=rounds_to_train(chosen, first_round, most),
        only=only,
        data_dir=data_dir,
        until_decided=until is not None and not smoke,
        margin=fraction(margin, chosen),
        careful=careful,
        trainer=trainer,
        plan=plan,
        retry_failed=retry is not None,
    )
    shown = chosen.only(only) if only else chosen
    if json is not None:
        check_writable(json)
    if open_page:
        check_report(PAGE)
    pool = _pool(cluster, workers_for(shown, workers), shown, options)

    from bakeoff.cli.console import notes_console, results_console, say
    from bakeoff.cli.run_progress import RunPage, Telling

    notes = notes_console()
    telling = Telling(notes, shown, store, pool.workers, commands=tells_commands)
    if pool.machine is not None:
        count = f"{pool.workers} worker{'s' * (pool.workers > 1)}"
        say(notes, f"{cluster}: {count} on {pool.machine.cpu}")
    page = RunPage(telling, chosen, options, opens=open_page) if live else None
    with closing(page) if page else nullcontext():
        try:
            outcome = telling.run(chosen, options, pool, None if smoke else store)
        except KeyboardInterrupt:
            raise StoppedError(telling.sentence()) from None
        (show or _show)(results_console(), chosen, outcome, options)
        if page:
            page.finish(outcome, _notes(chosen, outcome))
    if json is not None:
        from bakeoff.study.document import document, to_json

        machine = pool.machine or chosen.machine()
        write_whole(json, to_json(document(outcome.results, machine, outcome.settings)))
    if open_page:
        _page(chosen, outcome, options, store)
    return outcome


def _pool(cluster: str | None, workers: int | None, study: Study, options: RunOptions) -> Pool:
    """Return the workers: processes here, or those of a cluster."""
    from bakeoff.errors import ArgumentError

    if cluster is None:
        from bakeoff.study.workers import LocalPool

        return LocalPool(workers, needs=study.needs)
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
    if rounds is not None or max_rounds is None:
        raise ArgumentError("--until decided: expected --max-rounds N with it, and no --rounds")
    if max_rounds < 1:
        raise ArgumentError(f"max rounds: got {max_rounds}, expected at least 1")
    return max_rounds


def _page(study: Study, outcome: Outcome, options: RunOptions, store: Path | None) -> None:
    """Write the page of what a run ended with, and open it."""
    import attrs

    from bakeoff.cli.report import write_page
    from bakeoff.report.source import Source

    source = Source(
        attrs.evolve(outcome.results, study=outcome.judged),
        store or Path("bakeoff.run"),
        outcome.planned,
        outcome.machines,
        _notes(study, outcome),
    )
    how = {"margin": options.margin, "anytime": options.anytime, "data_dir": options.data_dir}
    write_page(source, PAGE, open_it=True, **how)


def _notes(study: Study, outcome: Outcome) -> tuple[str, ...]:
    """Return a sentence each on how the rounds were made, and on unlike machines."""
    from bakeoff.study.machine import mixture_note

    told = (*study.notes_on(outcome.settings), *outcome.notes, mixture_note(outcome.machines))
    return tuple(filter(None, told))


def _show(console: Console, study: Study, outcome: Outcome, options: RunOptions) -> None:
    import attrs

    from bakeoff.cli.tables import show_results
    from bakeoff.study.verdicts import judge

    # With --only the whole study is judged all the same, once anything of the rest was asked for.
    results = attrs.evolve(outcome.results, study=outcome.judged)
    verdicts = judge(results, margin=options.margin, anytime=options.anytime)
    show_results(console, results, verdicts, _notes(study, outcome))
