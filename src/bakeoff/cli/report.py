"""`bakeoff report`: a study's results, or anyone's, as a page, its figures and its tables."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bakeoff.cli import tell
from bakeoff.cli.columns import Columns, may_be_results
from bakeoff.cli.options import (
    DEFAULT_STORE,
    PAGE,
    AnyStoreFile,
    AtAnyTime,
    Careful,
    Margin,
    fraction,
    refuse_given,
    study_names,
    takes_groups,
)

if TYPE_CHECKING:
    from bakeoff.report.source import Source
    from bakeoff.statistics.dependence import Anytime


@takes_groups
def report(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STUDY | FILE...",
            help="A study's name, or the beginning of its identity; by default, the one run last."
            " Or a .json file of bakeoff export, run --json or show --format json. Or results that"
            " any tool wrote, as compare takes them, - for standard input, and runs/ for a folder.",
            autocompletion=study_names,
        ),
    ] = None,
    *,
    columns: Columns,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder to write, a new one or a page's.")
    ] = PAGE,
    margin: Margin = None,
    anytime: AtAnyTime = False,
    careful: Careful = False,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the IDX files that the study was run with."),
    ] = None,
    store: AnyStoreFile = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Write a page of a study's kept rounds, or of anyone's numbers, to open, send and print.

    DIR/index.html is one file that needs no network. Beside it lie every figure as SVG, PNG and
    PDF, every table and the rounds as CSV. Nothing is trained.

    For example: bakeoff report ablation --out page, or bakeoff report results.csv --value loss
    """
    from bakeoff.report.page import check_report
    from bakeoff.report.source import is_document, read_source, source_of_content

    words = what or []
    looks: Anytime = "careful" if careful else anytime
    results = [word for word in words if may_be_results(word, folders=False)]
    if results:
        refuse_given("a study of the store", {"--store": store})
    check_report(out)
    if len(words) > 1 or (results and not is_document(Path(words[0]))):
        refuse_given("a study", {"--data": data})
        source = source_of_content(columns.judged(words, margin, looks), ", ".join(words))
    else:
        refuse_given("a file of results", columns.given())
        source = read_source(words[0] if words else None, store or DEFAULT_STORE)
    write_page(
        source,
        out,
        open_it=open_page,
        margin=None if source.verdicts else fraction(margin, source.results.study),
        anytime=looks,
        data_dir=None if data is None else str(data),
    )


def write_page(source: Source, out: Path, *, open_it: bool, **how: Any) -> None:
    """Write a page as `write_study_page` does, say where, and open it if a browser can be had."""
    from bakeoff.cli.console import notes_console
    from bakeoff.cli.progress import steps_bar
    from bakeoff.report.study_page import PARTS, write_study_page

    with steps_bar(notes_console(), PARTS, "section") as show:
        files = write_study_page(source, out, on_part=show, **how)
    page = out / "index.html"
    tell(f"wrote {page} and {files - 1} files beside it")
    if open_it and not webbrowser.open(page.resolve().as_uri()):
        tell(f"no browser can be started here, so open {page.resolve()} yourself")
