"""The door of safetensors files: weights for a network that is there, and whole networks."""

from __future__ import annotations

import json
import struct
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
from damage import VALUES, altered, as_json, damaged
from door import Door, Unmet

from bakeoff.interop import load_network, load_weights, save_network, save_weights
from bakeoff.network import NeuralNetwork
from bakeoff.nn import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    Tanh,
)

CLASSES = ("Linear", "Conv2d", "Sequential", "Module", "BatchNorm1d", "os:system", "os:PathLike")
DTYPES = ("F32", "F64", "F16", "BF16", "I64", "BOOL", "U8", "F8_E4M3", "F33", "I8")


def door(folder: Path) -> Door:
    """Return the door; its files lie in `folder`."""
    small = Sequential(Linear(2, 4), Tanh(), Linear(4, 1)).initialise(0)
    images = Sequential(
        Conv2d(2, 3, 3), BatchNorm2d(3), ReLU(), MaxPool2d(2), Flatten(), Dropout(0.5), Linear(6, 2)
    ).initialise(0)
    path = folder / "case.safetensors"
    valid = []
    for network in (small, images):
        save_network(network, path, {"seed": 1, "epochs": 2})
        valid.append(path.read_bytes())
        save_weights(network, path)
        valid.append(path.read_bytes())
    NeuralNetwork(*small).save("case", folder)
    valid.append(path.read_bytes())
    return Door(
        "weights",
        "safetensors files of weights and networks",
        partial(make, valid),
        partial(enter, small, path),
    )


def make(valid: list[bytes], random: Random) -> bytes:
    """Draw a file: its header altered as a tree, its told network too, or its bytes damaged."""
    content = random.choice(valid)
    if random.random() < 0.25:
        return damaged(content, random, within=600)
    (length,) = struct.unpack_from("<Q", content)
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    told = header.get("__metadata__", {})
    if "bakeoff" in told and random.random() < 0.7:
        network = altered(json.loads(told["bakeoff"]), random, (*VALUES, *CLASSES))
        told["bakeoff"] = as_json(network, random)
    else:
        header = altered(header, random, (*VALUES, *DTYPES, [2**40, 2**40], [10**12], [0, 2**63]))
    text = as_json(header, random).encode("utf-8", "surrogatepass")
    size = len(text) if random.random() < 0.95 else random.choice((0, 2**63, 10**12, 7))
    return struct.pack("<Q", size) + text + body


def enter(small: Module, path: Path, content: bytes) -> bool:
    """Read it as a network, as one of NeuralNetwork's, and as weights, which may not half fit."""
    path.write_bytes(content)
    before = {name: tensor.clone() for name, tensor in small.state_dict().items()}
    refused: list[Exception] = []
    accepted = False
    for load in (load_network, NeuralNetwork.load_file, partial(_into, small, before)):
        accepted |= _taken(load, path, refused)
    if not accepted:
        raise refused[-1]
    return True


def _taken(load: Any, path: Path, refused: list[Exception]) -> bool:
    from bakeoff.errors import BakeoffError

    try:
        load(path)
    except BakeoffError as error:
        refused.append(error)
        return False
    return True


def _into(small: Module, before: dict[str, torch.Tensor], path: Path) -> None:
    """Read weights into a network, which is then as it was before."""
    try:
        load_weights(small, path)
    except ValueError:
        if any(not torch.equal(before[n], tensor) for n, tensor in small.state_dict().items()):
            raise Unmet("a refused file changed the network") from None
        raise
    small.load_state_dict(before)
