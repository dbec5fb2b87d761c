"""What people read at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from bakeoff.cli.console import say
from bakeoff.study.results import CompetitorSummary, StudyResults

if TYPE_CHECKING:
    from bakeoff.study.statistics.describe import Summary


def show_results(console: Console, results: StudyResults) -> None:
    """Print the table of competitors, and under it a sentence for each declared comparison."""
    console.print(competitor_table(results.summaries()))
    table = 100 * results.table()
    names = results.study.competitor_names
    for a, b in results.study.comparisons:
        differences = table[:, names.index(a)] - table[:, names.index(b)]
        console.print()
        say(console, difference_sentence(a, b, differences[~np.isnan(differences)]))


def difference_sentence(a: str, b: str, differences: NDArray[np.float64]) -> str:
    """Return one comparison in words, its differences in percentage points."""
    from bakeoff.study.statistics.paired import paired_difference

    if len(differences) < 2:
        return f"{a} - {b}: one round tells no difference from chance; run at least 6."
    found = paired_difference(differences)
    low, high = found.interval.low, found.interval.high
    return (
        f"{a} - {b}: {found.mean:+.2f} points of test accuracy (95 % interval {low:+.2f} to "
        f"{high:+.2f}, p = {found.p_value:.2g}, {found.rounds} rounds)."
    )


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
