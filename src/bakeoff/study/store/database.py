"""An open store: transactions and queries, with the errors that a user is told."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Self

from attrs import frozen

from bakeoff.errors import StoreError
from bakeoff.study.store.schema import (
    IN_MEMORY,
    log_of,
    open_for_reading,
    open_for_writing,
    unsoundness,
)

DEFAULT_PATH = Path("bakeoff.sqlite")


class Database:
    """A store's file that is open; used as a context manager.

    Args:
        path: the file; made if there is none, unless `read_only`.
        read_only: neither make nor change the file.

    Raises:
        StoreError: for a file that is missing (`read_only`), damaged, of a newer schema or of
            another program; it is then untouched.
    """

    def __init__(self, path: Path | str = DEFAULT_PATH, *, read_only: bool = False) -> None:
        self.path = Path(path)
        opening = open_for_reading if read_only else open_for_writing
        self._open(opening(self.path))
        self._watched = None if read_only or self.path == IN_MEMORY else Watched(self.path)

    def _open(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the last one to close it leaves a single file behind."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run the body as one transaction, alone among all writers.

        Raises:
            StoreError: if the file cannot be written, nothing of the body is then kept; or if it is
                no longer the one that was opened, see `check_place`.
        """
        self.check_place()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            self.check_place()
            raise StoreError(f"{self.path}: cannot be written to ({error})") from error
        self.check_place()

    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query.

        Raises:
            StoreError: if the file cannot be read.
        """
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self.check_place()
            raise StoreError(f"{self.path}: cannot be read ({error})") from error

    def check_place(self) -> None:
        """Make sure that the path still leads to the file that was opened for writing.

        If it does not, all that is known is written to a new store beside it, which takes the
        file's place here from then on.

        Raises:
            StoreError: with what happened, and the name of the new store; once.
        """
        fault = self._watched.fault() if self._watched else None
        if fault is None:
            return
        lost, connection, self._watched = self.path, self._connection, None
        saved = saved_beside(lost, connection if fault.open_file_is_whole else None)
        self._open(open_for_writing(saved))
        self.path = saved
        self.write_again()
        with suppress(sqlite3.Error):
            if fault.open_file_is_whole and fault.log:
                # Wherever it is now, it holds all without its log, which stays by its old name.
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        fault.remove_log(lost)
        with suppress(sqlite3.Error):
            connection.close()
        raise StoreError(
            f"{lost}: {fault.what} while it was written to; what was kept is in {saved}:"
            f" bakeoff merge {lost} {saved} adds it to the store that is to hold it"
        )

    def write_again(self) -> None:
        """Write what was written since the file was opened, to another one."""

    def version(self) -> tuple[int, int]:
        """Return two numbers of which one changes with every change of the file.

        The first counts what other connections wrote, the second what this one did.
        """
        (row,) = self.read("PRAGMA data_version")
        return row[0], self._connection.total_changes


# ---- a file that is moved, removed, replaced or overwritten while it is open --------------------

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
