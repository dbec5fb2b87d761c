"""`bakeoff tune`: choose each competitor's step size fairly, never by a test image."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bakeoff.cli import StoppedError
from bakeoff.cli.options import DataFolder, Epochs, Recipe, Seed, StudyName, Workers, chosen_study

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.tables import Table
    from bakeoff.training.spec import NetworkStudy
    from bakeoff.training.tune.evidence import Trial, Tuning


def tune(
    study: StudyName = "ablation",
    *,
    tuning_rounds: Annotated[
        int, typer.Option(metavar="N", help="Rounds that each step size is tried for, from 2.")
    ] = 5,
    tuning_epochs: Annotated[
        int | None,
        typer.Option(
            metavar="E", help="Epochs of a tuning round instead of the recipe's, which stay."
        ),
    ] = None,
    try_epochs: Annotated[
        list[int] | None,
        typer.Option(metavar="E", help="Choose the epochs too, among these (repeatable)."),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(
            metavar="LR", help="The grid's middle for all; by default, each recipe's own step size."
        ),
    ] = None,
    epochs: Epochs = None,
    seed: Seed = None,
    recipe: Recipe = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Tune and write only this competitor (repeatable)."),
    ] = None,
    workers: Workers = None,
    data: DataFolder = None,
    store: Annotated[
        Path, typer.Option(metavar="FILE", help="Where tuning rounds are kept and found.")
    ] = Path("bakeoff-tuning.sqlite"),
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write; by default, STUDY.tuned.toml."),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what was tried, round by round, to this file."),
    ] = None,
) -> None:
    """Choose each competitor's step size by the same search with the same budget.

    Tries the recipe's step size, two smaller and two larger ones, each twice the one before, and
    goes further for all competitors while anyone's best is at the end. They are judged on
    training examples that the round does not train on; no test example is seen. Finished rounds are
    kept, so that a search that was stopped goes on.

    For example: bakeoff tune ablation, and then bakeoff run ablation.tuned.toml
    """
    from bakeoff.files import check_writable, write_whole
    from bakeoff.study.workers import LocalPool
    from bakeoff.training.preflight import check_study
    from bakeoff.training.spec import networks_of
    from bakeoff.training.tune.evidence import tuning_document
    from bakeoff.training.tune.search import TuneOptions, tune_study
    from bakeoff.training.tune.toml import tuning_toml

    networks = networks_of(chosen_study(study, recipe=recipe, epochs=epochs, seed=seed), "tune")
    chosen = _around(lr, networks)
    options = TuneOptions(
        rounds=tuning_rounds,
        epochs=tuning_epochs,
        choose_epochs=tuple(try_epochs or ()),
        only=tuple(only or ()),
        data_dir=None if data is None else str(data),
    )
    pool = LocalPool(workers)
    file = output or tuned_file(study)
    for path in (file, *([json] if json else [])):
        check_writable(path)

    from bakeoff.cli.console import notes_console, results_console
    from bakeoff.cli.run_progress import Passes

    notes = notes_console()
    with Passes(notes, chosen, store, pool.workers) as passes:
        try:
            check_study(chosen.only(options.only) if options.only else chosen, options.data_dir)
            tuning = tune_study(
                chosen,
                options,
                store=store,
                pools=lambda: LocalPool(pool.workers, needs=chosen.needs),
                listeners=passes.over,
            )
        except KeyboardInterrupt:
            passes.stop()
            raise StoppedError(passes.sentence()) from None
    words = {
        "--tuning-rounds": tuning_rounds,
        "--tuning-epochs": tuning_epochs,
        "--try-epochs": try_epochs,
        "--lr": _middle(tuning),
        "--epochs": epochs,
        "--seed": seed,
        "--recipe": recipe,
        "--only": only,
        "--data": data,
    }
    command = command_of(study, words)
    write_whole(file, tuning_toml(tuning, command))
    if json is not None:
        from bakeoff.study.document import to_json

        write_whole(json, to_json(tuning_document(tuning, command)))
    _show(results_console(), tuning, file)


def _around(lr: float | None, study: NetworkStudy) -> NetworkStudy:
    """Return the study with every competitor at this step size, if there is one."""
    import attrs

    if lr is None:
        return study
    return attrs.evolve(study, competitors=[c.with_values({"lr": lr}) for c in study.networks])


def _middle(tuning: Tuning) -> float | None:
    """Return the middle that all grids share, so that the command holds when the study moves on."""
    middles = {tuned.competitor.recipe.lr for tuned in tuning.tuned}
    return middles.pop() if len(middles) == 1 else None


def tuned_file(study: str) -> Path:
    """Return where the tuned study goes: beside the study's file, or here if it has none."""
    path = Path(study)
    return path.with_name(f"{path.name.removesuffix('.toml')}.tuned.toml")


def command_of(study: str, options: Mapping[str, Any]) -> str:
    """Return what to type for the same choice: the study and the options that shape it."""
    words = ["bakeoff", "tune", study]
    for name, value in options.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        for one in values:
            words += [name, str(one)]
    return shlex.join(words)


def _show(console: Console, tuning: Tuning, file: Path) -> None:
    from bakeoff.cli.console import say
    from bakeoff.cli.tables import show_table

    show_table(console, _table(tuning))
    console.print()
    for note in tuning.notes():
        say(console, note)
    tried = len(tuning.tuned[0].trials)
    say(
        console,
        f"Each competitor was tried at {tried} settings for {tuning.rounds} rounds, on training "
        f"examples alone; written to {file}, which says more: bakeoff run {shlex.quote(str(file))}",
    )


def _table(tuning: Tuning) -> Table:
    """Return what was chosen; the epochs only where they were to be chosen."""
    from bakeoff.tables import REST, Table, plus_minus

    metric = tuning.metric

    def validation(trial: Trial) -> str:
        mean, error = map(metric.scaled, (trial.mean, trial.standard_error))
        told = plus_minus(mean, error, metric.decimals + 1, metric.sign)
        return f"{told}, {trial.diverged} diverged" if trial.diverged else told

    header = ["competitor", "step size", "before", "validation", "validation before"]
    rows = []
    for tuned in tuning.tuned:
        setting, before = tuned.chosen.setting, tuned.present
        row = [tuned.competitor.name, f"{setting.lr:g}", f"{before.setting.lr:g}"]
        row += [validation(tuned.chosen), validation(before)]
        rows.append([*row, str(setting.epochs)] if tuning.epochs else row)
    header += ["epochs"] * bool(tuning.epochs)
    return Table.of(header, rows, right=REST)
