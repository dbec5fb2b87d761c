"""From a drawing to the picture that a network knows: framed as MNIST's digits are.

MNIST's makers scaled each digit into a box of 20×20 pixels, its proportions kept, which made black
and white into greys, and moved it whole pixels until its centre of mass lay in the middle of a
field of 28×28 (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"). In the
files that centre lies within the pixel of row and column 14, and the brightest pixel is white. The
report's pictures are the means of 2×2 blocks. Here a drawing goes the same way, so that where on
the canvas it stands, and how large, makes no difference.

Scaling and moving are linear in each direction, so each is one product with a small matrix.
"""

from __future__ import annotations

import torch

from bakeoff.data.mnist import SIDE, block_means
from bakeoff.errors import ShapeError

CANVAS = 112
"""Rows and columns of the canvas that the page sends; any other square works as well."""
BOX = 20
INK = 64
"""What is fainter than this grey is the soft edge of a stroke and does not widen the box."""
TIE = 1e-6  # a number that should lie on a step is not to fall below it by a rounding error


def frame(canvases: torch.Tensor) -> torch.Tensor:
    """Return drawings (n, s, s) uint8, 0 for paper to 255 for ink, as pictures of MNIST's form.

    They are (n, 14, 14) float32, grey values 0 to 255 in steps of a quarter, all 0 for an empty
    canvas. Anything but square canvases is a ShapeError.
    """
    if canvases.ndim != 3 or canvases.shape[1] != canvases.shape[2]:
        raise ShapeError(
            f"frame: got canvases of shape {tuple(canvases.shape)}, expected (n, s, s)"
        )
    drawn = canvases.double()  # its sums of grey values are exact
    boxed = _scaled_into_box(drawn, canvases >= INK)
    boxed *= 255 / boxed.amax((1, 2), keepdim=True).clamp(min=TIE)
    fields = _centred(boxed)
    return block_means(torch.floor(fields + 0.5 + TIE).to(torch.uint8))


def is_blank(canvases: torch.Tensor) -> torch.Tensor:
    """Tell which of the canvases (n, s, s) hold no ink, as (n,) bool."""
    return ~(canvases >= INK).flatten(1).any(1)


def _scaled_into_box(drawn: torch.Tensor, ink: torch.Tensor) -> torch.Tensor:
    """Scale the part of each canvas (n, s, s) that holds ink to (n, 20, 20), its corner top left.

    Each pixel of the box is the mean of what it covers of the canvas.
    """
    top, height = _extent(ink.any(2))
    left, width = _extent(ink.any(1))
    # How many of the canvas' pixels one of the box covers.
    step = torch.maximum(height, width).double() / BOX
    rows = _covering(top, step, drawn.shape[1])
    columns = _covering(left, step, drawn.shape[2])
    return torch.where(height[:, None, None] > 0, rows @ drawn @ columns.mT, 0.0)


def _extent(marked: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the first true place of each row of (n, s) bool, and how many places to the last."""
    count = marked.shape[1]
    first = marked.int().argmax(1)
    last = count - 1 - marked.flip(1).int().argmax(1)
    return first, torch.where(marked.any(1), last - first + 1, 0)


def _covering(start: torch.Tensor, step: torch.Tensor, count: int) -> torch.Tensor:
    """Return matrices (n, 20, count) that take means over stretches of `count` numbers.

    Row i holds each number's share of the stretch from start + i · step to start + (i + 1) · step.
    """
    number = torch.arange(count, dtype=torch.float64) - start[:, None]
    number, step = number[:, None, :], step[:, None, None]
    begin = torch.arange(BOX, dtype=torch.float64)[:, None] * step
    overlap = torch.minimum(begin + step, number + 1) - torch.maximum(begin, number)
    return overlap.clamp(min=0) / step.clamp(min=TIE)


def _centred(boxed: torch.Tensor) -> torch.Tensor:
    """Put boxes (n, 20, 20) into fields (n, 28, 28), centres of mass in the pixel (14, 14)."""
    rows, columns = _moving(boxed.sum(2)), _moving(boxed.sum(1))
    return rows @ boxed @ columns.mT


def _moving(mass: torch.Tensor) -> torch.Tensor:
    """Return the matrices (n, 28, 20) that move 20 pixels of these masses (n, 20) into a field."""
    middles = torch.arange(BOX, dtype=torch.float64) + 0.5
    centre = (mass * middles).sum(1) / mass.sum(1).clamp(min=TIE)
    used = ((mass > TIE) * (middles + 0.5)).amax(1)  # how many of the pixels are not all paper
    start = (SIDE // 2 - torch.floor(centre + TIE)).clamp(min=0).minimum(SIDE - used)
    target = torch.arange(SIDE, dtype=torch.float64)[:, None]
    source = torch.arange(BOX, dtype=torch.float64)
    return (target == source + start[:, None, None]).double()
