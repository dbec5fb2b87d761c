"""Verdicts at a prompt, in a few lines, and in a notebook, as HTML that no library draws."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING

from bakeoff.statistics.units import mean_decimals
from bakeoff.tables import REST, Html, Table

if TYPE_CHECKING:
    from bakeoff.statistics.analysis import Analysis
    from bakeoff.statistics.verdict import Comparison

MOST_LINES, COLUMNS = 12, 88
MOST_ROWS = 20
WIDTH, ROW = 260, 24
"""A picture's width and a row's height, in pixels."""
LEFT, RIGHT = "text-align: left", "text-align: right; vertical-align: middle"


def in_short(told: str, going_on: str) -> str:
    """Return the first lines of a text, `MOST_LINES` at most, and a line on how to go on."""
    lines = [line for each in told.split("\n") for line in wrap(each, COLUMNS) or [""]]
    rest = ["…"] * (len(lines) > MOST_LINES)
    return "\n".join([*lines[: MOST_LINES - len(rest)], *rest, going_on])


def table_html(table: Table) -> str:
    """Return a table as a notebook shows it; every text in it is escaped."""
    return table.html(left=f'style="{LEFT}"', right=f'style="{RIGHT}"')


def strip(dots: Iterable[float], line: str, ends: tuple[float, float], told: str) -> str:
    """Return dots under a line as SVG; `told` says what it shows, for who cannot see it."""
    drawn = "".join(
        f'<circle cx="{place(dot, ends)}" cy="{ROW / 2}" r="3" fill="currentColor"'
        ' fill-opacity="0.35"/>'
        for dot in dots
    )
    return (
        f'<svg width="{WIDTH}" height="{ROW}" viewBox="0 0 {WIDTH} {ROW}" role="img"'
        f' aria-label="{escape(told)}">{drawn}{line}</svg>'
    )


def place(value: float, ends: tuple[float, float]) -> str:
    """Return where a value is drawn; what lies beyond the ends, at the nearer one."""
    low, high = ends
    share = (min(max(value, low), high) - low) / ((high - low) or 1.0)
    return f"{6 + share * (WIDTH - 12):.1f}"


def differences_html(analysis: Analysis, *, dots_only: bool = False) -> str:
    """Return the comparisons as a table: the difference, each round's as a dot, the verdict.

    A thick line is the interval, a thin one no difference. Of more than `MOST_ROWS` there is none.
    With `dots_only`, nothing shown depends on the mean, the interval or the verdict.
    """
    compared = [(c, c.estimate) for c in analysis.comparisons if c.estimate]
    if not compared or len(compared) > MOST_ROWS:
        return ""
    told = [0.0]
    for comparison, estimate in compared:
        told += _dots(comparison)
        told += () if dots_only else (estimate.interval.low, estimate.interval.high)
    finite = [number for number in told if isfinite(number)]
    ends, unit, rows = (min(finite), max(finite)), analysis.unit, []
    for comparison, estimate in compared:
        interval = estimate.interval
        decimals = unit.decimals(interval, estimate.std or estimate.mean)
        low, high = (unit.digits(end, decimals) for end in (interval.low, interval.high))
        mean = unit.show(estimate.mean, mean_decimals(decimals))
        from_, to, zero = (place(end, ends) for end in (interval.low, interval.high, 0.0))
        line = f'<path d="M{zero} 0V{ROW}" stroke="currentColor" stroke-opacity="0.5"/>'
        if not dots_only:
            line += f'<path d="M{from_} {ROW / 2}H{to}" stroke="currentColor" stroke-width="3"/>'
        name, range_ = comparison.contrast.name, f"{low} to {high}"
        picture = strip(
            _dots(comparison), line, ends, name if dots_only else f"{name}: {mean} ({range_})"
        )
        rows.append((name, mean, range_, Html(picture), str(comparison.verdict)))
    level = f"{100 * (1 - analysis.alpha):g} % interval"
    columns = [*zip(("difference", "mean", level, "", "verdict"), *rows, strict=True)]
    header, *rows = zip(*(columns[::3] if dots_only else columns), strict=True)
    return table_html(Table.of(header, rows, right=REST))


def _dots(comparison: Comparison) -> list[float]:
    told = comparison.differences
    return [] if told is None else [float(each) for each in told if isfinite(each)]


def analysis_html(analysis: Analysis, notes: Iterable[str]) -> str:
    """Return the comparisons as a table, and all sentences."""
    sentences = [*(" ".join(told) for told in analysis.told), *notes]
    listed = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<div>{differences_html(analysis)}<ul>{listed}</ul></div>"
