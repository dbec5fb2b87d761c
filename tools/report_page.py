"""Fill the tables of docs/report.md from the runs in results/.

    .venv/bin/python tools/report_page.py

The page's prose is written by hand, its numbers never: each table stands between two comments that
name it, and this tool replaces what is between them. A test compares. What has no run yet says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from bakeoff.study.result import RoundResult
from bakeoff.study.results import accuracy
from bakeoff.study.statistics.describe import Interval, describe
from bakeoff.study.studies import find_study
from generated import fill, table
from report_claims import CLAIMS, COSTS, FIGURES, TIMES
from report_runs import NOT_RUN, Run, Runs

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "report.md"
RESULTS = ROOT / "results"
CROSS_CHECKED = ("ablation", "deep")


def recipe_words(study: str, competitor: str) -> str:
    """Return a competitor's step size and epochs."""
    recipe = find_study(study).competitor(competitor).recipe
    momentum = f", momentum {recipe.momentum:g}" if recipe.momentum else ""
    return f"step {recipe.lr:g}{momentum}, {recipe.epochs} epochs"


def figures(runs: Runs) -> str:
    """Return the report's accuracies beside ours."""
    rows = (
        (
            figure.what,
            figure.printed,
            f"{runs.accuracy(*figure.again)}; {recipe_words(*figure.again)}",
            f"{runs.accuracy(*figure.right)}; {recipe_words(*figure.right)}",
        )
        for figure in FIGURES
    )
    return table(("network", "report, %", "its recipe, run again, %", "done right, %"), rows)


def claims(runs: Runs) -> str:
    """Return the report's conclusions beside ours."""
    rows = (
        (
            claim.what,
            claim.printed,
            runs.difference(*claim.again),
            claim.defects,
            runs.difference(*claim.right),
        )
        for claim in CLAIMS
    )
    header = ("the report says", "points", "its recipe, run again", "its defects", "done right")
    return table(header, rows)


def costs(runs: Runs) -> str:
    """Return what each defect costs."""
    rows = (
        (cost.defect, f"`{cost.a}` − `{cost.b}`", runs.difference(cost.study, cost.a, cost.b))
        for cost in COSTS
    )
    return table(("defect", "compared", "points"), rows)


def holds(runs: Runs) -> str:
    """Return the verdicts done right, in sentences."""
    lines = []
    for claim in CLAIMS:
        study, a, b = claim.right
        run = runs[study]
        comparison = run.comparison(a, b) if run else None
        said = comparison.sentence if comparison else f"`{a}` against `{b}`: {NOT_RUN}."
        lines.append(f"- {said}")
    return "\n".join(lines)


def times(runs: Runs) -> str:
    """Return the report's claims on time beside the measured ratios."""
    path = runs.folder / "times.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"pairs": []}
    found = {(pair["study"], pair["a"], pair["b"]): pair for pair in told["pairs"]}
    rows = []
    for claim in TIMES:
        pair = found.get((claim.study, claim.a, claim.b))
        ours = NOT_RUN if pair is None else f"{_change(pair['ratio'])} ({_between(pair)})"
        rows.append((claim.what, claim.printed, f"`{claim.a}` / `{claim.b}`", ours))
    return table(("what", "report", "timed", "ours"), rows)


def _change(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f} %".replace("-", "−")


def _between(pair: dict[str, Any]) -> str:
    return f"{_change(pair['low'])} to {_change(pair['high'])}"


def trainers(runs: Runs) -> str:
    """Return our accuracies beside those of PyTorch on the same rounds."""
    rows = [row for study in CROSS_CHECKED for row in _cross_check(runs, study)]
    header = (
        "network",
        "rounds",
        "loss of epoch 1, largest gap",
        "ours, %",
        "PyTorch, %",
        "points",
    )
    return table(header, rows)


def _cross_check(runs: Runs, study: str) -> Iterator[tuple[str, ...]]:
    ours, torch = runs[study], runs.by_torch(study)
    if ours is None or torch is None:
        yield (f"`{study}`", NOT_RUN, "", "", "", "")
        return
    for competitor in study_order(torch):
        both = [_by_round(run, competitor) for run in (ours, torch)]
        common = sorted(both[0].keys() & both[1].keys())
        a, b = ([accuracy(results[r]) for r in common] for results in both)
        first = [[results[r].train_loss[0] for r in common] for results in both]
        apart = max(abs(x - y) for x, y in zip(*first, strict=True))
        gap = describe([x - y for x, y in zip(a, b, strict=True)])
        between = "" if gap.interval is None else _interval(gap.interval)
        told = f"{100 * fmean(x - y for x, y in zip(a, b, strict=True)):+.2f}{between}"
        yield (
            f"`{competitor}`",
            str(len(common)),
            f"{apart:.1g}",
            f"{100 * fmean(a):.2f}",
            f"{100 * fmean(b):.2f}",
            told.replace("-", "−"),
        )


def _interval(interval: Interval) -> str:
    return f" ({100 * interval.low:.2f} to {100 * interval.high:.2f})"


def _by_round(run: Run, competitor: str) -> dict[int, RoundResult]:
    return {r.round: r for r in run.results.of(competitor) if r.diverged is None}


def study_order(run: Run) -> list[str]:
    """Return the competitors that have rounds, in their study's order."""
    names = run.results.study.competitor_names
    return [name for name in names if run.results.of(name)]


def provenance(runs: Runs) -> str:
    """Return which runs the page stands on."""
    rows, notes = [], []
    for name in ("ablation", "deep", "published", "published-deep"):
        run = runs[name]
        if run is None:
            rows.append((f"`{name}`", NOT_RUN, "", ""))
            continue
        told = ", ".join(f"{k} {v}" for k, v in run.versions.items())
        hours = sum(result.seconds for result in run.results.results) / 3600
        rows.append((f"`{name}`", str(len(run.verdicts.rounds)), f"{hours:.1f}", told))
        notes += [f"- `{name}`: {note}" for note in run.notes]
    told = table(("study", "rounds", "hours of one core", "versions"), rows)
    return "\n".join([told, "", *notes]).rstrip()


TABLES: dict[str, Callable[[Runs], str]] = {
    "figures": figures,
    "claims": claims,
    "costs": costs,
    "holds": holds,
    "times": times,
    "trainers": trainers,
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
