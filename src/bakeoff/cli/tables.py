"""Tables and verdicts on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box, table
from rich.console import Console
from rich.measure import Measurement

from bakeoff.cli.console import say
from bakeoff.errors import visible
from bakeoff.report.study_tables import all_notes, competitors_table, summaries_table

if TYPE_CHECKING:
    from bakeoff.statistics.analysis import Analysis
    from bakeoff.study.results import StudyResults
    from bakeoff.study.verdicts import Verdicts
    from bakeoff.tables import Table

WIDEST = 2**20
WRAPPED = {"train accuracy": "train\naccuracy", "seconds a round": "seconds\na round"}


def show_results(
    console: Console, results: StudyResults, verdicts: Verdicts, notes: tuple[str, ...] = ()
) -> None:
    """Print the table of competitors, a sentence for each comparison, and the notes."""
    show_table(console, competitors_table(results, verdicts.analysis))
    _show_verdicts(console, verdicts.analysis, all_notes(results, verdicts, notes))


def show_analysis(console: Console, analysis: Analysis, notes: tuple[str, ...]) -> None:
    """Print the figures of each competitor, if any, the comparisons' sentences, and the notes."""
    if analysis.summaries:
        show_table(console, summaries_table(analysis))
    _show_verdicts(console, analysis, [f"Note: {note}" for note in notes])


def _show_verdicts(console: Console, analysis: Analysis, notes: Sequence[str]) -> None:
    for sentences in analysis.told:
        if analysis.summaries:  # whose table stands above
            console.print()
        for sentence in sentences:
            say(console, sentence)
    if notes:
        console.print()
    for note in notes:
        say(console, note)


def show_table(console: Console, shown: Table) -> None:
    """Print a table as wide as its cells."""
    drawn = table.Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in shown.shown:
        justify = "right" if column.on_the_right else "left"
        name = WRAPPED.get(column.name, column.name)
        drawn.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for row in shown.rows():
        drawn.add_row(*map(visible, row))
    # rich would cut cells to the console's width, and a number that is cut is another one.
    drawn.width = Measurement.get(console, console.options.update(width=WIDEST), drawn).maximum
    console.print(drawn, crop=False)
