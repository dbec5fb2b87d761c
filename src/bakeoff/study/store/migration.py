"""A store of schema 1, which knew networks' rounds alone, brought to the present schema."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

from bakeoff.errors import DataError
from bakeoff.files import parse_json
from bakeoff.study.record import DIVERGED, EPOCH, FINISHED, LOSS, Record, divergence_note
from bakeoff.study.store.rows import COLUMNS, from_row, insert_record, to_row, training_of

VERSION_1 = 1
TABLES_1 = """
CREATE TABLE machines (
    machine TEXT PRIMARY KEY,
    cpu TEXT NOT NULL, torch TEXT NOT NULL, python TEXT NOT NULL, bakeoff TEXT NOT NULL,
    threads INTEGER NOT NULL
);
CREATE TABLE keys (
    key TEXT PRIMARY KEY,
    training TEXT NOT NULL, sources TEXT NOT NULL, data TEXT NOT NULL
);
CREATE TABLE rounds (
    key TEXT NOT NULL REFERENCES keys, round INTEGER NOT NULL,
    seed TEXT NOT NULL, parameters INTEGER NOT NULL,
    train_loss TEXT NOT NULL, train_accuracy TEXT NOT NULL, test_accuracy TEXT NOT NULL,
    auxiliary TEXT NOT NULL, seconds REAL NOT NULL, predictions BLOB NOT NULL,
    diverged TEXT, weights BLOB,
    machine TEXT NOT NULL REFERENCES machines, finished TEXT NOT NULL,
    PRIMARY KEY (key, round)
);
CREATE TABLE studies (
    study TEXT PRIMARY KEY,
    name TEXT NOT NULL, spec TEXT NOT NULL,
    first_planned INTEGER NOT NULL, rounds_planned INTEGER NOT NULL, last_run TEXT NOT NULL
);
CREATE TABLE entries (
    study TEXT NOT NULL REFERENCES studies, competitor TEXT NOT NULL,
    key TEXT NOT NULL REFERENCES keys, last_run TEXT NOT NULL,
    PRIMARY KEY (study, competitor, key)
);
CREATE TABLE claims (
    key TEXT NOT NULL, batch INTEGER NOT NULL, owner TEXT NOT NULL, taken TEXT NOT NULL,
    PRIMARY KEY (key, batch)
);
"""
SAME = ("machines", "keys", "studies", "entries", "claims")
"""The tables whose columns are those of before, each after those that it refers to."""


def copied_beside(connection: sqlite3.Connection, path: Path) -> Path:
    """Write a copy of a store beside it, under a name that is free, and return its path."""
    names = (f"{path.stem}.schema1{n if n > 1 else ''}{path.suffix}" for n in count(1))
    copy = next(found for name in names if not (found := path.with_name(name)).exists())
    connection.execute("VACUUM INTO ?", (str(copy),))
    return copy


def migrate(connection: sqlite3.Connection, tables: str) -> None:
    """Bring the tables of schema 1 to others, inside the transaction that is open.

    Args:
        connection: foreign keys are off.
        tables: how the new tables are declared.

    Raises:
        DataError: for a row that no round was kept as.
        sqlite3.Error: for a value that a column does not take.
    """
    connection.execute("PRAGMA legacy_alter_table = ON")  # what refers to a table stays as it is
    for table in (*SAME, "rounds"):
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    for statement in tables.split(";"):
        connection.execute(statement)
    for table in SAME:
        connection.execute(f"INSERT INTO {table} SELECT * FROM old_{table}")  # noqa: S608
    metrics = {
        key: training_of(training).get("facts", {}).get("metric", "accuracy")
        for key, training in connection.execute("SELECT key, training FROM keys")
    }
    with closing(connection.cursor()) as cursor:
        cursor.row_factory = sqlite3.Row
        for row in cursor.execute("SELECT * FROM old_rounds"):
            record = _record(row, metrics.get(row["key"], "accuracy"))
            # Read back, which looks at each value as the record alone does not.
            from_row(dict(zip(COLUMNS, to_row(record), strict=True)), "")
            insert_record(connection, row["key"], record, row["machine"], row["finished"])
    for table in ("rounds", *reversed(SAME)):
        connection.execute(f"DROP TABLE old_{table}")


def _record(row: sqlite3.Row, metric: str) -> Record:
    """Return what a row of schema 1 tells; accuracy stood for R² too there."""
    try:
        epoch, last = parse_json(row["diverged"]) if row["diverged"] else (None, {})
        curves = {
            LOSS: parse_json(row["train_loss"]),
            f"train_{metric}": parse_json(row["train_accuracy"]),
            f"test_{metric}": parse_json(row["test_accuracy"]),
        }
        scores = {} if epoch else {name: curve[-1] for name, curve in curves.items()}
        auxiliary = parse_json(row["auxiliary"]).items()
        found = {"predictions": row["predictions"] or None, "weights": row["weights"]}
        return Record(
            competitor="",
            round=row["round"],
            seed=int(row["seed"]),
            status=DIVERGED if epoch else FINISHED,
            scores=scores,
            curves=curves | {f"{LOSS}/{name}": curve for name, curve in auxiliary},
            seconds=row["seconds"],
            note=divergence_note(epoch, last) if epoch else "",
            facts={"parameters": row["parameters"]} | ({EPOCH: epoch} if epoch else {}),
            attachments={name: content for name, content in found.items() if content is not None},
        )
    except (TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
        raise DataError(f"round {row['round']!r}: {error}") from error
