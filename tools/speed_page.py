"""Fill the tables of speed in README.md and docs/speed.md from results/bench.json.

    .venv/bin/python tools/speed_page.py

`make bench ARGS="--full --json results/bench.json"` measures. A test compares the pages with it, so
no figure is typed by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.measure import duration, floor_of, title_of
from benchmarks.works import WORKS
from generated import fill

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "speed.md")
Row = dict[str, Any]


def promised(rows: list[Row]) -> str:
    """Return the ratios that something is promised about."""
    lines = ["| work | beside | times faster | promised |", "| --- | --- | ---: | ---: |"]
    for row in rows:
        floor = floor_of(row["work"], row["rival"])
        if floor is not None:
            ratio, least = row["ratio_of_minima"], f"{floor.least:g}"
            lines.append(f"| {_work(row)} | {title_of(row['rival'])} | {ratio:.2f} | {least} |")
    return "\n".join(lines)


def everything(rows: list[Row]) -> str:
    """Return every ratio, with both times."""
    lines = [
        "| work | beside | its minimum | ours | ratio of minima | of medians |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {_work(row)} | {title_of(row['rival'])} | {duration(row['rival_seconds'])}"
        f" | {duration(row['ours_seconds'])} | {row['ratio_of_minima']:.2f}"
        f" | {row['ratio_of_medians']:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _work(row: Row) -> str:
    return next(work.title for work in WORKS if work.name == row["work"])


TABLES = {"promised": promised, "everything": everything}


def filled(page: str) -> str:
    """Return a page's text with its tables made anew."""
    rows = json.loads((ROOT / "results" / "bench.json").read_text(encoding="utf-8"))
    return fill(page, TABLES, rows)


def main() -> None:
    """Write the pages."""
    for path in PAGES:
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
