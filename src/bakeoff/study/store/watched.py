"""A store whose file is moved, removed, replaced or overwritten while it is open for writing."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path

from attrs import frozen

from bakeoff.errors import StoreError
from bakeoff.study.store.schema import log_of, unsoundness

Inode = tuple[int, int]


@frozen
class Fault:
    """What happened to a store's file.

    Attributes:
        what: in words.
        open_file_is_whole: whether the file that is open still holds what was kept.
        log: the log that belongs to it.
    """

    what: str
    open_file_is_whole: bool
    log: Inode | None

    def remove_log(self, path: Path) -> None:
        """Keep SQLite from adding our log to the file that is in its place, now or later."""
        log = log_of(path)
        if self.log is not None and inode(log) == self.log:
            with suppress(OSError):
                os.truncate(log, 0)  # it is open still, and closing it would write what it holds
                log.unlink()
                log.with_name(f"{log.name.removesuffix('-wal')}-shm").unlink()


class Watched:
    """A file that is open for writing, and what tells whether it is still the one at its path.

    Args:
        path: of the file, which exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._file, self._log = inode(self._path), inode(log_of(self._path))
        self._written = self._state()

    def fault(self) -> Fault | None:
        """Return what others did to the file; None while it is as SQLite leaves it."""
        file, log = inode(self._path), inode(log_of(self._path))
        if file != self._file:
            what = "was moved or removed" if file is None else "was replaced by another file"
            return Fault(what, True, self._log)
        self._log = self._log or log
        if log != self._log:
            return Fault(f"its log, {log_of(self._path).name}, was removed or replaced", True, None)
        written = self._state()
        if written == self._written:
            return None
        # SQLite itself writes to it now and then, but it never makes it shorter.
        if written[0] < self._written[0]:
            return Fault("was truncated or overwritten", False, self._log)
        if unsoundness(self._path):
            return Fault("was overwritten", False, self._log)
        self._written = written
        return None

    def _state(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_size, found.st_mtime_ns


def inode(path: Path) -> Inode | None:
    """Return what tells a file from any other; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def saved_beside(lost: Path, connection: sqlite3.Connection | None) -> Path:
    """Return the path of a new store beside the lost one, or where else one can be written.

    Args:
        lost: the path that the store had.
        connection: to the file that is still open, whose content goes to the new store; None for
            an empty one.

    Raises:
        StoreError: if none can be written.
    """
    for folder in (lost.resolve().parent, Path.cwd(), Path(tempfile.gettempdir())):
        if not os.access(folder, os.W_OK):
            continue
        names = (f"{lost.stem}.saved{n if n > 1 else ''}{lost.suffix}" for n in count(1))
        saved = next(path for name in names if not (path := folder / name).exists())
        if connection is not None:
            try:
                connection.execute("VACUUM INTO ?", (str(saved),))
            except sqlite3.Error:
                saved.unlink(missing_ok=True)
        return saved
    raise StoreError(f"{lost}: was lost while it was written to, and no folder takes a copy of it")
