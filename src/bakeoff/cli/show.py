"""`bakeoff show`: what the store holds of a study, in any format."""

from __future__ import annotations

from typing import Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import (
    DEFAULT_STORE,
    Margin,
    StoreFile,
    fraction,
    one_of,
    refuse_given,
    study_names,
)


def show(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="Its name, or the beginning of its identity; by default, the one run last.",
            autocompletion=study_names,
        ),
    ] = None,
    *,
    format: Annotated[
        str,
        typer.Option(
            metavar="FORMAT",
            help="text, json, csv, markdown or latex.",
            callback=one_of("text", "json", "csv", "markdown", "latex"),
        ),
    ] = "text",
    margin: Margin = None,
    store: StoreFile = DEFAULT_STORE,
) -> None:
    """Show the table and the verdicts of a study's kept rounds, without training any.

    csv gives each round's test accuracy in the columns that bakeoff compare reads.

    For example: bakeoff show ablation --format latex
    """
    if format == "csv":
        refuse_given("a format that has verdicts, which csv has not", {"--margin": margin})
    from bakeoff.report.formats import FORMATS, Content
    from bakeoff.study.machine import this_machine
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import find_kept, notes_on, results_of
    from bakeoff.study.verdicts import judge

    with Store(store, read_only=True) as opened:
        kept = find_kept(opened, study, with_rounds=True)
        results, notes = results_of(opened, kept), notes_on(opened, kept)
    verdicts = judge(results, margin=fraction(margin, kept.study))
    if format == "text":
        from bakeoff.cli.console import results_console
        from bakeoff.cli.tables import show_results

        show_results(results_console(), results, verdicts, notes)
    else:
        content = Content(results, verdicts, this_machine(), notes)
        tell(FORMATS[format](content), nl=False)
