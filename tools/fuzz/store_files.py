"""The door of SQLite stores, damaged as files and altered as databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from random import Random

from damage import NUMBERS, TEXTS, damaged
from door import Door, Unmet
from filled import filled_store

from bakeoff.report.cells import kept_cells, round_cells
from bakeoff.report.source import source_of_store
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.store.transfer import CARRIED, export_json, merge
from bakeoff.study.verdicts import judge

TABLES = (*CARRIED, "claims")
SCHEMES = (
    "CREATE VIEW more AS SELECT * FROM rounds",
    "CREATE TRIGGER fire AFTER INSERT ON {table} BEGIN DELETE FROM rounds; END",
    "CREATE TRIGGER fire BEFORE DELETE ON claims BEGIN SELECT RAISE(ABORT, 'no'); END",
    "DROP TABLE {table}; CREATE VIEW {table} AS SELECT 1 AS key, 2 AS round",
    "DROP TABLE {table}",
    "DROP TABLE {table}; CREATE TABLE {table} (key, round, data)",
    "ALTER TABLE {table} ADD COLUMN more DEFAULT (randomblob(9))",
    "ALTER TABLE {table} RENAME TO other",
    "CREATE INDEX more ON rounds (key, abs(round))",
    "CREATE VIRTUAL TABLE more USING fts5(words)",
    "CREATE TABLE more (x)",
    "PRAGMA user_version = {number}",
    "PRAGMA application_id = 7",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = {number} WHERE rowid = 1",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE x (y)'",
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = '{table}'",
)
BROKEN = (
    *("[", "[1", "{}", "[]", "[null]", '["a"]', "[1e999]", "[NaN]", "null", "1", '{"a": [1]}'),
    *('{"a": 1}', "[[1]]", "[" * 20_000, "[0, {}]", "[1, []]", '["x", {}]', "a/b", "//", "a/1/2"),
)


def door(folder: Path) -> Door:
    """Return the door; its files lie in `folder`."""
    with filled_store() as store:
        content = store._connection.serialize()
    return Door(
        "stores", "SQLite stores", partial(make, content), partial(enter, folder / "case.sqlite")
    )


def make(content: bytes, random: Random) -> bytes:
    """Draw a store's file: with other values, another schema, or damaged bytes."""
    if random.random() < 0.25:
        return damaged(content, random, within=random.choice((100, 4096, None)))
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(content)
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in TABLES
        }
        for _ in range(random.choice((1, 1, 2, 3))):
            table = random.choice(TABLES)
            # What a value must be unlike may refuse it: that is a valid case too.
            with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
                if random.random() < 0.2:
                    number = random.choice(NUMBERS[:17])
                    scheme = random.choice(SCHEMES).format(table=table, number=number)
                    connection.executescript(scheme)
                else:
                    column = random.choice(columns[table])
                    where = random.choice(("", " WHERE rowid = 1", " WHERE rowid % 2"))
                    values = (None, *NUMBERS, *TEXTS, *BROKEN, b"", b"\0" * 9, 0.0)
                    value = random.choice(values)
                    update = f"UPDATE {table} SET {column} = ?{where}"  # noqa: S608 - names of ours
                    connection.execute(update, (value,))
        return connection.serialize()


def enter(path: Path, content: bytes) -> bool:
    """Read the store as all commands do that read one; then write to it."""
    path.write_bytes(content)
    for beside in ("-wal", "-journal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    try:
        with Store(path, read_only=True) as store:
            kept_cells(store)
            round_cells(store)
            source = source_of_store(store, None, path)
            judge(source.results, source.planned)
            source.results.summaries()
            export_json(store)
            with Store(IN_MEMORY) as into:
                merge(into, store)
    finally:
        if path.read_bytes() != content:
            raise Unmet("reading changed the file")
    key = "f" * 32
    with Store(path) as store:
        if not store.claim(key, 0, "boot/1/2/3", range(1)) or store.claimed(key):
            raise Unmet("a claim that could not be made")
        store.delete([key])
    return True
