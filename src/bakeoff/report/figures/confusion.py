"""Which digits are hard to tell apart: the share of wrong answers by the pair's two digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.report.figures.style import INK, MUTED, SERIES, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIGITS = 10


def draw_confusion(shares: NDArray[np.float64]) -> Figure:
    """Return the matrix of all competitors, its lower half, with numbers in percent.

    Args:
        shares: (10, 10) float64, 0 to 1, symmetric; NaN where there was no pair.
    """
    figure = new_figure(5.4, 5.0)
    axes = figure.add_subplot(aspect="equal")
    _cells(axes, shares, _most([shares]), numbers=True)
    axes.set_xlabel("the smaller digit")
    axes.set_ylabel("the larger digit")
    return figure


def draw_confusions(
    matrices: Sequence[tuple[str, NDArray[np.float64]]], columns: int = 3
) -> Figure:
    """Return a matrix for each competitor, all on one scale.

    Args:
        matrices: names, and shares as `draw_confusion` takes them.
        columns: matrices a row.
    """
    columns = min(columns, max(1, len(matrices)))
    rows = -(-len(matrices) // columns)
    figure = new_figure(2.4 * columns, 2.6 * rows)
    figure.set_layout_engine("constrained", hspace=0.06)
    every = figure.subplots(rows, columns, squeeze=False).ravel()
    most = _most([shares for _, shares in matrices])
    for axes, (name, shares) in zip(every, matrices, strict=False):
        axes.set_aspect("equal")
        _cells(axes, shares, most, numbers=False)
        axes.set_title(short(name, 24))
        axes.tick_params(labelsize=7)
    for axes in every[len(matrices) :]:
        axes.set_axis_off()
    return figure


def _most(matrices: Sequence[NDArray[np.float64]]) -> float:
    known = [float(np.nanmax(m)) for m in matrices if not np.isnan(m).all()]
    return max([*known, 1e-9])


def _cells(axes: Any, shares: NDArray[np.float64], most: float, *, numbers: bool) -> None:
    """Draw the cells below the diagonal; the more wrong answers, the more ink."""
    from matplotlib.collections import PolyCollection

    cells, strengths = [], []
    for larger in range(DIGITS):
        for smaller in range(larger):
            share = shares[larger, smaller]
            if math.isnan(share):
                continue
            x, y = smaller - 0.47, larger - 0.47
            cells.append([(x, y), (x + 0.94, y), (x + 0.94, y + 0.94), (x, y + 0.94)])
            strengths.append(round(0.04 + 0.71 * share / most, 2))
            if numbers:
                axes.text(
                    smaller,
                    larger,
                    f"{100 * share:.1f}" if share < 0.0995 else f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=INK,
                )
    squares = PolyCollection(cells, facecolors=[(SERIES[1], s) for s in strengths], linewidths=0)
    axes.add_collection(squares)
    axes.set_xlim(-0.6, DIGITS - 1.4)
    axes.set_ylim(DIGITS - 0.4, 0.4)
    axes.set_xticks(range(DIGITS - 1))
    axes.set_yticks(range(1, DIGITS))
    axes.tick_params(length=0, labelcolor=MUTED)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
