"""`bakeoff run`: train a study and show what came out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import INTERRUPTED

if TYPE_CHECKING:
    from bakeoff.study.spec import Study


def run(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study's name.")] = "ablation",
    *,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds to train instead of the planned ones.")
    ] = None,
    first_round: Annotated[int, typer.Option(help="The first round, from 0.")] = 0,
    epochs: Annotated[int | None, typer.Option(help="Epochs instead of the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed instead of the study's.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; as many as cores unless told.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Train only this competitor (repeatable)."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="A recipe for all competitors: default or published.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of other IDX files instead of MNIST.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file too.")] = None,
) -> None:
    """Train a study in worker processes and say which competitor is better, and how surely."""
    from bakeoff.study.machine import this_machine
    from bakeoff.study.run import check_study, rounds_to_train, run_study
    from bakeoff.study.workers import LocalPool

    chosen = _changed(study, only=only, recipe=recipe, epochs=epochs, seed=seed)
    asked = rounds_to_train(chosen, first_round, rounds)
    pool = LocalPool(workers)
    if json is not None:
        from bakeoff.study.writing import check_writable

        check_writable(json)
    data_dir = None if data is None else str(data)
    check_study(chosen, data_dir)

    from bakeoff.cli.console import notes_console, results_console
    from bakeoff.cli.progress import RoundsDone, progress
    from bakeoff.cli.tables import show_results
    from bakeoff.study.verdicts import judge

    notes, machine = notes_console(), this_machine()
    done = RoundsDone(len(asked) * len(chosen.competitors))
    notes.print(
        f"{chosen.name}: {len(chosen.competitors)} competitors × {len(asked)} rounds, "
        f"{pool.workers} worker{'s' * (pool.workers > 1)}"
    )
    try:
        with progress(notes, done) as shown:
            results = run_study(
                chosen, rounds=asked, pool=pool, data_dir=data_dir, on_results=shown.add
            )
    except KeyboardInterrupt:
        notes.print(f"bakeoff: stopped by Ctrl-C, {done.sentence()}")
        raise typer.Exit(INTERRUPTED) from None
    show_results(results_console(), results, judge(results))
    if json is not None:
        from bakeoff.study.document import document, to_json
        from bakeoff.study.writing import write_whole

        write_whole(json, to_json(document(results, machine)))


def _changed(
    name: str,
    *,
    only: list[str] | None,
    recipe: str | None,
    epochs: int | None,
    seed: int | None,
) -> Study:
    """Return the study of that name with what the options change in it."""
    import attrs

    from bakeoff.study.recipes import find_recipe
    from bakeoff.study.studies import find_study

    study = find_study(name).with_recipe(find_recipe(recipe) if recipe else None, epochs=epochs)
    if only:
        study = study.only(only)
    return study if seed is None else attrs.evolve(study, seed=seed)
