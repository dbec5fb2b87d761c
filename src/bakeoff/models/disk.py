"""The network that the paper asks for, by itself, and the trained one that comes with bakeoff."""

from __future__ import annotations

from pathlib import Path

from bakeoff.data import Standardiser
from bakeoff.errors import ShapeError
from bakeoff.models.mlp import MLP
from bakeoff.neural_network import NeuralNetwork
from bakeoff.nn import Linear, Module, Sequential

SHIPPED = Path(__file__).with_name("disk.safetensors")


def disk_network() -> Sequential:
    """Return the network 2-25-25-25-1, tanh between, not yet drawn.

    It takes points (N, 2) and gives (N, 1): at least 1/2 inside the disk, less outside.
    """
    return MLP(2, 1).layers


def shipped_disk() -> NeuralNetwork:
    """Return the trained network that comes with bakeoff; it takes raw points (N, 2)."""
    return NeuralNetwork.load_file(SHIPPED)


def fold_standardiser(first: Module, standardiser: Standardiser) -> None:
    """Make a layer that was trained on standardised inputs take raw ones, in place.

    W ((x - mean) / std) + b = W' x + b' with W' = W / std (column by column) and
    b' = b - W' mean. So the saved network needs no company: it takes points as they are.

    Args:
        first: the layer that the inputs meet, a `Linear` with a bias.
        standardiser: its mean and std of shape (in_features,).

    Raises:
        ShapeError: if they do not belong together, or the layer has no bias to shift.
    """
    means = tuple(standardiser.mean.shape)
    if not isinstance(first, Linear) or first.bias is None or means != (first.in_features,):
        raise ShapeError(
            f"fold: got {first!r} and means of shape {means}, expected a Linear with a bias and one"
            " mean for each of its features"
        )
    # In float64: the shift is a difference of near numbers.
    weight = first.weight.data.double() / standardiser.std.double()
    bias = first.bias.data.double() - weight @ standardiser.mean.double()
    first.weight.data.copy_(weight)
    first.bias.data.copy_(bias)
