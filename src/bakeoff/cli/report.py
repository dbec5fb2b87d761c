"""`bakeoff report`: a study's results as a page, its figures and its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import (
    DEFAULT_STORE,
    AnyStoreFile,
    Margin,
    fraction,
    refuse_given,
    study_names,
)

DISK = "disk"


def report(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="Its name, or the beginning of its identity; by default, the one run last. Or a"
            " .json file of bakeoff export, run --json or show --format json. Or disk, for the"
            " report's disk.",
            autocompletion=study_names,
        ),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder to write; made if there is none.")
    ] = Path("report"),
    margin: Margin = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the IDX files that the study was run with."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="Of the disk: rounds to train, by default 30.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Of the disk: epochs instead of the recipe's 250.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the disk: seed of everything random, by default 0.")
    ] = None,
    store: AnyStoreFile = None,
) -> None:
    """Write a page of a study's kept rounds, which can be opened, sent and printed.

    DIR/index.html is one file that needs no network. Beside it lie every figure as SVG and PNG and
    every table as CSV. A study is not trained; the disk is, in seconds.

    For example: bakeoff report ablation --out page, or bakeoff report disk --out disk
    """
    from bakeoff.report.page import check_report

    of_disk: dict[str, object] = {"--rounds": rounds, "--epochs": epochs, "--seed": seed}
    of_study: dict[str, object] = {"--margin": margin, "--data": data}
    if study == DISK:
        refuse_given("a study", of_study | {"--store": store})
    else:
        refuse_given("disk", of_disk)
    if study is not None and study.endswith(".json"):
        refuse_given("a study of the store", {"--store": store})
    check_report(out)
    if study == DISK:
        files = _disk(out, 30 if rounds is None else rounds, epochs, seed or 0)
    else:
        files = _study(study, out, store or DEFAULT_STORE, margin, data)
    tell(f"wrote {out / 'index.html'} and {files - 1} files beside it")


def _study(
    study: str | None, out: Path, store: Path, margin: float | None, data: Path | None
) -> int:
    from bakeoff.cli.console import notes_console
    from bakeoff.cli.progress import steps_bar
    from bakeoff.report.source import read_source
    from bakeoff.report.study_page import PARTS, write_study_page

    source = read_source(study, store)
    with steps_bar(notes_console(), PARTS, "section") as show:
        return write_study_page(
            source,
            out,
            margin=fraction(margin, source.results.study),
            data_dir=None if data is None else str(data),
            on_part=show,
        )


def _disk(out: Path, rounds: int, epochs: int | None, seed: int) -> int:
    from bakeoff.cli.console import notes_console
    from bakeoff.cli.disk import one_thread
    from bakeoff.cli.progress import steps_bar
    from bakeoff.disk import DiskRecipe
    from bakeoff.disk.history import train_history
    from bakeoff.report.disk_page import disk_page
    from bakeoff.report.page import write_folder
    from bakeoff.study.machine import this_machine

    recipe = DiskRecipe() if epochs is None else DiskRecipe(epochs=epochs)
    one_thread()
    groups = -(-rounds // recipe.group)
    with steps_bar(notes_console(), recipe.epochs * groups, "epoch") as show:
        history = train_history(
            recipe, seed=seed, rounds=rounds, on_epoch=lambda loss: show(f"loss {loss:.5f}")
        )
    return write_folder(disk_page(history, this_machine()), out)
