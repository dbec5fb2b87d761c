"""Files that are either written whole or left as they were."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bakeoff.errors import OutputError


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


def write_whole(path: Path, text: str) -> None:
    """Write `text` as UTF-8, replacing the file in one step; a reader never sees half of it.

    A link stays a link, and the file that it points to is replaced.

    Raises:
        OutputError: if it cannot be written; the file is then as it was.
    """
    try:
        if _is_special(path):
            path.write_text(text, encoding="utf-8")
        else:
            replace_file(path.resolve(), text.encode())
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
        Path(name).chmod(path.stat().st_mode if replaces else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_special(path: Path) -> bool:
    """Tell whether the path is a terminal, pipe or device: there is nothing to replace there."""
    return path.exists() and not path.is_file()


def _umask() -> int:
    """Return the process's umask, which only setting it tells."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> OutputError:
    why = error.strerror or str(error)
    return OutputError(f"{path}: cannot be written ({why}), expected a file in a writable folder")
