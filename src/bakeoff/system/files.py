"""Modes and names of files, the standard streams, lines of a shell, and ports."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket


def give_mode(path: Path, like: Path | None) -> None:
    """Have a file be as readable as another one, or as any new one; on Windows only as writable."""
    if like is None:
        mask = os.umask(0o077)  # only setting it tells it
        os.umask(mask)
    path.chmod(0o666 & ~mask if like is None else like.stat().st_mode)


def is_too_long(error: OSError) -> bool:
    """Tell whether a file's name is what is too long; most of Windows ends it at 260 characters."""
    if sys.platform == "win32" and error.errno == errno.ENOENT:
        return len(os.path.abspath(os.fsdecode(error.filename or ""))) >= 260
    return error.errno == errno.ENAMETOOLONG


def standard_input() -> str:
    """Return the path by which stdin is read; Windows has none, but gets a copy."""
    if sys.platform == "win32":
        import atexit
        from shutil import copyfileobj, rmtree
        from tempfile import mkdtemp

        folder = mkdtemp(prefix="bakeoff-")
        atexit.register(rmtree, folder, ignore_errors=True)
        with Path(folder, "stdin").open("wb") as file:
            copyfileobj(sys.stdin.buffer, file)
            return file.name
    else:
        return "/dev/stdin"


def open_closed_streams() -> list[str]:
    """Have all standard streams lead somewhere, if only to nothing; return which were closed.

    Or the next file to be opened would be stdout, and what is printed would be written into it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    closed = [name for name in ("stdout", "stderr") if getattr(sys, name) is None]
    for name in closed:
        setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    return closed


def silence(stream: IO[str]) -> None:
    """Have what is still written to a stream be lost."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def escape() -> str:
    r"""Return the sign that takes another's meaning away: "\", but on Windows it parts folders."""
    return "" if sys.platform == "win32" else "\\"


def split_line(line: str) -> tuple[str, ...]:
    """Return the words of a line by a shell's rules.

    Raises:
        ValueError: for a quote that does not close.
    """
    from shlex import shlex

    words = shlex(line, posix=True, punctuation_chars=False)
    words.whitespace_split, words.commenters, words.escape = True, "", escape()
    return tuple(words)


def shell() -> str:
    """Return the program that reads a line by a shell's rules; "" where Windows has got none."""
    from shutil import which

    return which("sh") or "" if sys.platform == "win32" else "/bin/sh"


def own_port(bound: socket) -> None:
    """Have a port that another program has just left be used at once, and none that is in use."""
    import socket

    if sys.platform == "win32":
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
