"""An open store: transactions and queries, with the errors that a user is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from bakeoff.errors import StoreError
from bakeoff.study.store.schema import IN_MEMORY, open_for_reading, open_for_writing
from bakeoff.study.store.watched import Watched, saved_beside

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
