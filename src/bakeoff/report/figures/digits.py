"""Pictures of digits: sample pairs, and the images that are hardest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bakeoff.report.figures.style import INK, MUTED, new_figure

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

    Args:
        pixels: (n, 2, h, w) float32, 0 to 255, the ink high.
        digits: (n, 2) int64.
        larger: which of the two is larger, 0 or 1.
        columns: pairs a row.
    """
    joined = np.concatenate([pixels[:, 0], pixels[:, 1]], axis=2)
    captions = [(str(first), str(second)) for first, second in digits.tolist()]
    return _mosaic(joined, captions, columns, PAIR_GAP, bold=larger)


def draw_hardest(pixels: NDArray[np.float32], captions: Sequence[str], columns: int = 8) -> Figure:
    """Return images in rows, each with a line under it.

    Args:
        pixels: (n, h, w) float32, 0 to 255.
        captions: n lines.
        columns: images a row.
    """
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
