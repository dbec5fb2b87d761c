"""Weights and whole networks in safetensors files: numbers and JSON, nothing that could run.

The format (https://github.com/huggingface/safetensors) is a JSON header and the tensors' bytes.
The architecture stands as one canonical JSON text under one metadata key, because the order of
several keys is not kept: so a network gives the same bytes at each save.
"""

from __future__ import annotations

import errno
import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as decode_tensors
from safetensors.torch import save as encode_tensors

from bakeoff.errors import BakeoffError, DTypeError, ModelFileError, nearest
from bakeoff.files import replace_file
from bakeoff.interop.layers import build, check_network, describe
from bakeoff.nn import Module

KEY = "bakeoff"
FORMAT = 1
AnyPath = str | os.PathLike[str]
State = Mapping[str, torch.Tensor]
SUFFIX = ".safetensors"
LONGEST = 200  # bytes: file systems allow 255, and the suffix and a temporary name must fit too
FORBIDDEN = frozenset('/\\:*?"<>|')
# Devices that Windows finds in every folder, whatever their suffix.
DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"]
)


def save_weights(module: Module, path: AnyPath) -> None:
    """Write a module's parameters and buffers, by their dotted names.

    Args:
        module: any module, drawn.
        path: the file; its folder is made. It is replaced in one step.

    Raises:
        ModelFileError: if the file cannot be written.
    """
    write_bytes(path, encode(module.state_dict(), None))


def load_weights(module: Module, path: AnyPath) -> None:
    """Read weights into a module; it stays untouched unless all of them fit.

    Any safetensors file fits whose names, shapes and dtypes are the module's, PyTorch's too.

    Raises:
        ModelFileError: if the file cannot be read, is damaged, or does not fit the module.
    """
    take_over(module, decode(read_bytes(path), path)[0], path)


def save_network(network: Module, path: AnyPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a network so that `load_network` can make it again: architecture and weights.

    Args:
        network: of our own layers, or of others that keep their arguments as attributes.
        path: the file; its folder is made. It is replaced in one step.
        notes: numbers and strings to keep beside the network, ready for JSON.

    Raises:
        ModelFileError: if a layer could not be made again, or the file cannot be written.
        ArgumentError: for rounds in lockstep, or weights never drawn.
    """
    check_network(network, "save")
    told = {"format": FORMAT, "network": describe(network), "notes": dict(notes or {})}
    write_bytes(path, encode(network.state_dict(), told))


def load_network(path: AnyPath) -> tuple[Module, dict[str, Any]]:
    """Read a file of `save_network`.

    Returns:
        The network and the notes that were kept beside it.

    Raises:
        ModelFileError: if the file cannot be read, is damaged, was not written by `save_network`,
            or needs a class that is neither ours nor imported.
    """
    state, told = decode(read_bytes(path), path)
    match told:
        case {"format": 1, "network": description, "notes": dict(notes)}:
            pass
        case {"format": int(number)} if number > FORMAT:
            raise ModelFileError(
                f"{path}: is in format {number}, expected {FORMAT}; it needs a newer bakeoff"
            )
        case _:
            raise ModelFileError(
                f"{path}: holds tensors but no network of bakeoff's, expected a file written by"
                " NeuralNetwork.save"
            )
    try:
        network = build(description)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error
    except RecursionError as error:
        raise ModelFileError(f"{path}: its layers are nested too deeply to be a network") from error
    for name, tensor in network._state().items():
        wanted = state[name].dtype if name in state else tensor.dtype
        if tensor.dtype.is_floating_point and wanted.is_floating_point:
            tensor.data = tensor.data.to(wanted)
    take_over(network, state, path)
    return network, notes


def encode(state: State, told: Mapping[str, Any] | None) -> bytes:
    """Return a file's bytes; `told` becomes the one metadata text."""
    # `state_dict` has copied each out of its optimiser's one block of memory, strides and all.
    own = {name: tensor.contiguous() for name, tensor in state.items()}
    if told is None:
        return encode_tensors(own)
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return encode_tensors(own, metadata={KEY: text})


def decode(content: bytes, path: AnyPath) -> tuple[dict[str, torch.Tensor], Any]:
    """Return a file's tensors, and what its metadata text says (None without one)."""
    try:
        state = decode_tensors(content)
        (length,) = struct.unpack_from("<Q", content)
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
        told = json.loads(metadata[KEY]) if KEY in metadata else None
    except (SafetensorError, ValueError, KeyError, RecursionError) as error:
        raise ModelFileError(
            f"{path}: is damaged or no safetensors file ({error}), expected a saved network"
        ) from error
    return state, told


def take_over(module: Module, state: State, path: AnyPath) -> None:
    """Copy a state into a module if every name, shape and dtype fits."""
    try:
        for name, tensor in module.state_dict().items():
            if name in state and state[name].dtype != tensor.dtype:
                raise ModelFileError(f"{name}: got {state[name].dtype}, expected {tensor.dtype}")
        module.load_state_dict(state)
    except BakeoffError as error:
        raise ModelFileError(
            f"{path}: its tensors do not fit the network ({error}); nothing was changed"
        ) from error


# ---- files: names that cannot leave their folder, writes that happen whole or not at all ---------


def model_path(name: str, folder: AnyPath = "models") -> Path:
    """Return `folder/name.safetensors`, a file directly in the folder on every system.

    Args:
        name: letters, digits, spaces and most signs, of any script; no suffix.
        folder: the folder, which need not exist yet.

    Raises:
        DTypeError: if the name is not a string.
        ModelFileError: if the name could lead out of the folder, or means something else than a
            file on some system.
    """
    if not isinstance(name, str):
        raise DTypeError(f"model name: got {name!r}, expected a string such as 'disk'")
    fault = _fault(name)
    if fault:
        raise ModelFileError(
            f"model name: got {name!r}, which {fault}, expected a plain name such as 'disk'"
        )
    return Path(folder) / f"{name}{SUFFIX}"


def _fault(name: str) -> str:
    """Return what is wrong with a name, or ""."""
    signs = sorted(FORBIDDEN.intersection(name))
    faults = {
        "is empty": not name,
        f"holds {signs and signs[0]!r}": bool(signs),
        # Control characters, NUL among them, and halves of surrogate pairs, which have no bytes.
        "holds a character that cannot be printed": not name.isprintable(),
        "begins or ends with a dot or a space": name != name.strip(" ."),
        f"ends with {SUFFIX}, which is added by itself": name.lower().endswith(SUFFIX),
        "is a device on Windows": name.partition(".")[0].rstrip().lower() in DEVICES,
        f"is longer than {LONGEST} bytes": len(name.encode(errors="replace")) > LONGEST,
    }
    return next((fault for fault, found in faults.items() if found), "")


def read_bytes(path: AnyPath) -> bytes:
    """Return a file's content; the nearest name is told if there is no such file."""
    path = Path(path)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OSError(errno.EINVAL, "it is no file")  # a device may never end
        return path.read_bytes()
    except FileNotFoundError:
        known = sorted(p.stem for p in path.parent.glob(f"*{SUFFIX}"))
        raise ModelFileError(
            f"{path}: found no such file, expected a saved network{nearest(path.stem, known)}"
        ) from None
    except OSError as error:
        raise ModelFileError(
            f"{path}: cannot be read ({error.strerror or error}), expected a saved network"
        ) from error


def write_bytes(path: AnyPath, content: bytes) -> None:
    """Write a file in one step, making its folder: a reader sees the old file or the new one."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise ModelFileError(
            f"{path}: cannot be written ({error.strerror or error}), expected a file in a writable"
            " folder"
        ) from error
