"""A study's results as a notebook shows them, and as a data frame of pandas or polars.

A notebook's table, small plot and verdicts are drawn by no library, so that they show wherever they
can be made.
"""

from __future__ import annotations

from html import escape
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any

from bakeoff.errors import MissingExtraError
from bakeoff.statistics.describe import Summary
from bakeoff.tables import REST, Html, Table, plus_minus

if TYPE_CHECKING:
    from bakeoff.study.metric import Metric
    from bakeoff.study.record import Record
    from bakeoff.study.results import StudyResults

WIDTH, ROW = 260, 24
"""The plot's width and a row's height, in pixels."""
LIBRARIES = ("pandas", "polars")
RIGHT = "text-align: right; vertical-align: middle"


def results_html(results: StudyResults) -> str:
    """Return the HTML of a study's results: every text in it is escaped.

    Each competitor is a row with its figures and a strip in which each round's test accuracy is a
    dot and the mean a line; all strips have one scale. The verdicts follow, a sentence each.
    """
    from bakeoff.study.verdicts import divergence_notes, judge

    verdicts = judge(results)
    rounds = {
        name: [value for value in results.values(name) if isfinite(value)]
        for name in results.study.competitor_names
    }
    every = [value for values in rounds.values() for value in values]
    low, high = (min(every), max(every)) if every else (0.0, 1.0)
    metric = results.metric
    header = ("competitor", "parameters", "rounds", f"{metric.name}", "", "seconds a round")
    rows = [
        (
            summary.name,
            summary.parameters,
            summary.test.rounds,
            _metric(summary.test, metric),
            Html(_strip(rounds[summary.name], summary.test, low, high, metric)),
            plus_minus(summary.seconds.mean, summary.seconds.std, 2, missing="–"),
        )
        for summary in results.summaries()
    ]
    table = Table.of(header, rows, right=REST).html(
        left='style="text-align: left"', right=f'style="{RIGHT}"'
    )
    sentences = [" ".join(told) for told in verdicts.analysis.told]
    sentences += [*divergence_notes(results), *verdicts.notes]
    return (
        f"<div><p><b>{escape(results.study.name)}</b>: {escape(results.study.question)}</p>"
        f"{table}"
        f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul></div>"
    )


def _metric(figures: Summary, metric: Metric) -> str:
    mean, std = (None if x is None else metric.scaled(x) for x in (figures.mean, figures.std))
    return plus_minus(mean, std, metric.decimals + 1, metric.sign, missing="–")


def _strip(values: list[float], summary: Summary, low: float, high: float, metric: Metric) -> str:
    """Return the rounds of one competitor as an SVG element, in the notebook's own colour."""
    size = (high - low) or 1.0

    def x(value: float) -> str:
        return f"{6 + (value - low) / size * (WIDTH - 12):.1f}"

    dots = "".join(
        f'<circle cx="{x(value)}" cy="{ROW / 2}" r="3" fill="currentColor" fill-opacity="0.35"/>'
        for value in values
    )
    mean = ""
    if summary.mean is not None:
        at = x(summary.mean)
        mean = f'<path d="M{at} 3V{ROW - 3}" stroke="currentColor" stroke-width="2"/>'
    told = escape(f"{summary.name}: {len(values)} rounds, mean {_metric(summary, metric)}")
    return (
        f'<svg width="{WIDTH}" height="{ROW}" viewBox="0 0 {WIDTH} {ROW}" role="img"'
        f' aria-label="{told}">{dots}{mean}</svg>'
    )


# ---- a data frame --------------------------------------------------------------------------------


def results_frame(results: StudyResults, *, epochs: bool = False) -> Any:
    """Return the frame; see `StudyResults.to_frame`."""
    rows = [
        row
        for r in results.results
        for row in (_epochs(results, r) if epochs else [_round(r, results.metric)])
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    nan = float("nan")
    return _library().DataFrame({name: [row.get(name, nan) for row in rows] for name in names})


def _library() -> Any:
    for name in LIBRARIES:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise MissingExtraError(
        "to_frame: found neither pandas nor polars, expected one of them; install it with"
        " pip install pandas"
    )


def _round(record: Record, metric: Metric) -> dict[str, Any]:
    scores = {name: record.score(name) for name in (metric.score, metric.in_training) if name}
    further = {name: score for name, score in record.scores if name not in scores}
    return {
        "competitor": record.competitor,
        "round": record.round,
        "seed": record.seed,
        **({} if record.parameters is None else {"parameters": record.parameters}),
        **scores,
        **further,
        "seconds": record.seconds,
        "status": record.status,
    }


def _epochs(results: StudyResults, record: Record) -> list[dict[str, Any]]:
    """Return a row for each epoch; NaN where a curve has no number, as a test score may."""
    rows: dict[int, dict[str, float]] = {}
    names = [name for name, _ in record.curves if "/" not in name]
    for name in names:
        curve = record.curve(name)
        at = results.study.positions(record.competitor, name, len(curve))
        for epoch, value in zip(at, curve, strict=False):
            rows.setdefault(epoch, {})[name] = value
    head = {"competitor": record.competitor, "round": record.round}
    return [
        head | {"epoch": epoch} | {name: rows[epoch].get(name, float("nan")) for name in names}
        for epoch in sorted(rows)
    ]
