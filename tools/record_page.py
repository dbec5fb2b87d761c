"""Fill the tables of docs/record.md from results/record.json.

    .venv/bin/python tools/record_page.py

The page's prose is written by hand, its numbers never: each table stands between two comments that
name it, and this tool replaces what is between them. A test compares.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

from bakeoff.study.shipped.record import RECORD
from generated import fill, table
from report_runs import NOT_RUN, Runs, read_run

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "record.md"
RESULTS = ROOT / "results"

INGREDIENTS = {
    "model2": "the report's model 2: shared weights, SGD at a constant step size",
    "one-cycle": "AdamW, the step size up and down once",
    "batch-norm": "four convolutions with batch normalisation in place of two without",
    "swap": "a pair's images change places, with probability ½, in each epoch",
    "digit-loss": "the digits are read from each image, and their losses added",
    "posterior": "the answer follows from the digits' probabilities; no head",
    "pair-anew": "the 2,000 training digits meet other partners in each epoch",
    "affine": "each image is turned, stretched, slanted and moved, anew in each epoch",
    "elastic": "and bent",
    "longer": "half as many epochs again",
    "averaged": "the weights are the mean over the last five epochs",
    "slim": "an image is seen three times when it is judged: as it is, smaller, larger",
    "sharp": "images that are turned, moved and bent are blurred less by it",
    "best": "two networks of 24, 48, 96 and 96 channels answer together, after 40 epochs",
}


def ladder(runs: Runs) -> str:
    """Return each competitor's accuracy, and what it gains over the one before."""
    before = {b.name: a.name for a, b in pairwise(RECORD.competitors)}
    rows = []
    for competitor in RECORD.competitors:
        name = competitor.name
        gain = runs.difference("record", name, before[name]) if name in before else ""
        rows.append((f"`{name}`", INGREDIENTS[name], runs.accuracy("record", name), gain))
    return table(("competitor", "what is new", "test accuracy, %", "gain, points"), rows)


def costs(runs: Runs) -> str:
    """Return each competitor's size, epochs and time."""
    run, rows = runs["record"], []
    quiet = read_run(RECORD, runs.folder, "quiet")
    for competitor in RECORD.competitors:
        summary = run.summary(competitor.name) if run else None
        parameters, fastest, middle = NOT_RUN, NOT_RUN, NOT_RUN
        if summary is not None:
            seconds = [result.seconds for result in run.results.of(competitor.name)]
            parameters = f"{summary.parameters:,}"
            alone = [r.seconds for r in quiet.results.of(competitor.name)] if quiet else []
            fastest, middle = f"{min(seconds + alone):.1f}", f"{median(seconds):.1f}"
        told = (f"`{competitor.name}`", parameters, str(competitor.recipe.epochs), fastest, middle)
        rows.append(told)
    return table(("competitor", "parameters", "epochs", "fastest round, s", "median, s"), rows)


def provenance(runs: Runs) -> str:
    """Return which run the page stands on, in a sentence or more."""
    run = runs["record"]
    if run is None:
        return "The study has not been run yet."
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    count = len(run.verdicts.rounds)
    return " ".join([f"{count} rounds; {versions}.", *(f"{note}" for note in run.notes)])


TABLES: dict[str, Callable[[Runs], str]] = {
    "ladder": ladder,
    "costs": costs,
    "provenance": provenance,
}


def filled(page: str, folder: Path = RESULTS) -> str:
    """Return the page's text with every table made anew."""
    runs = Runs(folder)
    return fill(page, TABLES, runs)


def main() -> None:
    """Write the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(text), encoding="utf-8")


if __name__ == "__main__":
    main()
