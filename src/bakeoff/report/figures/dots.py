"""Competitors in rows: each round a dot, the mean and its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bakeoff.report.figures.style import (
    INK,
    MUTED,
    colour_of,
    grid_along,
    marker_of,
    new_figure,
    short,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.52
BINS = 60
FAR = 10.0
"""How many times the median the largest value may be on an axis from zero."""


@frozen(eq=False)
class Row:
    """One competitor's rounds."""

    name: str  # what to call it
    place: int  # its place in the study, which gives its colour and shape
    values: NDArray[np.float64]  # (rounds,) float64, finite
    mean: float | None  # their mean; None without any
    low: float | None  # lower end of the mean's interval; None below two rounds
    high: float | None  # upper end
    label: str  # the figures in words, to stand at the row's end


def draw_dots(rows: Sequence[Row], axis: str, *, from_zero: bool = False) -> Figure:
    """Return the figure.

    Args:
        rows: from the top.
        axis: what the values are, with their unit.
        from_zero: whether the axis begins at 0; it is logarithmic instead where a few values would
            press all others against 0, as the time of a round does that had to wait.
    """
    from matplotlib.ticker import LogLocator

    figure = new_figure(7.2, 0.75 + ROW * len(rows))
    axes = figure.add_subplot()
    ends = [x for row in rows for x in (row.low, row.high) if x is not None]
    values = np.concatenate([row.values for row in rows])
    every = np.concatenate([ends, values])
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    place: Callable[..., Any] = np.positive
    if from_zero and has_far_ones(values):
        low, place = float(values.min()), np.log10
        axes.set_xscale("log", subs=())
        axes.set_xlim(low / 1.1, high * 1.1)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axis = f"{axis}, logarithmic"
    else:
        low = 0.0 if from_zero else low
        size = (high - low) or abs(high) or 1.0
        axes.set_xlim(low if from_zero else low - 0.03 * size, high + 0.03 * size)
    start = float(place(low))
    size = float(place(high)) - start or 1.0
    for line, row in enumerate(rows):
        _draw_row(axes, line, row, swarm(place(row.values), start, size))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [short(row.name) for row in rows], color=INK)
    axes.set_xlabel(axis)
    grid_along(axes, "x")
    return figure


def has_far_ones(values: NDArray[np.float64]) -> bool:
    """Tell whether some of these positive values are many times what most of them are."""
    return bool(values.size and values.min() > 0 and values.max() > FAR * np.median(values))


def _draw_row(axes: Any, line: int, row: Row, lift: NDArray[np.float64]) -> None:
    colour = colour_of(row.place)
    axes.plot(
        row.values,
        line - 0.06 + lift,
        marker_of(row.place),
        color=colour,
        markersize=4.4,
        alpha=0.6,
        markeredgewidth=0,
    )
    if row.mean is not None:
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [line + 0.3] * 2, color=colour, linewidth=2.6)
        axes.plot([row.mean], [line + 0.3], "|", color=INK, markersize=9, markeredgewidth=1.6)
    axes.annotate(
        row.label,
        (1.0, line),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=MUTED,
        fontsize=8.5,
    )


def swarm(values: NDArray[np.float64], low: float, size: float) -> NDArray[np.float64]:
    """Return how far to lift each dot of a row, in rows, so that near ones do not hide each other.

    Args:
        values: (rounds,) float64.
        low: where the axis begins.
        size: its length.
    """
    lift = np.zeros(len(values))
    taken: dict[int, int] = {}
    for i in np.argsort(values, kind="stable").tolist():
        place = int((values[i] - low) / size * BINS)
        number = taken.get(place, 0)
        taken[place] = number + 1
        lift[i] = (number + 1) // 2 * 0.1 * (-1 if number % 2 else 1)
    return np.clip(lift, -0.4, 0.22)
