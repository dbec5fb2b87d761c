"""A study's results as a notebook shows them: a table, a small plot, the verdicts.

Nothing is drawn by a library here, so that the results show wherever they can be made.
"""

from __future__ import annotations

from html import escape
from math import isfinite
from typing import TYPE_CHECKING

from bakeoff.statistics.describe import Summary
from bakeoff.tables import REST, Html, Table, plus_minus

if TYPE_CHECKING:
    from bakeoff.study.metric import Metric
    from bakeoff.study.results import StudyResults

WIDTH, ROW = 260, 24
"""The plot's width and a row's height, in pixels."""
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
    sentences = [c.sentence for c in verdicts.analysis.comparisons]
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
