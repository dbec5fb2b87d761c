"""Differences in rows: the mean, its interval, and the verdict."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from bakeoff.report.figures.style import INK, MUTED, SERIES, grid_along, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOKS = {
    "better": (SERIES[0], "o", True),
    "worse": (SERIES[1], "s", True),
    "equivalent": (SERIES[2], "D", True),
    "undecided": (MUTED, "o", False),
}
"""Of each verdict its colour, shape, and whether that is filled."""


@frozen
class Difference:
    """One comparison."""

    name: str  # what is subtracted from what
    mean: float | None  # the mean difference; None below two rounds
    low: float  # lower end of its interval; -inf where the rounds set no bound
    high: float  # upper end
    verdict: str  # one of the four
    label: str  # the verdict with its figures, to stand at the row's end


def draw_differences(rows: Sequence[Difference], axis: str, margin: float | None = None) -> Figure:
    """Return the figure.

    Args:
        rows: from the top.
        axis: what the differences are, with their unit.
        margin: differences inside ± this do not matter; None where none was declared.
    """
    names = [textwrap.fill(short(row.name, 84), 30, break_on_hyphens=False) for row in rows]
    heights = [max(0.4, 0.17 * (name.count("\n") + 1) + 0.12) for name in names]
    figure = new_figure(7.2, 0.75 + sum(heights))
    axes = figure.add_subplot()
    finite = [x for row in rows for x in (row.low, row.mean, row.high) if x is not None]
    finite = [x for x in finite if math.isfinite(x)] + [0.0]
    room = 0.06 * (max(finite) - min(finite)) or 1.0
    limits = min(finite) - room, max(finite) + room
    if margin is not None:
        axes.axvspan(-margin, margin, color=SERIES[2], alpha=0.12, linewidth=0)
    axes.axvline(0, color=INK, linewidth=0.9)
    middles, below = [], 0.0
    for row, height in zip(rows, heights, strict=True):
        middles.append(below + height / 2)
        below += height
        _draw_row(axes, middles[-1], row, limits)
    axes.set_xlim(*limits)
    axes.set_ylim(below, 0)
    axes.set_yticks(middles, names, color=INK)
    axes.set_xlabel(axis)
    grid_along(axes, "x")
    return figure


def _draw_row(axes: Any, y: float, row: Difference, limits: tuple[float, float]) -> None:
    colour, marker, filled = LOOKS[row.verdict]
    if row.mean is not None:
        ends = max(row.low, limits[0]), min(row.high, limits[1])
        axes.plot(ends, [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
        for end, unbounded, arrow in (
            (ends[0], math.isinf(row.low), "<"),
            (ends[1], math.isinf(row.high), ">"),
        ):
            if unbounded:
                axes.plot([end], [y], arrow, color=colour, markersize=6, clip_on=False)
        fill = colour if filled else "none"
        axes.plot([row.mean], [y], marker, color=colour, markerfacecolor=fill, markersize=6.5)
    axes.annotate(
        row.label,
        (1.0, y),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=MUTED if row.verdict == "undecided" else INK,
        fontsize=8.5,
    )
