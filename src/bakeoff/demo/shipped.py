"""The networks that come with bakeoff for the demo, and the form of their files.

A file holds a network's weights as safetensors, and beside them one JSON text: which of
`bakeoff.models.MODELS` it is, the mean and deviation that its inputs were standardised by, and its
model card: what it was trained on, what for, and how well it did. The record's network, which comes
with `bakeoff.models`, has its card here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as encode_tensors

from bakeoff.data import Standardiser
from bakeoff.errors import BakeoffError, ModelFileError
from bakeoff.interop.files import write_bytes
from bakeoff.models import MODELS
from bakeoff.models.record import shipped_record
from bakeoff.nn import Module

KEY = "bakeoff"
FORMAT = 1
PACKAGE = Path(__file__).parents[1]


class Shipped(NamedTuple):
    """A network that comes with bakeoff: what the page calls it, and where its file is."""

    name: str
    path: Path


SHIPPED: tuple[Shipped, ...] = (
    Shipped("model2, all of MNIST", PACKAGE / "demo" / "networks" / "model2.safetensors"),
)
"""In the page's order; one whose file is not there is passed over."""

RECORD = "record, 1,000 pairs"
RECORD_CARD: MappingProxyType[str, Any] = MappingProxyType(
    {
        "task": "which of two handwritten digits, 14×14, is larger, and which digits they are",
        "trained_on": "1,000 pairs of training images of MNIST, their images paired, turned and"
        " bent anew in each of 30 epochs: round 0 of the study 'record'",
        "not_for": "digits of other forms, letters, two equal digits",
        "test_pairs": 4506,
        "test_accuracy": 0.9918,
        "test_digit_accuracy": 0.9879,
    }
)
UNCHANGED = Standardiser(torch.tensor(0.0), torch.tensor(1.0))
"""For networks that take grey values as they are."""


class Loaded(NamedTuple):
    """What a file held.

    Attributes:
        network: out of training; takes standardised pairs (N, 2, 14, 14).
        standardiser: takes grey values, 0 to 255.
        card: its model card, texts and numbers by name.
    """

    network: Module
    standardiser: Standardiser
    card: dict[str, Any]


def save_shipped(
    path: Path, network: Module, model: str, standardiser: Standardiser, card: Mapping[str, Any]
) -> None:
    """Write a trained network for `load_shipped`; the same network gives the same bytes.

    Args:
        path: the file, replaced in one step.
        network: trained, not in lockstep.
        model: which of `MODELS` it is, made without options.
        standardiser: of its inputs, one mean and deviation for all pixels.
        card: texts and numbers by name, ready for JSON.

    Raises:
        ModelFileError: if the file cannot be written.
    """
    mean, std = (float(x) for x in standardiser)
    told = {"format": FORMAT, "model": model, "mean": mean, "std": std, "card": dict(card)}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    write_bytes(path, encode_tensors(state, metadata={KEY: text}))


def load_shipped(path: Path) -> Loaded:
    """Read a file of `save_shipped`.

    Raises:
        ModelFileError: if there is none, or it is anything else.
    """
    try:
        with safe_open(path, "pt") as file:
            told = json.loads((file.metadata() or {})[KEY])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if told["format"] != FORMAT or told["model"] not in MODELS:
            raise ModelFileError(
                f"{path}: holds format {told['format']!r} of {told['model']!r}, expected format"
                f" {FORMAT} of one of {', '.join(MODELS)}; it may need a newer bakeoff"
            )
        network = MODELS[told["model"]]()
        network.load_state_dict(state)
        standardiser = Standardiser(torch.tensor(told["mean"]), torch.tensor(told["std"]))
        return Loaded(network.eval(), standardiser, dict(told["card"]))
    except ModelFileError:
        raise
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, BakeoffError) as error:
        raise ModelFileError(
            f"{path}: cannot be read as a network of the demo ({error}), expected a file written"
            " by save_shipped"
        ) from error


def load_record() -> Loaded:
    """Return the record's network, which takes grey values as they are."""
    return Loaded(shipped_record(), UNCHANGED, dict(RECORD_CARD))
