"""Accuracy, or another metric, against its costs: parameters, operations and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from bakeoff.report.figures.style import colour_of, marker_of, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Rectangle = tuple[float, float, float, float]

LETTER = 0.068
LINE = 0.15
"""The size of a letter and of a line in a label, in inches."""


@frozen
class Costs:
    """One competitor's accuracy and what it costs.

    Attributes:
        name: what to call it.
        place: its place in the study.
        accuracy: its mean, in percent; or that of another metric.
        low: lower end of the mean's interval; the mean itself below two rounds.
        high: upper end.
        costs: in the order of the panels; None where one is not known.
    """

    name: str
    place: int
    accuracy: float
    low: float
    high: float
    costs: tuple[float | None, ...]


def draw_costs(
    competitors: Sequence[Costs], axes_names: Sequence[str], metric: str = "accuracy, %"
) -> Figure:
    """Return the figure, with a panel for each cost that any competitor has.

    Args:
        competitors: what to draw.
        axes_names: what each cost is, with its unit.
        metric: what is achieved, with its unit.
    """
    panels = [
        (i, name)
        for i, name in enumerate(axes_names)
        if any(c.costs[i] is not None for c in competitors)
    ]
    figure = new_figure(8.6, 3.5)
    every = figure.subplots(1, max(1, len(panels)), sharey=True, squeeze=False)[0]
    for axes, (i, name) in zip(every, panels, strict=False):
        known = [(c, x) for c in competitors if (x := c.costs[i]) is not None]
        _draw_panel(axes, known, name)
    every[0].set_ylabel(f"test {metric}")
    figure.draw_without_rendering()
    for axes, (i, _) in zip(every, panels, strict=False):
        known = [(c, x) for c in competitors if (x := c.costs[i]) is not None]
        _label(axes, known)
    return figure


def _draw_panel(axes: Any, known: list[tuple[Costs, float]], name: str) -> None:
    from matplotlib.ticker import FuncFormatter

    for c, x in known:
        colour = colour_of(c.place)
        axes.plot([x, x], [c.low, c.high], color=colour, linewidth=1.6)
        axes.plot([x], [c.accuracy], marker_of(c.place), color=colour, markersize=6.5)
    values = [x for _, x in known]
    if min(values) > 0 and max(values) > 20 * min(values):
        axes.set_xscale("log")
    else:
        size = (max(values) - min(values)) or max(values) or 1.0
        axes.set_xlim(max(0, min(values) - 0.25 * size), max(values) + 0.25 * size)
        axes.locator_params(axis="x", nbins=4)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: thousands(x)))
    axes.margins(y=0.18)
    axes.set_xlabel(name)
    axes.grid()


def thousands(number: float) -> str:
    """Return a number as people write it on an axis: 72.5 k, 1.2 M, 0.35."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(number) >= size:
            return f"{number / size:.4g}{unit}"
    return f"{number:.4g}"


def _label(axes: Any, known: list[tuple[Costs, float]]) -> None:
    """Write each name near its point, where it meets no point, interval or earlier label."""
    inches = axes.figure.dpi
    points = [(x, c.accuracy, short(c.name, 20), colour_of(c.place)) for c, x in known]
    middles = [axes.transData.transform((x, y)) / inches for x, y, _, _ in points]
    taken: list[Rectangle] = []
    for c, x in known:
        (left, low), (_, high) = (
            axes.transData.transform((x, end)) / inches for end in (c.low, c.high)
        )
        taken.append((left - 0.04, low, left + 0.04, high))
    taken += [(x - 0.06, y - 0.06, x + 0.06, y + 0.06) for x, y in middles]
    frame = axes.get_window_extent()
    left, right = frame.x0 / inches, frame.x1 / inches
    order = sorted(range(len(points)), key=lambda i: -middles[i][1])
    for i in order:
        (x, y), (_, _, text, colour) = middles[i], points[i]
        width = LETTER * len(text)
        best = min(
            _candidates(width),
            key=partial(_badness, x=x, y=y, width=width, taken=tuple(taken), edges=(left, right)),
        )
        taken.append((x + best[0], y + best[1], x + best[0] + width, y + best[1] + LINE))
        axes.annotate(
            text,
            points[i][:2],
            xytext=(best[0] * 72, (best[1] + LINE / 2) * 72),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colour,
            annotation_clip=False,
        )


def _candidates(width: float) -> list[tuple[float, float]]:
    """Return where a label's lower left corner may stand, from its point, in inches."""
    shifts = [0.0, 0.12, -0.12, 0.22, -0.22, 0.34, -0.34, 0.46, -0.46]
    beside = [(x, dy - LINE / 2) for dy in shifts for x in (0.09, -0.09 - width)]
    return beside + [(-width / 2, dy - LINE / 2) for dy in shifts if abs(dy) > 0.2]


def _badness(
    at: tuple[float, float],
    *,
    x: float,
    y: float,
    width: float,
    taken: Sequence[Rectangle],
    edges: tuple[float, float],
) -> float:
    """Return what speaks against a label there: what it would cover, and its way from its point."""
    box = (x + at[0], y + at[1], x + at[0] + width, y + at[1] + LINE)
    away = abs(at[0] + width / 2) + 2 * abs(at[1] + LINE / 2)
    return _cost(box, taken, edges) + 0.01 * away


def _cost(
    box: Rectangle,
    taken: Sequence[Rectangle],
    edges: tuple[float, float],
) -> float:
    """Return the area that a label would cover, plus what of it would leave its panel."""
    covered = sum(
        max(0.0, min(box[2], t[2]) - max(box[0], t[0]))
        * max(0.0, min(box[3], t[3]) - max(box[1], t[1]))
        for t in taken
    )
    outside = max(0.0, edges[0] - box[0]) + max(0.0, box[2] - edges[1])
    return 20 * covered + outside
