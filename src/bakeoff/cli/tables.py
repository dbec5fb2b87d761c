"""What people read at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from bakeoff.cli.console import say
from bakeoff.study.results import CompetitorSummary, StudyResults
from bakeoff.study.verdicts import Verdicts, divergence_notes

if TYPE_CHECKING:
    from bakeoff.study.statistics.describe import Summary


def show_results(
    console: Console, results: StudyResults, verdicts: Verdicts, notes: tuple[str, ...] = ()
) -> None:
    """Print the table of competitors, a sentence for each comparison, and the notes."""
    console.print(competitor_table(results.summaries()))
    for comparison in verdicts.analysis.comparisons:
        console.print()
        for sentence in (comparison.sentence, *comparison.notes):
            say(console, sentence)
    all_notes = (*divergence_notes(results), *verdicts.notes, *notes)
    if all_notes:
        console.print()
    for note in all_notes:
        say(console, f"Note: {note}")


def competitor_table(summaries: tuple[CompetitorSummary, ...]) -> Table:
    """Return the table: parameters, accuracies and seconds a round, mean ± standard deviation."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("competitor", no_wrap=True)
    for heading in ("parameters", "rounds", "test accuracy", "train\naccuracy", "seconds\na round"):
        table.add_column(heading, justify="right", no_wrap=True)
    for summary in summaries:
        table.add_row(
            summary.name,
            f"{summary.parameters:,}",
            str(summary.test.rounds),
            spread(summary.test, 100, 1, " %"),
            percentage(summary.train),
            spread(summary.seconds, 1, 2),
        )
    return table


def spread(figures: Summary, factor: float, digits: int, unit: str = "") -> str:
    """Return mean ± standard deviation, the latter left out for a single round."""
    if figures.mean is None:
        return "-"
    mean = f"{factor * figures.mean:.{digits}f}"
    if figures.std is None:
        return mean + unit
    return f"{mean} ± {factor * figures.std:.{digits}f}{unit}"


def percentage(figures: Summary) -> str:
    """Return a mean fraction as a percentage."""
    return "-" if figures.mean is None else f"{100 * figures.mean:.1f} %"
