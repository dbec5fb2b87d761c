"""`bakeoff show`: what the store holds of a study, in any format."""

from __future__ import annotations

from typing import Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import (
    DEFAULT_STORE,
    AnyFormat,
    Careful,
    FigureFile,
    FigureWidth,
    Margin,
    Methods,
    Rope,
    StoreFile,
    figure_writer,
    fraction,
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
    format: AnyFormat = "text",
    margin: Margin = None,
    rope: Rope = False,
    careful: Careful = False,
    figure: FigureFile = None,
    width: FigureWidth = None,
    methods: Methods = False,
    store: StoreFile = DEFAULT_STORE,
) -> None:
    """Show the table and the verdicts of a study's kept rounds, without training any.

    csv gives each round's value with all that bakeoff compare needs to judge it alike.

    For example: bakeoff show ablation --format latex
    """
    if format != "text":
        refuse_given("text", {"--methods": methods})
    if format == "csv":
        given = {"--margin": margin, "--careful": careful}
        refuse_given("a format that has verdicts, which csv has not", given)
    if margin is None:
        refuse_given("--margin", {"--rope": rope})
    draw = figure_writer(figure, width)
    from bakeoff.report.formats import WRITERS, Content
    from bakeoff.statistics.dependence import Anytime
    from bakeoff.statistics.looks import rope_notes
    from bakeoff.study.machine import this_machine
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import find_kept, notes_on, results_of
    from bakeoff.study.verdicts import judge

    with Store(store, read_only=True) as opened:
        kept = find_kept(opened, study, with_rounds=True)
        results, notes = results_of(opened, kept), notes_on(opened, kept)
    looks: Anytime = "careful" if careful else False
    verdicts = judge(results, margin=fraction(margin, kept.study), anytime=looks)
    notes += rope_notes(verdicts.analysis) if rope else ()
    draw(verdicts.analysis, results.metric, results)
    if format == "text" and not methods:
        from bakeoff.cli.console import results_console
        from bakeoff.cli.tables import show_results

        show_results(results_console(), results, verdicts, notes)
    else:
        content = Content(results, verdicts, this_machine(), notes)
        tell(WRITERS["methods" if methods else format](content), nl=False)


def cite() -> None:
    """Write the references of what --methods cites, as BibTeX.

    For example: bakeoff cite > bakeoff.bib
    """
    from bakeoff.report.paper import references
    from bakeoff.study.machine import this_machine

    tell(references(this_machine().bakeoff), nl=False)
