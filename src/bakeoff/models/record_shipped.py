"""The record's slim network, trained, as it comes with bakeoff."""

from __future__ import annotations

from pathlib import Path

from bakeoff.data import Standardiser
from bakeoff.interop.safetensors import load_weights
from bakeoff.models.record_ensemble import RecordEnsemble

SHIPPED = Path(__file__).with_name("record.safetensors")
ZOOM = 0.07


def shipped_record() -> RecordEnsemble:
    """Return the trained network; it takes pairs of images (N, 2, 14, 14) of grey values 0 to 255.

    It is in evaluation mode. `docs/record.md` says how it was trained and what it can do.
    """
    network = RecordEnsemble(zoom=ZOOM)
    load_weights(network, SHIPPED)
    network.eval()
    return network


def fold_standardiser(network: RecordEnsemble, standardiser: Standardiser) -> None:
    """Make a network that was trained on standardised images take raw ones, in place.

    Its first convolution has neither padding nor bias, so W * ((x - mean) / std) = W' * x - c with
    W' = W / std and c = mean · ΣW' for each channel, and the batch normalisation behind it takes
    c away if its running mean holds it. This is for evaluation; do not train on.

    Args:
        network: trained.
        standardiser: its mean and std of shape ().
    """
    for reader in network.readers:
        block = reader.body.block1
        # In float64: the shift is a difference of near numbers.
        weight = block.conv.weight.data.double() / standardiser.std.double()
        shift = standardiser.mean.double() * weight.sum((1, 2, 3))
        mean = block.norm.running_mean.data
        mean.copy_(mean.double() + shift)
        block.conv.weight.data.copy_(weight)
