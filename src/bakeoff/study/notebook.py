"""A study's results as a notebook shows them: a table, a small plot, the verdicts.

Nothing is drawn by a library here, so that the results show wherever they can be made.
"""

from __future__ import annotations

from html import escape
from math import isfinite
from typing import TYPE_CHECKING

from bakeoff.statistics.describe import Summary

if TYPE_CHECKING:
    from bakeoff.study.results import StudyResults
    from bakeoff.training.data_sets import Metric

WIDTH, ROW = 260, 24
"""The plot's width and a row's height, in pixels."""
STYLE = "text-align: right; vertical-align: middle"


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
    head = ("competitor", "parameters", "rounds", f"test {metric.name}", "", "seconds a round")
    rows = [
        "".join(
            [
                f'<th scope="row" style="text-align: left">{escape(summary.name)}</th>',
                f'<td style="{STYLE}">{_count(summary.parameters)}</td>',
                f'<td style="{STYLE}">{summary.test.rounds}</td>',
                f'<td style="{STYLE}">{_metric(summary.test, metric)}</td>',
                f"<td>{_strip(rounds[summary.name], summary.test, low, high, metric)}</td>",
                f'<td style="{STYLE}">{_spread(summary.seconds, 1, 2, "")}</td>',
            ]
        )
        for summary in results.summaries()
    ]
    sentences = [c.sentence for c in verdicts.analysis.comparisons]
    sentences += [*divergence_notes(results), *verdicts.notes]
    return (
        f"<div><p><b>{escape(results.study.name)}</b>: {escape(results.study.question)}</p>"
        f"<table><thead><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr></thead>"
        f"<tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"
        f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul></div>"
    )


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _metric(figures: Summary, metric: Metric) -> str:
    return _spread(figures, metric.factor, metric.digits + 1, metric.sign)


def _spread(figures: Summary, factor: float, digits: int, unit: str) -> str:
    if figures.mean is None:
        return "–"
    std = "" if figures.std is None else f" ± {factor * figures.std:.{digits}f}"
    return f"{factor * figures.mean:.{digits}f}{std}{unit}"


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
