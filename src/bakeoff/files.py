"""Files read whole, neither endless nor huge ones, and written whole or left as they were.

Any of them may have been damaged, or made by anyone.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from bakeoff.errors import BakeoffError, DataError, OutputError
from bakeoff.system.files import give_mode

# ---- reading ------------------------------------------------------------------------------------


CHUNK = 2**20
MOST_JSON = 2**30
"""Bytes of a JSON file: a thousand times the results of a study of thirty rounds."""


def read_at_most(path: Path, most: int) -> bytes:
    """Return a file's bytes; a device that never ends, or a huge file, is refused.

    Args:
        path: a file or a pipe.
        most: how many bytes it may hold.

    Raises:
        OSError: if it cannot be read, or holds more.
    """
    content = bytearray()
    with path.open("rb") as file:
        while chunk := file.read(min(CHUNK, most + 1 - len(content))):
            content += chunk
    if len(content) > most:
        raise OSError(errno.EFBIG, f"holds more than {most:,} bytes", str(path))
    return bytes(content)


def read_text(path: Path, most: int, error: type[BakeoffError], *, hint: str = "") -> str:
    """Return a file's text, UTF-8, with or without a byte order mark.

    Args:
        path: see `read_at_most`.
        most: see there.
        error: what to raise if it cannot be read.
        hint: what to do then.

    Raises:
        BakeoffError: of the kind asked for, if it cannot be read, is too large or not UTF-8.
    """
    try:
        return read_at_most(path, most).decode("utf-8-sig")
    except OSError as fault:
        told = f"{path}: cannot be read ({fault.strerror})"
        raise error(f"{told}; {hint}" if hint else told) from fault
    except UnicodeDecodeError as fault:
        raise error(f"{path}: byte {fault.start} is not UTF-8; save it as UTF-8 text") from fault


def parse_json(text: str | bytes) -> Any:
    """Return what JSON text says; it knows no NaN.

    Raises:
        DataError: for anything else.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except (TypeError, ValueError) as error:
        raise DataError(f"is not JSON ({error})") from error
    except RecursionError:
        raise DataError("is nested too deeply") from None


def read_json(path: Path, error: type[BakeoffError]) -> Any:
    """Return what a JSON file says.

    Raises:
        BakeoffError: of the kind asked for, if it cannot be read, is too large or not JSON.
    """
    text = read_text(path, MOST_JSON, error)
    try:
        return parse_json(text)
    except DataError as fault:
        raise error(f"{path}: {fault}") from fault


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON's")


# ---- writing ------------------------------------------------------------------------------------


def check_writable(path: Path) -> None:
    """Make sure, before any work, that `write_whole` will be able to write `path`.

    Raises:
        OutputError: if the folder is missing or not writable, or the path is a folder.
    """
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, expected a file to write")
    try:
        if _is_special(path):
            path.open("ab").close()
        else:
            if path.exists() and not os.access(path, os.W_OK):
                raise PermissionError(13, "it is write-protected")
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise _unwritable(path, error) from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text as UTF-8, or bytes, in one step; a reader never sees half of the file.

    A link stays a link, and the file that it points to is replaced.

    Raises:
        OutputError: if it cannot be written; the file is then as it was.
    """
    whole = content.encode() if isinstance(content, str) else content
    try:
        if _is_special(path):
            path.write_bytes(whole)
        else:
            replace_file(path.resolve(), whole)
    except OSError as error:
        raise _unwritable(path, error) from error


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in one step; one that is replaced gives the new one its mode.

    A link is replaced itself, and the file that it points to stays as it is.

    Raises:
        OSError: if it cannot be written; the file is then as it was.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replaces = path.is_file() and not path.is_symlink()
        # A temporary file is its owner's alone; the new one is as readable as any other.
        give_mode(Path(name), like=path if replaces else None)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_special(path: Path) -> bool:
    """Tell whether the path is a terminal, pipe or device: there is nothing to replace there."""
    return path.exists() and not path.is_file()


def _unwritable(path: Path, error: OSError) -> OutputError:
    why = error.strerror or str(error)
    return OutputError(f"{path}: cannot be written ({why}), expected a file in a writable folder")
