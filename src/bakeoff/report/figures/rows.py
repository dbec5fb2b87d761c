"""Rows from the top: competitors with each round a dot, and differences with their verdicts."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bakeoff.report.figures.style import (
    GRID,
    GROUND,
    INK,
    MUTED,
    SERIES,
    colour_of,
    grid_along,
    label_end,
    marker_of,
    new_figure,
    short,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE = 7.2  # inches, of a figure of the page
ROW = 0.52
SWARM = 0.35  # inches a row of dots may take among differences
DOTTED = 12  # comparisons; of more, the dots would leave no room for the intervals
BINS = 60
FAR = 10.0
"""How many times the median the largest value may be on an axis from zero."""


@frozen(eq=False)
class Row:
    """One competitor's rounds."""

    name: str  # what to call it
    place: int  # its place in the study, which gives its colour and shape
    values: NDArray[np.float64]  # (rounds,) float64, finite
    mean: float | None  # their mean, or their median; None without any
    low: float | None  # lower end of the mean's interval, or quartile; None below two rounds
    high: float | None  # upper end
    label: str  # the figures in words, to stand at the row's end


def draw_dots(
    rows: Sequence[Row], axis: str, line_is: str = "mean, interval", *, from_zero: bool = False
) -> Figure:
    """Return rows from the top, on an axis that may begin at 0; what the line is stands below.

    It is logarithmic instead where a few values would press all others against 0, as the time of a
    round does that had to wait.
    """
    from matplotlib.ticker import LogLocator

    many = len(rows) > DOTTED
    figure = new_figure(WIDE, 0.95 + (0.7 if many else 1) * ROW * len(rows))
    axes = figure.add_subplot()
    axes.tick_params(axis="x", top=many, labeltop=many)
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
    _key(figure, "|", line_is)
    return figure


def _key(figure: Figure, marker: str, line_is: str) -> None:
    """Say below what the dots and the line are."""
    from matplotlib.lines import Line2D

    dot = Line2D([], [], marker="o", linestyle="", color=MUTED, markersize=4, label="one round")
    line = Line2D([], [], marker=marker, color=MUTED, linewidth=2.2, label=line_is)
    figure.legend(handles=[dot, line], loc="outside lower center", ncols=2)


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
    label_end(axes, line, row.label, MUTED)


def swarm(values: NDArray[np.float64], low: float, size: float) -> NDArray[np.float64]:
    """Return how far to lift each dot of a row, in rows, so that near ones do not hide each other.

    The axis begins at `low` and is `size` long.
    """
    lift = np.zeros(len(values))
    taken: dict[int, int] = {}
    for i in np.argsort(values, kind="stable").tolist():
        place = int((values[i] - low) / size * BINS)
        number = taken.get(place, 0)
        taken[place] = number + 1
        lift[i] = (number + 1) // 2 * 0.1 * (-1 if number % 2 else 1)
    return np.clip(lift, -0.4, 0.22)


# ---- over tasks ---------------------------------------------------------------------------------


def draw_ranks(
    average: Sequence[tuple[str, float]], alike: Sequence[Sequence[str]], axis: str
) -> Figure:
    """Return a critical-difference diagram (Demšar 2006): ranks, and bars over those alike.

    Competitors come by their average rank, the best first; of a bar's no two differ.
    """
    figure = new_figure(WIDE, 0.75 + 0.3 * len(average) + 0.15 * len(alike))
    axes, place = figure.add_subplot(), dict(average)
    for bar, group in enumerate(alike):
        ends = place[group[0]] - 0.02, place[group[-1]] + 0.02
        axes.plot(ends, [-1 - 0.5 * bar] * 2, color=SERIES[0], linewidth=4, solid_capstyle="butt")
    for line, (_, rank) in enumerate(average):
        axes.plot([rank, rank], [-1 - 0.5 * len(alike), line], color=GRID, zorder=0)
        axes.plot([rank], [line], "o", color=INK, markersize=6)
        label_end(axes, line, f"{rank:.2f}", MUTED)
    axes.set_xlim(0.9, len(average) + 0.1)
    axes.set_ylim(len(average) - 0.5, -1 - 0.5 * len(alike))
    axes.set_yticks(range(len(average)), [short(name) for name, _ in average], color=INK)
    axes.set_xlabel(axis)
    grid_along(axes, "x")
    return figure


