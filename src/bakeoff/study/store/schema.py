"""The store's file: its tables, how it is opened, and when it is refused.

A file that is damaged, of a newer schema or of another program is told apart before SQLite may
write to it, and is left as it is. So is one that was made to look like a store: nothing in the file
may act (a view or a trigger is SQL that runs when a table is read or written), and each value is of
the type that its column was declared with.

A store of the schema before is read as it is, and brought to the present one when it is first
written to, with a copy beside it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from time import sleep
from urllib.parse import quote

from bakeoff.errors import DataError, StoreError
from bakeoff.study.store.migration import TABLES_1, VERSION_1, copied_beside, migrate

APPLICATION = 0x62616B65  # "bake"
VERSION = 2
WAIT_SECONDS = 60.0
IN_MEMORY = Path(":memory:")
"""SQLite's name for a database without a file: a store for one run."""

# A store whose tables were declared in other words is refused: a change here is a new VERSION.
TABLES = """
CREATE TABLE IF NOT EXISTS machines (
    machine TEXT PRIMARY KEY,
    cpu TEXT NOT NULL, torch TEXT NOT NULL, python TEXT NOT NULL, bakeoff TEXT NOT NULL,
    threads INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS keys (
    key TEXT PRIMARY KEY,
    training TEXT NOT NULL, sources TEXT NOT NULL, data TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS rounds (
    key TEXT NOT NULL REFERENCES keys, round INTEGER NOT NULL,
    seed TEXT NOT NULL, status TEXT NOT NULL, scores TEXT NOT NULL, curves TEXT NOT NULL,
    seconds REAL NOT NULL, note TEXT NOT NULL, facts TEXT NOT NULL,
    machine TEXT NOT NULL REFERENCES machines, finished TEXT NOT NULL,
    PRIMARY KEY (key, round)
) STRICT;
CREATE TABLE IF NOT EXISTS attachments (
    key TEXT NOT NULL, round INTEGER NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (key, round, name),
    FOREIGN KEY (key, round) REFERENCES rounds ON DELETE CASCADE
) STRICT;
CREATE TABLE IF NOT EXISTS studies (
    study TEXT PRIMARY KEY,
    name TEXT NOT NULL, spec TEXT NOT NULL,
    first_planned INTEGER NOT NULL, rounds_planned INTEGER NOT NULL, last_run TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    study TEXT NOT NULL REFERENCES studies, competitor TEXT NOT NULL,
    key TEXT NOT NULL REFERENCES keys, last_run TEXT NOT NULL,
    PRIMARY KEY (study, competitor, key)
) STRICT;
CREATE TABLE IF NOT EXISTS claims (
    key TEXT NOT NULL, batch INTEGER NOT NULL, owner TEXT NOT NULL, taken TEXT NOT NULL,
    PRIMARY KEY (key, batch)
) STRICT;
"""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a store, or make one where there is none.

    Raises:
        StoreError: if the file cannot be used; it is then untouched.
    """
    if path == IN_MEMORY:
        pass
    elif _is_new(path):
        if not path.parent.is_dir():
            raise StoreError(f"{path}: its folder does not exist, expected one to keep a store in")
    else:
        check_file(path)
        names = path.stat().st_nlink
        if names > 1:
            raise StoreError(
                f"{path}: the file has {names} names (hard links), and a log of what was written"
                " goes by the name, so that writing through two of them damages the store; expected"
                " one name: remove the others, or write to a copy"
            )
    try:
        opened = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        with _closed_if_unfit(opened) as connection:
            _distrust(connection)
            _prepare(connection, path)
            return connection
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be written to as a store ({error})") from error


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a store that exists, unable to change it.

    Raises:
        StoreError: if there is none, or the file cannot be used.
    """
    if _is_new(path):
        raise StoreError(f"{path}: there is no store yet; bakeoff run makes one")
    check_file(path)
    try:
        with _closed_if_unfit(_connect(path)) as connection:
            _begin_reading(connection)
            old = _version(connection) == VERSION_1
            return _as_present(connection, path) if old else connection
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be read ({error})") from error


