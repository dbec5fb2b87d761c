"""`bakeoff run`: train what is missing of a study and show what came out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import StoppedError
from bakeoff.cli.options import (
    PAGE,
    DataFolder,
    Epochs,
    Recipe,
    Seed,
    StudyName,
    Vary,
    Work,
    chosen_study,
    fraction,
    swept_study,
    takes_groups,
)

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.study.run import Outcome, RunOptions
    from bakeoff.study.spec import Study
    from bakeoff.study.workers import Pool

    Show = Callable[[Console, Study, Outcome, RunOptions], None]


@takes_groups
def run(
    study: StudyName = "ablation",
    *,
    first_round: Annotated[int, typer.Option(help="The first round, from 0.")] = 0,
    epochs: Epochs = None,
    seed: Seed = None,
    recipe: Recipe = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Train only this competitor (repeatable)."),
    ] = None,
    vary: Vary = None,
    work: Work,
    data: DataFolder = None,
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
    chosen = chosen_study(study, work.store, recipe=recipe, epochs=epochs, seed=seed)
    if vary:
        chosen, only = swept_study(chosen, only or (), vary), None
    carry_out(
        chosen,
        work,
        tells_commands=True,
        first_round=first_round,
        only=tuple(only or ()),
        data_dir=None if data is None else str(data),
        trainer=trainer,
        plan=not no_plan,
    )


def carry_out(
    chosen: Study,
    work: Work,
    *,
    kept: bool = True,
    tells_commands: bool = False,
    first_round: int = 0,
    only: tuple[str, ...] = (),
    data_dir: str | None = None,
    trainer: str = "bakeoff",
    plan: bool = True,
    show: Show | None = None,
) -> Outcome:
    """Run a study as asked on the command line, tell what came out, and return it.

    `show` tells it in another way; nothing is stored unless it is to be kept.
    """
    from bakeoff.files import check_writable, write_whole
    from bakeoff.report.page import check_report
    from bakeoff.study.run import RunOptions, rounds_to_train, workers_for

    most = 1 if work.smoke else _most(work)
    options = RunOptions(
        rounds=rounds_to_train(chosen, first_round, most),
        only=only,
        data_dir=data_dir,
        until_decided=work.until is not None and not work.smoke,
        margin=fraction(work.margin, chosen),
        careful=work.careful,
        trainer=trainer,
        plan=plan,
        retry_failed=work.retry is not None,
    )
    shown = chosen.only(only) if only else chosen
    if work.json is not None:
        check_writable(work.json)
    if work.open_page:
        check_report(PAGE)
    pool = _pool(work.cluster, workers_for(shown, work.workers), shown, options)

    from bakeoff.cli.console import notes_console, results_console, say
    from bakeoff.cli.run_progress import RunPage, Telling

    notes, store = notes_console(), work.store if kept else None
    telling = Telling(notes, shown, store, pool.workers, commands=tells_commands)
    if pool.machine is not None:
        count = f"{pool.workers} worker{'s' * (pool.workers > 1)}"
        say(notes, f"{work.cluster}: {count} on {pool.machine.cpu}")
    page = RunPage(telling, chosen, options, opens=work.open_page) if work.live else None
    with closing(page) if page else nullcontext():
        try:
            outcome = telling.run(chosen, options, pool, None if work.smoke else store)
        except KeyboardInterrupt:
            raise StoppedError(telling.sentence()) from None
        (show or _show)(results_console(), chosen, outcome, options)
        if page:
            page.finish(outcome, _notes(chosen, outcome))
    if work.json is not None:
        from bakeoff.study.document import document, to_json

        machine = pool.machine or chosen.machine()
        write_whole(work.json, to_json(document(outcome.results, machine, outcome.settings)))
    if work.open_page:
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


def _most(work: Work) -> int | None:
    """Return how many rounds may be trained, from options that must fit together."""
    from bakeoff.errors import ArgumentError

    if work.until is None:
        if work.max_rounds is not None:
            raise ArgumentError("--max-rounds: goes with --until decided; use --rounds without it")
        return work.rounds
    if work.rounds is not None or work.max_rounds is None:
        raise ArgumentError("--until decided: expected --max-rounds N with it, and no --rounds")
    if work.max_rounds < 1:
        raise ArgumentError(f"max rounds: got {work.max_rounds}, expected at least 1")
    return work.max_rounds


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
