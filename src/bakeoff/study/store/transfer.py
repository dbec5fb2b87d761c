"""Rounds from one store to another, directly or through a JSON file.

Both ways carry whole rows of the same tables, so what arrives is exactly what was sent. What
stands already is never replaced.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from attrs import frozen

from bakeoff.errors import DataError, StoreError
from bakeoff.study.canonical import digest
from bakeoff.study.document import to_json
from bakeoff.study.sound import parsed, read_json
from bakeoff.study.store.kept import spanned, with_asked
from bakeoff.study.store.rows import (
    asked_rounds,
    facts_of,
    from_row,
    planned_rounds,
    study_of_row,
    trainer_of,
)
from bakeoff.study.store.schema import IN_MEMORY, VERSION, mistyped
from bakeoff.study.store.store import Store

# Each after those that it refers to. Claims stay where they are: they name processes.
CARRIED = ("machines", "keys", "rounds", "studies", "entries")
FORMAT = "bakeoff rounds"

Row = Mapping[str, Any]
Tables = Mapping[str, Iterable[Row]]


@frozen
class Carried:
    """What a transfer did.

    Attributes:
        added: rounds that are new.
        known: rounds that stood already, with the same results.
        different: rounds that stood already with other results, which stay; another kind of
            CPU or another version of torch gives other bits.
    """

    added: int
    known: int
    different: int


def merge(into: Store, source: Store) -> Carried:
    """Add the rounds and studies of `source` that `into` does not have.

    Raises:
        StoreError: if a row of `source` is not what a store keeps; `into` is then unchanged.
    """
    tables = _content(source)
    try:
        _check(tables)
    except DataError as error:
        raise StoreError(f"{source.path}: is damaged ({error}); nothing was added") from error
    return add(into, tables)


def export_json(store: Store) -> str:
    """Return the store's content as JSON text; bytes are in base64."""
    tables = {table: [_readable(row) for row in rows] for table, rows in _content(store).items()}
    return to_json({"format": FORMAT, "schema": VERSION, **tables})


def read_export(path: Path) -> Tables:
    """Return the content of a file that `export_json` wrote, for `add`.

    Raises:
        StoreError: if the file cannot be read, is something else, damaged or of a newer schema.
    """
    return tables_of(read_json(path, StoreError), path)


def tables_of(told: Any, path: Path) -> Tables:
    """Return what `read_export` does, of the JSON that was read from `path` already.

    Raises:
        StoreError: if it is something else, damaged or of a newer schema.
    """
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise StoreError(f"{path}: is not an export of a store, expected format {FORMAT!r}")
    if told.get("schema") != VERSION:
        raise StoreError(
            f"{path}: has schema {told.get('schema')!r} and this bakeoff knows {VERSION}: "
            "export it again, or install another bakeoff"
        )
    try:
        rows = {table: [_bytes_again(row) for row in told[table]] for table in CARRIED}
        # Into a store of its own first: SQLite then holds the rows to each other.
        with Store(IN_MEMORY) as sent:
            add(sent, rows)
            tables = _content(sent)
            with sent.writing() as connection:
                fault = mistyped(connection)
        if fault or any(len(tables[table]) != len(rows[table]) for table in CARRIED):
            raise DataError(fault or "a row stands twice, or lacks a value")
        _check(tables)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, StoreError) as error:
        raise StoreError(f"{path}: is not a whole export ({error!r})") from error
    return tables


def _check(tables: Tables) -> None:
    """Make sure that rows read back, and that keys are made of what stands beside them.

    Raises:
        DataError: with what does not.
    """
    for row in tables["rounds"]:
        from_row(row, "")
    for row in tables["studies"]:
        study_of_row(row)
        planned_rounds(row)
    for row in tables["keys"]:
        trainer_of(row["training"])
        facts_of(row["training"])
        if row["key"] != digest(row["training"], row["sources"], row["data"]):
            raise DataError(f"key {row['key']} does not belong to its content")


def add(into: Store, tables: Tables) -> Carried:
    """Add the content of another store: all of it or, if anything fails, nothing.

    Raises:
        StoreError: if the store cannot be written.
    """
    added = known = different = 0
    with into.writing() as connection:
        for table in CARRIED:
            columns = [row["name"] for row in into.read(f"PRAGMA table_info({table})")]
            marks = ", ".join("?" * len(columns))
            for row in tables[table]:
                values = [row[column] for column in columns]
                new = connection.execute(
                    f"INSERT OR IGNORE INTO {table} VALUES ({marks})",  # noqa: S608
                    values,
                ).rowcount
                if table == "studies" and not new:
                    _ask_for_both(connection, row)
                if table == "rounds":
                    same = bool(new) or _same(into, row)
                    added, known = added + new, known + (not new and same)
                    different += not same
    return Carried(added, known, different)


def _ask_for_both(connection: Connection, row: Row) -> None:
    """Let a study that stands count the rounds that either store asked for."""
    (spec,) = connection.execute("SELECT spec FROM studies WHERE study = ?", (row["study"],))
    stands, other = parsed(spec[0]), parsed(row["spec"])
    asked = spanned(asked_rounds(stands), asked_rounds(other))
    values = with_asked(stands, asked), row["study"]
    connection.execute("UPDATE studies SET spec = ? WHERE study = ?", values)


def _same(store: Store, row: Row) -> bool:
    """Tell whether the round that stands has the results of `row`."""
    (stands,) = store.read(
        "SELECT * FROM rounds WHERE key = ? AND round = ?", row["key"], row["round"]
    )
    own = ("seconds", "machine", "finished")
    return all(stands[column] == row[column] for column in stands.keys() if column not in own)  # noqa: SIM118


def _content(store: Store) -> dict[str, list[Row]]:
    return {
        table: [dict(row) for row in store.read(f"SELECT * FROM {table}")]  # noqa: S608
        for table in CARRIED
    }


def _readable(row: Row) -> dict[str, Any]:
    return {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in row.items()
    }


def _bytes_again(row: Row) -> Row:
    return {
        name: base64.b64decode(value["base64"]) if isinstance(value, dict) else value
        for name, value in row.items()
    }
