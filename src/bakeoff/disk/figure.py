"""The disk in a picture: what the network says everywhere, the points, and those it gets wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from bakeoff.data.disk import CENTRE, RADIUS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by every kind of colour vision (Okabe & Ito 2008), and in print by their lightness.
INSIDE, OUTSIDE, WRONG = "#0072b2", "#e69f00", "#000000"


def grid(side: int = 200) -> torch.Tensor:
    """Return the points (side · side, 2) of a square grid over [0, 1]², row by row from below."""
    steps = torch.linspace(0.0, 1.0, side)
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()], 1)


def draw_disk(
    field: torch.Tensor, points: torch.Tensor, inside: torch.Tensor, predicted: torch.Tensor
) -> Figure:
    """Return the figure.

    Args:
        field: (side · side,), the network's outputs on `grid(side)`.
        points: (n, 2), in [0, 1]².
        inside: (n,) bool, which of them lie inside the disk.
        predicted: (n,) bool, which of them the network says do.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 6.4), layout="constrained")
    axes = figure.add_subplot(aspect="equal", xlim=(0, 1), ylim=(0, 1))
    _draw_field(axes, field)
    wrong = inside != predicted
    for chosen, colour, name in ((inside, INSIDE, "inside"), (~inside, OUTSIDE, "outside")):
        x, y = points[chosen].T.tolist()
        axes.plot(x, y, ".", color=colour, markersize=4, label=f"{name} ({len(x):,})")
    x, y = points[wrong].T.tolist()
    axes.plot(
        x,
        y,
        "o",
        color=WRONG,
        fillstyle="none",
        markersize=9,
        label=f"on the wrong side ({len(x):,})",
    )
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    axes.set_title(f"error {100 * int(wrong.sum()) / len(points):.2f} % of {len(points):,} points")
    return figure


def _draw_field(axes: Axes, field: torch.Tensor) -> None:
    """Draw the two parts that the network sees, their border, and, dashed, the disk's edge."""
    from matplotlib.patches import Circle

    side = math.isqrt(len(field))
    steps = torch.linspace(0.0, 1.0, side).tolist()
    values = field.reshape(side, side).tolist()
    ends = [min(float(field.min()), 0.5) - 1.0, 0.5, max(float(field.max()), 0.5) + 1.0]
    axes.contourf(steps, steps, values, levels=ends, colors=[OUTSIDE, INSIDE], alpha=0.18)
    axes.contour(steps, steps, values, levels=ends[1:2], colors=[WRONG], linewidths=1.2)
    axes.add_patch(Circle(CENTRE, RADIUS, fill=False, linestyle=(0, (4, 3)), linewidth=1.0))
