"""Tables and verdicts on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from bakeoff.cli.console import say
from bakeoff.errors import visible
from bakeoff.report.cells import Cells, all_notes, competitor_cells, summary_cells
from bakeoff.statistics.analysis import Analysis
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import Verdicts

WIDEST = 2**20
WRAPPED = {"train accuracy": "train\naccuracy", "seconds a round": "seconds\na round"}


def show_results(
    console: Console, results: StudyResults, verdicts: Verdicts, notes: tuple[str, ...] = ()
) -> None:
    """Print the table of competitors, a sentence for each comparison, and the notes."""
    show_table(console, competitor_cells(results))
    for comparison in verdicts.analysis.comparisons:
        console.print()
        for sentence in comparison.sentences:
            say(console, sentence)
    _notes(console, all_notes(results, verdicts, notes))


def show_analysis(console: Console, analysis: Analysis, notes: tuple[str, ...]) -> None:
    """Print the figures of each competitor, a sentence for each comparison, and the notes."""
    show_table(console, summary_cells(analysis))
    for comparison in analysis.comparisons:
        console.print()
        for sentence in comparison.sentences:
            say(console, sentence)
    _notes(console, [f"Note: {note}" for note in notes])


def _notes(console: Console, notes: Sequence[str]) -> None:
    if notes:
        console.print()
    for note in notes:
        say(console, note)


def show_table(console: Console, cells: Cells) -> None:
    """Print a table as wide as its cells: the first column to the left, the others to the right."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for place, name in enumerate(cells.header):
        justify = "right" if place else "left"
        table.add_column(WRAPPED.get(name, name), justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for row in cells.rows:
        table.add_row(*map(visible, row))
    # rich would cut cells to the console's width, and a number that is cut is another one.
    table.width = Measurement.get(console, console.options.update(width=WIDEST), table).maximum
    console.print(table, crop=False)
