"""Digits as a hand would write them: lines of a pen, and a canvas that they are drawn on.

A digit is a list of strokes, a stroke a list of points (x, y) in a box of 0.6 × 1, y downwards.
None of it has anything to do with the pictures that the networks were trained on.
"""

from __future__ import annotations

import itertools
import math

import torch

from bakeoff.demo.preprocess import CANVAS


def arc(x, y, rx, ry, start, end, count=16):
    """Return points of an ellipse around (x, y); degrees, 0 to the right, 90 downwards."""
    angles = [math.radians(start + (end - start) * i / (count - 1)) for i in range(count)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


DIGITS = {
    0: [arc(0.3, 0.5, 0.3, 0.5, -90, 270, 32)],
    1: [[(0.36, 0.0), (0.33, 0.5), (0.28, 1.0)]],
    2: [[*arc(0.3, 0.28, 0.27, 0.28, 190, 380), (0.05, 0.97), (0.6, 0.97)]],
    3: [[*arc(0.28, 0.25, 0.26, 0.25, 200, 450), *arc(0.28, 0.74, 0.32, 0.26, -90, 160)]],
    4: [[(0.18, 0.0), (0.05, 0.55), (0.6, 0.53)], [(0.46, 0.12), (0.42, 1.0)]],
    5: [
        [(0.12, 0.03), (0.09, 0.42), *arc(0.27, 0.68, 0.31, 0.31, -110, 150)],
        [(0.12, 0.03), (0.57, 0.0)],
    ],
    6: [
        [
            (0.42, 0.0),
            (0.2, 0.25),
            (0.06, 0.55),
            (0.04, 0.75),
            *arc(0.31, 0.74, 0.27, 0.25, 180, -175),
        ]
    ],
    7: [[(0.02, 0.03), (0.58, 0.02), (0.36, 0.5), (0.24, 1.0)]],
    8: [[*arc(0.3, 0.24, 0.23, 0.24, 90, -270, 24), *arc(0.3, 0.74, 0.28, 0.26, -90, 270, 24)]],
    9: [[*arc(0.28, 0.27, 0.26, 0.26, -10, -350, 24), (0.55, 0.3), (0.5, 0.65), (0.4, 1.0)]],
}


def placed(digit, *, height=0.7, centre=(0.5, 0.5)):
    """Return a digit's strokes on a canvas of 1 × 1, so high and around this point."""
    x, y = centre
    return [
        [(x + height * (u - 0.3), y + height * (v - 0.5)) for u, v in stroke]
        for stroke in DIGITS[digit]
    ]


def drawn(strokes, *, pen=0.08):
    """Return strokes as a canvas (112, 112) uint8: round pen of this width, soft edges."""
    middles = (torch.arange(CANVAS) + 0.5) / CANVAS
    points = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), -1)
    distance = torch.full((CANVAS, CANVAS), math.inf)
    for stroke in strokes:
        corners = torch.tensor(stroke, dtype=torch.float32)
        for a, b in itertools.pairwise(corners):
            along = ((points - a) @ (b - a) / (b - a).square().sum().clamp(min=1e-9)).clamp(0, 1)
            nearest = a + along[..., None] * (b - a)
            distance = torch.minimum(distance, (points - nearest).norm(dim=-1))
    covered = ((pen / 2 - distance) * CANVAS + 0.5).clamp(0, 1)
    return (255 * covered).round().to(torch.uint8)
