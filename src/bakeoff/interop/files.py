"""Model files: names that cannot leave their folder, and writes that happen whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from bakeoff.errors import DTypeError, ModelFileError, nearest
from bakeoff.writing import replace_file

SUFFIX = ".safetensors"
LONGEST = 200  # bytes: file systems allow 255, and the suffix and a temporary name must fit too
FORBIDDEN = frozenset('/\\:*?"<>|')
# Devices that Windows finds in every folder, whatever their suffix.
DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"]
)


def model_path(name: str, folder: str | os.PathLike[str] = "models") -> Path:
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


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return a file's content.

    Raises:
        ModelFileError: if there is no such file (naming the nearest one), or it cannot be read.
    """
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


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file in one step, making its folder: a reader sees the old file or the new one.

    Raises:
        ModelFileError: if it cannot be written; the file is then as it was.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise ModelFileError(
            f"{path}: cannot be written ({error.strerror or error}), expected a file in a writable"
            " folder"
        ) from error