def _as_present(old: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a copy in memory of a store of schema 1, in the present one."""
    with _closed_if_unfit(sqlite3.connect(IN_MEMORY, isolation_level=None)) as connection:
        old.backup(connection)
        old.close()
        _migrate(connection, path)
        connection.execute("PRAGMA query_only = ON")
        return connection


@contextmanager
def _closed_if_unfit(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def check_file(path: Path) -> None:
    """Refuse a file that is not a sound store of this schema, or an older one.

    Raises:
        StoreError: with what was found.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    # The file format, https://www.sqlite.org/fileformat.html, section 1.3.
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{path}: is not a store but some other file; it was left as it is")
    version, application = (int.from_bytes(header[at : at + 4], "big") for at in (60, 68))
    if application != APPLICATION:
        raise StoreError(f"{path}: is another program's SQLite file; it was left as it is")
    if version not in (VERSION_1, VERSION):
        raise StoreError(
            f"{path}: has schema {version} and this bakeoff knows {VERSION}; it was left as it "
            "is: install a newer bakeoff"
        )
    found = unsoundness(path)
    if found and log_of(path).exists():
        found = unsoundness(path)  # a run began to write between our look at the log and the file
    if found:
        raise StoreError(
            f"{path}: is damaged ({found}); it was left as it is: restore a copy, or move it away"
        )


def unsoundness(path: Path) -> str:
    """Return what SQLite finds wrong with the file's structure, or ""."""
    try:
        connection = _connect(path)
        try:
            _begin_reading(connection)
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                return str(found)
            return _foreign(connection)
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return str(error)


def _foreign(connection: sqlite3.Connection) -> str:
    """Return what the file declares that a store does not, or the other way round, or ""."""
    found, expected = _declared(connection), _expected(_version(connection))
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            return f"{name!r} is {'not' if name in expected else 'none of'} what a store has"
    return ""


def _declared(connection: sqlite3.Connection) -> dict[str, str]:
    """Return how everything in a database was declared, by name."""
    rows = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name")
    return {str(name): " ".join(str(sql).split()) for name, sql in rows}


@cache
def _expected(version: int) -> dict[str, str]:
    with closing(sqlite3.connect(IN_MEMORY, isolation_level=None)) as connection:
        connection.executescript(TABLES_1 if version == VERSION_1 else TABLES)
        return _declared(connection)


def _is_new(path: Path) -> bool:
    """Tell whether there is nothing yet: SQLite takes an empty file for an empty database.

    Raises:
        StoreError: if that cannot be told, or a log is there, which SQLite would then delete.
    """
    try:
        if path.stat().st_size > 0:
            return False
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    log = log_of(path)
    if log.exists() and log.stat().st_size > 0:
        raise StoreError(
            f"{path}: found its log, {log.name}, which holds what was written last, and not the"
            " store itself; move the store back beside it, or the log away"
        )
    return True


def log_of(path: Path) -> Path:
    """Return the write-ahead log's path; it exists while a store is written, or after a kill."""
    return _beside(path, "-wal")


def _beside(path: Path, ending: str) -> Path:
    """Return the path of a file of SQLite's; it goes by the store's own name, not by a link's."""
    real = path.resolve()
    return real.with_name(f"{real.name}{ending}")


def _connect(path: Path) -> sqlite3.Connection:
    """Open an existing file without changing what it holds."""
    if os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK):
        mode = "mode=rw"  # a run may begin to write at any moment: SQLite's locks need their files
    elif log_of(path).exists():
        # Rounds may stand in the log alone; SQLite reads it with the index beside it, or makes one.
        if not _beside(path, "-shm").exists():
            raise StoreError(
                f"{path}: has rounds in its log, {log_of(path).name}, that cannot be read where the"
                " folder is read-only: copy both files to a folder that is not"
            )
        mode = "mode=ro"
    else:
        mode = "immutable=1"  # nobody can write, and SQLite needs no files of its own beside it
    address = f"file:{quote(os.fsencode(path.absolute()))}?{mode}"
    connection = sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS, isolation_level=None)
    _distrust(connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _begin_reading(connection: sqlite3.Connection) -> None:
    """Have all that is read from now on be of this moment, whatever others write meanwhile."""
    connection.execute("BEGIN")
    connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()


def _distrust(connection: sqlite3.Connection) -> None:
    """Let nothing that the file declares call a function, and look twice at each of its pages.

    https://www.sqlite.org/security.html, "Untrusted SQLite Database Files".
    """
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) == VERSION_1:
        copy = copied_beside(connection, path)
        try:
            _migrate(connection, path)
        except BaseException:
            copy.unlink()
            connection.close()
            raise
    connection.execute("PRAGMA foreign_keys = ON")
    if _version(connection) < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        for statement in TABLES.split(";"):
            connection.execute(statement)
        # In the same transaction, so that a store is never there without its mark.
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    _write_ahead(connection)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a store of schema 1 to the present one, in one transaction.

    Raises:
        StoreError: if a row is not what a store keeps; nothing is changed then.
    """
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) == VERSION_1:  # no other process was quicker
            migrate(connection, TABLES)
            connection.execute(f"PRAGMA user_version = {VERSION}")
    except (DataError, sqlite3.Error, UnicodeDecodeError) as error:
        connection.rollback()
        raise StoreError(
            f"{path}: is damaged ({error}); it was left as it is: restore a copy, or move it away"
        ) from error
    connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log, so that readers and the writer never wait for each other."""
    for _ in range(int(WAIT_SECONDS / 0.05)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not wait here by itself when another process turns it on just now.
            if "locked" not in str(error):
                raise
            sleep(0.05)
        else:
            return
    raise sqlite3.OperationalError("database is locked")
