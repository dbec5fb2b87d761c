"""The network that the report asks for, the trained one that comes with bakeoff, fresh points."""

from __future__ import annotations

from pathlib import Path

import torch

from bakeoff.data import Standardiser, inside_disk
from bakeoff.data.disk import check_points
from bakeoff.errors import ShapeError
from bakeoff.neural_network import NeuralNetwork
from bakeoff.nn import Linear, Sequential, Tanh
from bakeoff.rng import generator

SHIPPED = Path(__file__).with_name("disk.safetensors")


def disk_network() -> Sequential:
    """Return the network 2-25-25-25-1, tanh between, not yet drawn.

    It takes points (N, 2) and gives (N, 1): at least 1/2 inside the disk, less outside.
    """
    return Sequential(
        Linear(2, 25), Tanh(), Linear(25, 25), Tanh(), Linear(25, 25), Tanh(), Linear(25, 1)
    )


def fold_standardiser(first: Linear, standardiser: Standardiser) -> None:
    """Make a layer that was trained on standardised inputs take raw ones, in place.

    W ((x - mean) / std) + b = W' x + b' with W' = W / std (column by column) and
    b' = b - W' mean. So the saved network needs no company: it takes points as they are.

    Args:
        first: the layer that the inputs meet, with a bias.
        standardiser: its mean and std of shape (in_features,).

    Raises:
        ShapeError: if they do not belong together, or the layer has no bias to shift.
    """
    if first.bias is None or standardiser.mean.shape != (first.in_features,):
        raise ShapeError(
            f"fold: got {first!r} and means of shape {tuple(standardiser.mean.shape)}, expected a"
            f" bias and one mean for each of {first.in_features} features"
        )
    # In float64: the shift is a difference of near numbers.
    weight = first.weight.data.double() / standardiser.std.double()
    bias = first.bias.data.double() - weight @ standardiser.mean.double()
    first.weight.data.copy_(weight)
    first.bias.data.copy_(bias)


def shipped_network() -> NeuralNetwork:
    """Return the trained network that comes with bakeoff; it takes raw points (N, 2)."""
    return NeuralNetwork.load_file(SHIPPED)


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