def draw_profile(
    names: Sequence[str], at: NDArray[np.float64], shares: NDArray[np.float64], axis: str
) -> Figure:
    """Return the share that reaches each value: (points,) ascending, (competitors, points)."""
    figure = new_figure(WIDE, 3.2)
    axes, apart = figure.add_subplot(), max(1, len(at) // 8)
    for place, name in enumerate(names):
        axes.step(
            at,
            shares[place],
            where="post",
            color=colour_of(place),
            marker=marker_of(place),
            markersize=4.4,
            markevery=(place % apart, apart),
            label=short(name),
        )
    if has_far_ones(at):
        axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(axis)
    axes.set_ylabel("share")
    axes.legend()
    grid_along(axes, "y")
    return figure


# ---- differences ---------------------------------------------------------------------------------

LOOKS = {
    "better": (SERIES[0], "o", True),
    "worse": (SERIES[1], "s", True),
    "equivalent": (SERIES[2], "D", True),
    "undecided": (MUTED, "o", False),
}
"""Of each verdict its colour, shape, and whether that is filled."""


@frozen(eq=False)
class Difference:
    """One comparison."""

    name: str  # what is subtracted from what
    mean: float | None  # the mean difference; None below two rounds
    low: float  # lower end of its interval; -inf where the rounds set no bound
    high: float  # upper end
    verdict: str  # one of the four
    label: str  # the verdict with its figures, to stand at the row's end
    values: Sequence[float] | NDArray[np.float64] = ()  # (rounds,) float64, each round's


def draw_differences(
    rows: Sequence[Difference],
    axis: str,
    margin: float | None = None,
    *,
    width: float = WIDE,
    ratios: bool = False,
    line_is: str = "mean, interval",
) -> Figure:
    """Return rows from the top: name and verdict, each round a dot, and the interval.

    Of more rows than `DOTTED` the intervals stand alone. Differences inside ± margin do not
    matter. With `ratios` they are logarithms, told as the ratios that they are.
    """
    from matplotlib import rcParams

    line = rcParams["font.size"] / 60  # inches
    letters = int(2 * width / line)
    most = letters - max(len(row.label) for row in rows) - 2
    names = [_in_lines(short(row.name, 84), max(most, 12)) for row in rows]
    above = [line * (name.count("\n") + 1.25) for name in names]
    dots = [np.asarray(row.values if len(rows) <= DOTTED else (), float) for row in rows]
    ends = [x for row in rows for x in (row.low, row.mean, row.high) if x is not None]
    finite = [0.0, *filter(math.isfinite, ends), *np.hstack(dots)]
    room = 0.06 * (max(finite) - min(finite)) or 1.0
    limits = min(finite) - room, max(finite) + room
    lifts = [SWARM * swarm(values, limits[0], limits[1] - limits[0]) for values in dots]
    body = [1.5 * line + (np.ptp(lift) + 0.4 * line if lift.size else 0) for lift in lifts]
    figure = new_figure(width, 5.5 * line + sum(above) + sum(body))
    axes = figure.add_subplot()
    if margin is not None:
        axes.axvspan(-margin, margin, color=SERIES[2], alpha=0.12, linewidth=0)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1.2)
    top = 0.0
    for i, (row, name) in enumerate(zip(rows, names, strict=True)):
        _label_above(axes, (top, top + above[i]), name, row)
        top += above[i] + body[i]
        _draw_difference(axes, top - 0.75 * line, row, limits)
        lowest, colour = top - 1.4 * line - max(lifts[i], default=0), LOOKS[row.verdict][0]
        places = dots[i], lowest + lifts[i]
        axes.plot(*places, "o", color=colour, markersize=3.6, alpha=0.5, markeredgewidth=0)
    axes.set_xlim(*limits)
    axes.set_ylim(top, 0)
    axes.set_yticks([])
    axes.set_xlabel(_in_lines(axis, letters))
    if ratios:
        axes.xaxis.set_major_formatter(lambda log, _: f"{math.exp(log):.3g}")
    grid_along(axes, "x")
    if any(values.size for values in dots):
        _key(figure, "o", line_is)
    return figure


def _in_lines(text: str, most: int) -> str:
    """Break a text into lines, before a minus rather than behind it, and not in brackets."""
    kept = re.sub(r"− |\([^)]*\)", lambda found: found[0].replace(" ", "\0"), text)
    return textwrap.fill(kept, most, break_on_hyphens=False).replace("\0", " ")


def _label_above(axes: Any, ends: tuple[float, float], name: str, row: Difference) -> None:
    """Write a row's name on the left and its verdict on the right, on a strip without lines."""
    axes.axhspan(ends[0] - 0.01, ends[1], color=GROUND, linewidth=0, zorder=1.5)
    ink = MUTED if row.verdict == "undecided" else INK
    for x, side, text, colour in ((0, "left", name, INK), (1, "right", row.label, ink)):
        place = axes.get_yaxis_transform()
        axes.text(x, ends[0] + 0.02, text, transform=place, ha=side, va="top", color=colour)


def _draw_difference(axes: Any, y: float, row: Difference, limits: tuple[float, float]) -> None:
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
