"""Networks: what they cost, and how they are built, as boxes and arrows from top to bottom.

A box stands one row below the lowest box that it reads, as near to below what it reads as its
neighbours allow; an arrow over several rows goes through the gaps beside the boxes on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from attrs import frozen

from bakeoff.report.figures.style import (
    GROUND,
    MUTED,
    SERIES,
    colour_of,
    marker_of,
    new_figure,
    short,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# ---- costs -------------------------------------------------------------------------------------


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
    competitors: Sequence[Costs], axes_names: Sequence[str], metric: str = "test accuracy, %"
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
    every[0].set_ylabel(metric)
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


# ---- architectures -----------------------------------------------------------------------------

WIDTH, HEIGHT = 2.25, 0.44
ROW = 0.64
SPACE = 0.22
"""A box's size, a row's height and the room between neighbours, in inches."""

Point = tuple[float, float]


@frozen
class Drawn:
    """A box with its texts."""

    title: str  # the first line
    detail: str  # the second line; "" for none
    shape: str  # what comes out, on the right of the first line; "" for none
    look: str  # "plain", "shared", "branch" or "end"


@frozen
class Layout:
    """Places in units of a box's width and a row's height."""

    boxes: tuple[Point, ...]  # (x, y) of each box's middle, y counted downwards from 0
    # For each arrow the points that it passes, from box to box.
    paths: tuple[tuple[Point, ...], ...]
    width: float  # from the left edge of the leftmost box to the right edge of the rightmost
    height: int  # the number of rows


def lay_out(count: int, arrows: Sequence[tuple[int, int]], last: Sequence[int] = ()) -> Layout:
    """Return where to draw boxes, `last` in the lowest row, and arrows, which all point forward."""
    row = [0] * count
    for source, target in sorted(arrows, key=lambda arrow: arrow[1]):
        row[target] = max(row[target], row[source] + 1)
    height = max(row) + 1
    for box in last:
        row[box] = height - 1
    x = [0.0] * count
    for y in range(height):
        _place([box for box in range(count) if row[box] == y], arrows, x)
    paths = [_path(arrow, row, x) for arrow in arrows]
    left = min(x) - 0.5
    return Layout(
        tuple((x[box] - left, float(row[box])) for box in range(count)),
        tuple(tuple((at - left, y) for at, y in path) for path in paths),
        max(x) + 0.5 - left,
        height,
    )


def _place(boxes: list[int], arrows: Sequence[tuple[int, int]], x: list[float]) -> None:
    """Give the boxes of a row places below the middle of what each reads, one beside another."""
    read = {box: [x[a] for a, b in arrows if b == box] for box in boxes}
    wanted = {box: sum(read[box]) / len(read[box]) if read[box] else 0.0 for box in boxes}
    boxes.sort(key=lambda box: wanted[box])
    for i, box in enumerate(boxes):
        x[box] = wanted[box] if i == 0 else max(wanted[box], x[boxes[i - 1]] + 1.0)
    shift = sum(x[box] - wanted[box] for box in boxes) / len(boxes)
    for box in boxes:
        x[box] -= shift


def _path(arrow: tuple[int, int], row: list[int], x: list[float]) -> list[Point]:
    """Return an arrow's points, one in each row: straight on, or beside the box in its way."""
    source, target = arrow
    path = [(x[source], float(row[source]))]
    for y in range(row[source] + 1, row[target]):
        at = path[-1][0] + (x[target] - path[-1][0]) / (row[target] - y + 1)
        hit = next((x[b] for b, r in enumerate(row) if r == y and abs(x[b] - at) < 0.5), None)
        path.append((at if hit is None else hit + (0.5 if at >= hit else -0.5), float(y)))
    return [*path, (x[target], float(row[target]))]


LOOKS = {
    "plain": (MUTED, GROUND, "-", 0.9),
    "shared": (SERIES[0], SERIES[0], "-", 1.6),
    "branch": (SERIES[1], GROUND, (0, (3, 2)), 1.1),
    "end": (MUTED, GROUND, "-", 0.9),
}
"""Of each look the edge's colour, the fill's, the edge's dashes and width."""
KEY = {"shared": "filled: shared weights", "branch": "dashed: auxiliary outputs only"}


def draw_graph(boxes: Sequence[Drawn], layout: Layout, main: Sequence[bool]) -> Figure:
    """Return the figure, the input on top; `main` tells which arrows lead to the main output."""
    step = WIDTH + SPACE
    looks = {box.look for box in boxes}
    told = [words for look, words in KEY.items() if look in looks]
    below = 0.25 * bool(told)
    figure = new_figure(layout.width * step + 0.1, layout.height * ROW + 0.15 + below)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-0.05, layout.width * step + 0.05)
    bottom = (layout.height - 0.5) * ROW + 0.1 + below
    axes.set_ylim(bottom, -0.5 * ROW - 0.05)
    axes.set_axis_off()
    axes.text(0, bottom - 0.1, "; ".join(told), fontsize=7.5, color=MUTED)
    for points, to_main in zip(layout.paths, main, strict=True):
        _draw_arrow(axes, [(x * step, y * ROW) for x, y in points], main=to_main)
    for box, (x, y) in zip(boxes, layout.boxes, strict=True):
        _draw_box(axes, box, x * step, y * ROW)
    return figure


def _draw_arrow(axes: Any, points: list[Point], *, main: bool) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    (x0, y0), *between, (x1, y1) = points
    through = [(x0, y0 + HEIGHT / 2), *between, (x1, y1 - HEIGHT / 2 - 0.02)]
    codes, corners = [Path.MOVETO], [through[0]]
    for (xa, ya), (xb, yb) in pairwise(through):
        middle = (ya + yb) / 2
        corners += [(xa, middle), (xb, middle), (xb, yb)]
        codes += [Path.CURVE4] * 3
    axes.add_patch(
        FancyArrowPatch(
            path=Path(corners, codes),
            arrowstyle="-|>",
            mutation_scale=8,
            color=MUTED if main else SERIES[1],
            linewidth=1.0,
            linestyle="-" if main else (0, (3, 2)),
        )
    )


def _draw_box(axes: Any, box: Drawn, x: float, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    edge, fill, dashes, width = LOOKS[box.look]
    corner = (x - WIDTH / 2, y - HEIGHT / 2)
    round_ = "round,pad=0,rounding_size=0.06"
    shape: dict[str, Any] = {"boxstyle": round_, "mutation_aspect": 1}
    # The ground first, so that no arrow shines through; then the fill, and the edge.
    for look in (
        {"facecolor": GROUND, "linewidth": 0},
        {"facecolor": fill, "alpha": 0.16 if fill != GROUND else None, "linewidth": 0},
        {"facecolor": "none", "edgecolor": edge, "linestyle": dashes, "linewidth": width},
    ):
        axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, **shape, **look))
    left, right = corner[0] + 0.09, corner[0] + WIDTH - 0.09
    first = y - 0.06 if box.detail else y + 0.04
    axes.text(
        left,
        first,
        short(box.title, 23 if box.shape else 32),
        va="baseline",
        fontsize=8,
        fontweight="bold" if box.look == "end" else "normal",
    )
    if box.shape:
        axes.text(right, first, box.shape, ha="right", va="baseline", fontsize=7.5)
    if box.detail:
        axes.text(left, y + 0.1, short(box.detail, 38), va="center", fontsize=7, color=MUTED)
