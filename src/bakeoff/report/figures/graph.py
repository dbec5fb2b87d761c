"""A network as boxes and arrows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from attrs import frozen

from bakeoff.report.figures.style import GROUND, MUTED, SERIES, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 2.25, 0.44
LAYER = 0.64
SPACE = 0.22
"""A box's size, a layer's height and the room between neighbours, in inches."""

Point = tuple[float, float]


@frozen
class Drawn:
    """A box with its texts.

    Attributes:
        title: the first line.
        detail: the second line; "" for none.
        shape: what comes out, on the right of the first line; "" for none.
        look: "plain", "shared", "branch" or "end".
    """

    title: str
    detail: str
    shape: str
    look: str


LOOKS = {
    "plain": (MUTED, GROUND, "-", 0.9),
    "shared": (SERIES[0], SERIES[0], "-", 1.6),
    "branch": (SERIES[1], GROUND, (0, (3, 2)), 1.1),
    "end": (MUTED, GROUND, "-", 0.9),
}
"""Of each look the edge's colour, the fill's, the edge's dashes and width."""


def draw_graph(
    boxes: Sequence[Drawn],
    places: Sequence[Point],
    arrows: Sequence[tuple[Sequence[Point], bool]],
    size: tuple[float, int],
) -> Figure:
    """Return the figure, the input on top.

    Args:
        boxes: what to draw.
        places: the middle of each, in boxes' widths and layers, y downwards.
        arrows: for each the points that it passes, and whether it leads to the main output.
        size: the drawing's width and height in the same units.
    """
    step = WIDTH + SPACE
    figure = new_figure(size[0] * step + 0.1, size[1] * LAYER + 0.15)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-0.05, size[0] * step + 0.05)
    axes.set_ylim((size[1] - 0.5) * LAYER + 0.1, -0.5 * LAYER - 0.05)
    axes.set_axis_off()
    for points, main in arrows:
        _draw_arrow(axes, [(x * step, y * LAYER) for x, y in points], main=main)
    for box, (x, y) in zip(boxes, places, strict=True):
        _draw_box(axes, box, x * step, y * LAYER)
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
    axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, facecolor=GROUND, linewidth=0, **shape))
    axes.add_patch(
        FancyBboxPatch(
            corner,
            WIDTH,
            HEIGHT,
            facecolor=fill,
            alpha=0.16 if fill != GROUND else None,
            linewidth=0,
            **shape,
        )
    )
    axes.add_patch(
        FancyBboxPatch(
            corner,
            WIDTH,
            HEIGHT,
            facecolor="none",
            edgecolor=edge,
            linestyle=dashes,
            linewidth=width,
            **shape,
        )
    )
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
