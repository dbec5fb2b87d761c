"""The disk in a picture: what a network says everywhere, the points, and those it gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bakeoff.report.figures.style import INK, MUTED, SERIES, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INSIDE, OUTSIDE = SERIES[0], SERIES[1]
SIDE = 200
"""Points along each side of the square at which a network is asked."""


def grid(side: int = SIDE) -> NDArray[np.float32]:
    """Return the points (side · side, 2) of a square grid over [0, 1]², row by row from below."""
    steps = np.linspace(0, 1, side, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)


def draw_disk(
    field: NDArray[np.float32],
    disk: tuple[float, float, float],
    points: NDArray[np.float32],
    inside: NDArray[np.bool_],
    predicted: NDArray[np.bool_],
) -> Figure:
    """Return what a network says over the square, some points, and those on the wrong side.

    Args:
        field: (side · side,) float32, what it says on `grid(side)`, at least 1/2 for inside.
        disk: the true disk's centre and radius, drawn dashed.
        points: (n, 2) float32 in [0, 1]².
        inside: (n,) bool, which of them lie inside the disk.
        predicted: (n,) bool, which of them the network says do.
    """
    from matplotlib.patches import Circle

    figure = new_figure(5.6, 5.9)
    axes = figure.add_subplot(aspect="equal", xlim=(0, 1), ylim=(0, 1))
    side = round(len(field) ** 0.5)
    steps, square = np.linspace(0, 1, side), field.reshape(side, side)
    low, high = min(float(field.min()), 0.5) - 1, max(float(field.max()), 0.5) + 1
    colours = [OUTSIDE, INSIDE]
    axes.contourf(steps, steps, square, levels=[low, 0.5, high], colors=colours, alpha=0.22)
    if field.min() < 0.5 <= field.max():
        axes.contour(steps, steps, square, levels=[0.5], colors=[INK], linewidths=1.2)
    x, y, radius = disk
    axes.add_patch(
        Circle((x, y), radius, fill=False, edgecolor=MUTED, linestyle=(0, (4, 3)), linewidth=1)
    )
    for chosen, colour, marker, name in (
        (inside, INSIDE, "o", "inside"),
        (~inside, OUTSIDE, "s", "outside"),
    ):
        x, y = points[chosen].T
        axes.plot(
            x,
            y,
            marker,
            color=colour,
            markersize=2.5,
            markeredgewidth=0,
            label=f"{name} ({len(x):,})",
        )
    x, y = points[inside != predicted].T
    label = f"on the wrong side ({len(x):,})"
    axes.plot(x, y, "o", color=INK, fillstyle="none", markersize=9, label=label)
    figure.legend(loc="outside lower center", ncols=3)
    axes.set_title(f"error {100 * len(x) / len(points):.2f} % of {len(points):,} points")
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])
    return figure
