"""Accuracy, or another metric, against its costs: parameters, operations and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from bakeoff.report.figures.style import colour_of, marker_of, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@frozen
class Costs:
    """One competitor's accuracy and what it costs."""

    name: str  # what to call it
    place: int  # its place in the study
    accuracy: float  # its mean, in percent; or that of another metric
    low: float  # lower end of the mean's interval; the mean itself below two rounds
    high: float  # upper end
    costs: tuple[float | None, ...]  # in the order of the panels; None where one is not known


def draw_costs(
    competitors: Sequence[Costs], axes_names: Sequence[str], metric: str = "accuracy, %"
) -> Figure:
    """Return a panel for each cost that any competitor has; axes and metric with their units."""
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
    shown = {
        name: handle
        for axes in every
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    places = {"loc": "outside lower center", "ncols": 4, "fontsize": 8}
    figure.legend(shown.values(), shown.keys(), **places)
    return figure


def _draw_panel(axes: Any, known: list[tuple[Costs, float]], name: str) -> None:
    from matplotlib.ticker import FuncFormatter

    for c, x in known:
        colour = colour_of(c.place)
        axes.plot([x, x], [c.low, c.high], color=colour, linewidth=1.6)
        label, marker = short(c.name, 20), marker_of(c.place)
        axes.plot([x], [c.accuracy], marker, color=colour, markersize=6.5, label=label)
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
