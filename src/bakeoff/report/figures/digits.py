"""Digits: sample pairs, the hardest images, and the share of wrong answers by two digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.report.figures.style import INK, MUTED, SERIES, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WHITE = 255.0
GAP = 3
PAIR_GAP = 9
CAPTION = 7
"""Room between pictures, between pairs, and for the line under one, in pixels of theirs."""


def draw_pairs(
    pixels: NDArray[np.float32], digits: NDArray[np.int64], larger: int, columns: int = 5
) -> Figure:
    """Return pairs of images side by side, their digits below, the larger one in bold.

    Pixels are (n, 2, h, w), 0 to 255, the ink high; digits (n, 2); `larger` is 0 or 1.
    """
    joined = np.concatenate([pixels[:, 0], pixels[:, 1]], axis=2)
    captions = [(str(first), str(second)) for first, second in digits.tolist()]
    return _mosaic(joined, captions, columns, PAIR_GAP, bold=larger)


def draw_hardest(pixels: NDArray[np.float32], captions: Sequence[str], columns: int = 8) -> Figure:
    """Return images (n, h, w), 0 to 255, so many a row, each with a line under it."""
    return _mosaic(pixels, [(caption,) for caption in captions], columns)


def _mosaic(
    pictures: NDArray[np.float32],
    captions: Sequence[tuple[str, ...]],
    columns: int,
    gap: int = GAP,
    bold: int | None = None,
) -> Figure:
    """Put pictures in rows on one sheet, black ink on nothing, which is one image in the file."""
    count, height, width = pictures.shape
    columns = min(columns, max(count, 1))
    rows = -(-count // columns)
    wide, high = columns * (width + gap) - gap, rows * (height + CAPTION + GAP) - GAP
    sheet = np.zeros((high, wide), dtype=np.float32)
    scale = 7.2 / max(wide, 8 * (height + GAP))
    figure = new_figure(wide * scale, high * scale)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    for i, (picture, lines) in enumerate(zip(pictures, captions, strict=True)):
        top, left = i // columns * (height + CAPTION + GAP), i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
        for part, text in enumerate(lines):
            axes.text(
                left - 0.5 + width * (part + 0.5) / len(lines),
                top + height + CAPTION / 2 - 0.5,
                text,
                ha="center",
                va="center",
                fontsize=8.5,
                color=INK if bold in (None, part) else MUTED,
                fontweight="bold" if part == bold else "normal",
            )
    ink = np.zeros((high, wide, 4))
    ink[..., 3] = sheet / WHITE  # the ground, light or dark, is the page's
    axes.imshow(ink, interpolation="none", aspect="auto")
    axes.set_axis_off()
    return figure


# ---- confusion -----------------------------------------------------------------------------------

DIGITS = 10


def draw_confusion(shares: NDArray[np.float64]) -> Figure:
    """Return the lower half of a symmetric (10, 10) matrix of shares, 0 to 1, with numbers in %.

    NaN stands where there was no pair.
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
    """Return a matrix for each competitor, so many a row, all on one scale."""
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
