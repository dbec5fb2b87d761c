"""A study's results as a notebook shows them, and as a data frame of pandas or polars.

A notebook's table, small plot and verdicts are drawn by no library, so that they show wherever they
can be made.
"""

from __future__ import annotations

from html import escape
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any

from attrs import evolve

from bakeoff.errors import MissingExtraError
from bakeoff.statistics.describe import Summary
from bakeoff.statistics.shown import ROW, differences_html, place, strip, table_html
from bakeoff.tables import REST, Html, Table, plus_minus

if TYPE_CHECKING:
    from bakeoff.study.metric import Metric
    from bakeoff.study.record import Record
    from bakeoff.study.results import StudyResults
    from bakeoff.study.verdicts import Verdicts

LIBRARIES = ("pandas", "polars")


def results_html(
    results: StudyResults, verdicts: Verdicts | None = None, *, hidden: str = ""
) -> str:
    """Return the HTML of a study's results: every text in it is escaped.

    The verdicts are those of the rounds, planned as they stand, if None.

    Each competitor is a row with its figures and a strip in which each round's test accuracy is a
    dot and the mean a line; all strips have one scale. The differences and verdicts follow, or, if
    they are to be hidden, the reason.
    """
    from bakeoff.study.verdicts import divergence_notes, judge

    if verdicts is None:
        verdicts = judge(results)
        verdicts = evolve(verdicts, notes=(*divergence_notes(results), *verdicts.notes))
    rounds = {
        name: [value for value in results.values(name) if isfinite(value)]
        for name in results.study.competitor_names
    }
    every = [value for values in rounds.values() for value in values]
    ends = (min(every), max(every)) if every else (0.0, 1.0)
    metric = results.metric
    header = ("competitor", "parameters", "rounds", f"{metric.name}", "", "seconds a round")
    rows = [
        (
            summary.name,
            summary.parameters,
            summary.test.rounds,
            _metric(summary.test, metric),
            Html(_strip(rounds[summary.name], summary.test, ends, metric)),
            plus_minus(summary.seconds.mean, summary.seconds.std, 2, missing="–"),
        )
        for summary in results.summaries()
    ]
    table = table_html(Table.of(header, rows, right=REST))
    question = f"<p><b>{escape(results.study.name)}</b>: {escape(results.study.question)}</p>"
    told = f"{differences_html(verdicts.analysis, dots_only=True)}<p>{escape(hidden)}</p>"
    return f"<div>{question}{table}{told if hidden else verdicts._repr_html_()}</div>"


def _metric(figures: Summary, metric: Metric) -> str:
    mean, std = (None if x is None else metric.scaled(x) for x in (figures.mean, figures.std))
    return plus_minus(mean, std, metric.decimals + 1, metric.sign, missing="–")


def _strip(values: list[float], summary: Summary, ends: tuple[float, float], metric: Metric) -> str:
    """Return the rounds of one competitor as dots, and their mean as a line."""
    mean = ""
    if summary.mean is not None:
        at = f"M{place(summary.mean, ends)} 3V{ROW - 3}"
        mean = f'<path d="{at}" stroke="currentColor" stroke-width="2"/>'
    told = f"{summary.name}: {len(values)} rounds, mean {_metric(summary, metric)}"
    return strip(values, mean, ends, told)


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
