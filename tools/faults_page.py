"""Fill the tables of docs/faults.md from the trials in results/faults.json.

    .venv/bin/python tools/faults        # makes the faults, a few minutes
    .venv/bin/python tools/faults_page.py

The page's prose is written by hand, what happened never: each table stands between two comments
that name it, and this tool replaces what is between them. A test compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generated import fill

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"
FILE = ROOT / "results" / "faults.json"
Told = dict[str, Any]


def promised(told: Told) -> str:
    """Return what is promised under each fault."""
    pairs = dict.fromkeys((case["fault"], case["promised"]) for case in told["cases"])
    lines = [f"| {fault} | {promise} |" for fault, promise in pairs]
    return "\n".join(["| fault | promised |", "| --- | --- |", *lines])


def happened(told: Told) -> str:
    """Return what happened in each case, and on what machine."""
    lines = [
        "| fault | when | how the run ended | kept | lost | in flight | bits |",
        "| --- | --- | --- | ---: | ---: | ---: | --- |",
        *map(_line, told["cases"]),
    ]
    versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    where = f"{told['machine']}; {versions}; {told['date']}."
    made_up = " Rounds were made up rather than trained." * told["made_up"]
    return "\n".join([*lines, "", f"{verdict(told)} {where}{made_up}"])


def _line(case: Told) -> str:
    start = f"| {case['fault']} | {case['moment']} |"
    if case["not_here"]:
        return f"{start} not possible on this machine: {case['not_here']} | | | | |"
    ended = "; ".join([case["happened"], *(f"BROKEN: {words}" for words in case["broken"])])
    bits = "same" if case["same"] else "OTHER"
    return f"{start} {ended} | {case['kept']} | {case['lost']} | {case['in_flight']} | {bits} |"


def verdict(told: Told) -> str:
    """Return how many cases passed."""
    failed = sum(bool(case["broken"]) for case in told["cases"])
    elsewhere = sum(bool(case["not_here"]) for case in told["cases"])
    passed = len(told["cases"]) - failed - elsewhere
    return f"{passed} passed, {failed} failed{f', {elsewhere} not possible' * bool(elsewhere)}."


TABLES: dict[str, Callable[[Told], str]] = {"promised": promised, "happened": happened}


def filled(page: str, path: Path = FILE) -> str:
    """Return the page's text with every table made anew."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return fill(page, TABLES, told)


def main() -> None:
    """Write the page."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
