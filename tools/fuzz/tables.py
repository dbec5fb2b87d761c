"""The door of CSV files with anyone's numbers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from random import Random

from damage import damaged, reworded
from door import Door

from bakeoff.report.cells import sentences, summary_cells
from bakeoff.report.formats import comparisons_json
from bakeoff.study.statistics.analysis import analyse
from bakeoff.study.statistics.contrast import all_pairs
from bakeoff.study.statistics.table import read_table
from bakeoff.study.statistics.units import PLAIN, POINTS

WORDS = (
    *("nan", "NaN", "inf", "-1", "1e308", "-1e308", "1e-320", "1e999", "0", "1", ",", ";", '"'),
    *(
        "\n",
        "\r",
        "\r\n",
        ",,,",
        "round,competitor,value\n",
        "0,a,0.5\n",
        "\ufeff",
        "='cmd'",
        "9" * 10,
    ),
)
EXTREME = (0.0, 1.0, 1e308, -1e308, 1.7e308, 1e-308, 5e-324, 1e16, float("nan"), 1 / 3)


def door(folder: Path) -> Door:
    """Return the door; its files lie in `folder`."""
    return Door(
        "tables", "CSV files of anyone's numbers", make, partial(enter, folder / "case.csv")
    )


def make(random: Random) -> tuple[bytes, bool]:
    """Draw a file, and whether the analysis is the anytime-valid one."""
    names = random.sample(("a", "b", "c", "<b>", "ä", "a b"), random.choice((2, 2, 3)))
    numbers = EXTREME if random.random() < 0.3 else [random.random() for _ in range(4)]
    rows = ["round,competitor,value"]
    for number in range(random.choice((1, 2, 3, 6))):
        rows += [f"{number},{name},{random.choice(numbers)!r}" for name in names]
    text = "\n".join(rows) + "\n"
    if random.random() < 0.6:
        text = reworded(text, random, WORDS)
    content = text.encode("utf-8", "surrogatepass")
    return damaged(content, random) if random.random() < 0.1 else content, random.random() < 0.3


def enter(path: Path, case: tuple[bytes, bool]) -> bool:
    """Read the table, analyse it and put the verdicts into words, as `bakeoff compare` does."""
    content, anytime = case
    path.write_bytes(content)
    table = read_table(path)
    analysis = analyse(
        table.values,
        table.names,
        all_pairs(table.names),
        mode="anytime" if anytime else "planned",
        unit=PLAIN if len(content) % 2 else POINTS,
    )
    summary_cells(analysis)
    for comparison in analysis.comparisons:
        sentences(comparison)
    comparisons_json(analysis.comparisons, analysis.summaries)
    return True
