"""Rounds from one store to another: whole rows, so what arrives is exactly what was sent.

What stands already is never replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any

from attrs import frozen

from bakeoff.errors import DataError, StoreError
from bakeoff.files import parse_json
from bakeoff.study.serialise import digest
from bakeoff.study.store.rows import (
    asked_only,
    asked_rounds,
    attachments_of,
    from_row,
    planned_rounds,
    study_of_row,
    training_of,
)
from bakeoff.study.store.store import Store
from bakeoff.study.store.stored_study import ONLY, REGISTERED, spanned, with_asked

# Each after those that it refers to. Claims stay where they are: they name processes.
CARRIED = ("machines", "keys", "rounds", "attachments", "studies", "entries")

Row = Mapping[str, Any]
Tables = Mapping[str, list[Row]]


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
    return _add(into, tables)


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
        training_of(row["training"])
        if row["key"] != digest(row["training"], row["sources"], row["data"]):
            raise DataError(f"key {row['key']} does not belong to its content")


def _add(into: Store, tables: Tables) -> Carried:
    """Add the content of another store: all of it or, if anything fails, nothing."""
    added = known = different = 0
    attached = attachments_of(tables["attachments"])
    with into.writing() as connection:
        for table in (name for name in CARRIED if name != "attachments"):
            columns = [row["name"] for row in into.read(f"PRAGMA table_info({table})")]
            for row in tables[table]:
                new = _insert(connection, table, [row[column] for column in columns])
                if table == "studies" and not new:
                    _ask_for_both(connection, row)
                if table == "rounds":
                    place = row["key"], row["round"]
                    if new:
                        for name, content in attached.get(place, {}).items():
                            _insert(connection, "attachments", [*place, name, content])
                    same = new or _same(into, row, attached.get(place, {}))
                    added, known = added + new, known + (not new and same)
                    different += not same
    return Carried(added, known, different)


def _insert(connection: Connection, table: str, values: list[Any]) -> bool:
    """Add a row, unless there is one of its key; tell whether it is new."""
    marks = ", ".join("?" * len(values))
    statement = f"INSERT OR IGNORE INTO {table} VALUES ({marks})"  # noqa: S608 - names of our own
    return connection.execute(statement, values).rowcount > 0


def _ask_for_both(connection: Connection, row: Row) -> None:
    """Let a study that stands count the rounds that either store asked for."""
    (spec,) = connection.execute("SELECT spec FROM studies WHERE study = ?", (row["study"],))
    stands, other = parse_json(spec[0]), parse_json(row["spec"])
    asked = spanned(asked_rounds(stands), asked_rounds(other))
    stands = {n: other[n] for n in other if n == REGISTERED} | stands
    only = asked_only(stands) if stands.get(ONLY) == other.get(ONLY) else ()
    values = with_asked(stands, asked, only=only), row["study"]
    connection.execute("UPDATE studies SET spec = ? WHERE study = ?", values)


def _same(store: Store, row: Row, attached: Mapping[str, bytes]) -> bool:
    """Tell whether the round that stands has the results of `row`."""
    place = row["key"], row["round"]
    (stands,) = store.read("SELECT * FROM rounds WHERE key = ? AND round = ?", *place)
    own = ("seconds", "machine", "finished")
    alike = all(stands[column] == row[column] for column in stands.keys() if column not in own)  # noqa: SIM118
    rows = store.read("SELECT * FROM attachments WHERE key = ? AND round = ?", *place)
    return alike and attachments_of(rows).get(place, {}) == attached


def _content(store: Store) -> dict[str, list[Row]]:
    return {
        table: [dict(row) for row in store.read(f"SELECT * FROM {table}")]  # noqa: S608
        for table in CARRIED
    }
