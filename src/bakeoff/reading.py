"""Reading a whole file, but neither an endless nor a huge one."""

from __future__ import annotations

import errno
from pathlib import Path

from bakeoff.errors import BakeoffError

CHUNK = 2**20


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
