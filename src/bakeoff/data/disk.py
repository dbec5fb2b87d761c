"""The paper's second task: is a point of the unit square inside the disk of half its area?"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from bakeoff.checks import check_count
from bakeoff.errors import DTypeError
from bakeoff.rng import generator

CENTRE = (0.5, 0.5)
MOST_POINTS = 10_000_000  # more points drawn at once would fill the memory of many machines
RADIUS = 1 / math.sqrt(2 * math.pi)  # area 1/2, so both labels are equally likely


class DiskSets(NamedTuple):
    """Points and labels.

    Attributes:
        train_input: (n, 2) float32, uniform in [0, 1).
        train_target: (n, 1) float32, 1 inside the disk and 0 outside.
        test_input: as train_input, of other points.
        test_target: as train_target.
    """

    train_input: torch.Tensor
    train_target: torch.Tensor
    test_input: torch.Tensor
    test_target: torch.Tensor


def generate_disk_sets(n: int = 1000, *, seed: int) -> DiskSets:
    """Draw n training points and n test points.

    Args:
        n: points in each set.
        seed: any integer; the same seed gives the same points.

    Returns:
        The four tensors of `DiskSets`.

    Raises:
        DTypeError, ArgumentError: if n is not an integer of 1 to 10,000,000.
    """
    return draw_disk_sets(
        n,
        train=generator(seed, 0, "data", "train"),
        test=generator(seed, 0, "data", "test"),
    )


def draw_disk_sets(
    n: int, *, train: torch.Generator, test: torch.Generator, test_n: int | None = None
) -> DiskSets:
    """Draw disk sets from explicit generators; otherwise as `generate_disk_sets`.

    Args:
        n: points to train on.
        train: generator of these.
        test: generator of the others.
        test_n: points to test on; None for n of them, too.
    """
    train_input = torch.rand(check_points("disk sets", n), 2, generator=train)
    test_n = check_points("disk sets", n if test_n is None else test_n)
    test_input = torch.rand(test_n, 2, generator=test)
    return DiskSets(train_input, inside_disk(train_input), test_input, inside_disk(test_input))


def fresh_points(n: int, *, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw points that no training or test set holds.

    Args:
        n: how many, 1 to 10,000,000.
        seed: any integer; its points differ from those of the same seed's data sets.

    Returns:
        Points (n, 2) float32 uniform in [0, 1), and (n, 1) float32, 1 inside the disk, else 0.

    Raises:
        DTypeError, ArgumentError: if n is not an integer of 1 to 10,000,000.
    """
    stream = generator(seed, 0, "data", "fresh")
    points = torch.rand(check_points("fresh points", n), 2, generator=stream)
    return points, inside_disk(points)


def check_points(where: str, n: int) -> int:
    """Return a number of points, refused in a sentence unless it can be drawn at once."""
    return check_count(where, "n", n, most=MOST_POINTS, wrong_type=DTypeError)


def inside_disk(points: torch.Tensor) -> torch.Tensor:
    """Label points by whether (x - 1/2)² + (y - 1/2)² ≤ 1/(2π).

    Args:
        points: (n, 2) float32 or float64.

    Returns:
        (n, 1) float32, 1 inside the disk, its edge included, and 0 outside.
    """
    # The difference is float64: float32 would misplace points within 1e-8 of the edge.
    offset = points - torch.tensor(CENTRE, dtype=torch.float64)
    return (offset.square().sum(1, keepdim=True) <= RADIUS**2).float()
