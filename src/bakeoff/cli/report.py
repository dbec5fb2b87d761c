"""`bakeoff report`: a study's results as a page, its figures and its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import (
    DEFAULT_STORE,
    AnyStoreFile,
    Careful,
    Margin,
    fraction,
    refuse_given,
    study_names,
)


def report(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="Its name, or the beginning of its identity; by default, the one run last. Or a"
            " .json file of bakeoff export, run --json or show --format json.",
            autocompletion=study_names,
        ),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder to write; made if there is none.")
    ] = Path("report"),
    margin: Margin = None,
    careful: Careful = False,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the IDX files that the study was run with."),
    ] = None,
    store: AnyStoreFile = None,
) -> None:
    """Write a page of a study's kept rounds, which can be opened, sent and printed.

    DIR/index.html is one file that needs no network. Beside it lie every figure as SVG and PNG and
    every table as CSV. Nothing is trained.

    For example: bakeoff report ablation --out page
    """
    from bakeoff.cli.console import notes_console
    from bakeoff.cli.progress import steps_bar
    from bakeoff.report.page import check_report
    from bakeoff.report.source import read_source
    from bakeoff.report.study_page import PARTS, write_study_page

    if study is not None and study.endswith(".json"):
        refuse_given("a study of the store", {"--store": store})
    check_report(out)
    source = read_source(study, store or DEFAULT_STORE)
    with steps_bar(notes_console(), PARTS, "section") as show:
        files = write_study_page(
            source,
            out,
            margin=fraction(margin, source.results.study),
            anytime="careful" if careful else False,
            data_dir=None if data is None else str(data),
            on_part=show,
        )
    tell(f"wrote {out / 'index.html'} and {files - 1} files beside it")
