"""A round as a row of the store, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection, Row
from types import MappingProxyType
from typing import Any

from bakeoff.errors import DataError
from bakeoff.files import parse_json
from bakeoff.study.checks import is_whole
from bakeoff.study.record import LARGEST_ROUND, Record, check_record
from bakeoff.study.registration import Registration
from bakeoff.study.spec import Study
from bakeoff.study.store.stored_study import ONLY, REGISTERED, study_from_plain

NONE: Mapping[str, bytes] = MappingProxyType({})
COLUMNS = ("round", "seed", "status", "scores", "curves", "seconds", "note", "facts")
SEED = re.compile(r"-?[0-9]{1,1000}")  # longer than any that was chosen, short enough to read


def to_row(record: Record) -> tuple[object, ...]:
    """Return the values of `COLUMNS`; what has names as JSON, in which floats are exact."""
    scores, curves, facts = (
        json.dumps(dict(pairs), allow_nan=False)
        for pairs in (record.scores, record.curves, record.facts)
    )
    # The seed may be any integer: SQLite's own end at 64 bits.
    head = record.round, str(record.seed), record.status
    return *head, scores, curves, record.seconds, record.note, facts


def insert_record(
    connection: Connection, key: str, record: Record, machine: str, finished: str
) -> None:
    """Add a record and its attachments, unless its round stands already.

    Raises:
        sqlite3.Error: for a value that a column does not take.
    """
    values = (key, *to_row(record), machine, finished)
    marks = ", ".join("?" * len(values))
    new = connection.execute(
        f"INSERT INTO rounds VALUES ({marks}) ON CONFLICT (key, round) DO NOTHING",  # noqa: S608
        values,
    ).rowcount
    if new:
        connection.executemany(
            "INSERT INTO attachments VALUES (?, ?, ?, ?)",
            [(key, record.round, *attached) for attached in record.attachments],
        )


def attachments_of(
    rows: Iterable[Row | Mapping[str, Any]],
) -> dict[tuple[str, int], dict[str, bytes]]:
    """Return what rows of attachments hold, by name, for each key and round."""
    found: dict[tuple[str, int], dict[str, bytes]] = {}
    for row in rows:
        found.setdefault((row["key"], row["round"]), {})[row["name"]] = row["content"]
    return found


def from_row(
    row: Row | Mapping[str, Any], competitor: str, attachments: Mapping[str, bytes] = NONE
) -> Record:
    """Return the round of a row, as that of `competitor`.

    Raises:
        DataError: for a row that no round was kept as.
    """
    try:
        if not SEED.fullmatch(row["seed"]):
            raise ValueError("seed is no whole number")
        told = {name: parse_json(row[name]) for name in ("scores", "curves", "facts")}
        plain = {name: row[name] for name in ("round", "status", "seconds", "note")}
        record = Record(
            competitor=competitor, seed=int(row["seed"]), **plain, **told, attachments=attachments
        )
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise DataError(str(error)) from error
    check_record(record)
    return record


def planned_rounds(row: Row | Mapping[str, Any]) -> range:
    """Return the rounds that a row of the studies says were planned.

    Raises:
        DataError: for numbers that no rounds can have.
    """
    first, count = row["first_planned"], row["rounds_planned"]
    if not (is_whole(0)(first) and is_whole(0)(count) and first + count < LARGEST_ROUND):
        raise DataError(f"plans {count} rounds from {first}")
    return range(first, first + count)


def study_of_row(
    row: Row | Mapping[str, Any],
) -> tuple[Study, range, Registration | None, str, tuple[str, ...]]:
    """Return the study of a row of `studies`, the rounds asked for, its plan, race and part.

    Raises:
        DataError: for anything else.
    """
    told = parse_json(row["spec"])
    study = study_from_plain(told)
    if study.name != row["name"]:
        raise DataError(f"is called {row['name']!r}, and in itself {study.name!r}")
    plan = Registration.of_plain(study, told[REGISTERED]) if REGISTERED in told else None
    only = asked_only(told)
    if not set(only) < {*study.competitor_names}:
        raise DataError(f"asked for {only!r} alone")
    return study, asked_rounds(told), plan, str(told.get("race", "")), only


def asked_rounds(told: Mapping[str, Any]) -> range:
    """Return the rounds that runs of a study asked for; empty where it does not say.

    Raises:
        DataError: for numbers that no rounds can have.
    """
    ends = told.get("asked", [0, 0])
    if not (isinstance(ends, list) and len(ends) == 2 and all(map(is_whole(0), ends))):
        raise DataError(f"asked for rounds {ends!r}")
    if not ends[0] <= ends[1] < LARGEST_ROUND:
        raise DataError(f"asked for rounds {ends[0]} to {ends[1]}")
    return range(*ends)


def asked_only(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the competitors that runs of a study were limited to; raise a DataError for others."""
    names = told.get(ONLY, [])
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise DataError(f"asked for {names!r} alone")
    return tuple(names)


def training_of(text: str) -> Mapping[str, Any]:
    """Return what a key tells of how its rounds are made.

    Raises:
        DataError: for anything but a JSON object.
    """
    told = parse_json(text)
    if not isinstance(told, dict):
        raise DataError(f"tells {told!r} of how its rounds are made, expected an object")
    return told


def now() -> str:
    """Return the time, in UTC, as the store writes it."""
    return _as_text(datetime.now(UTC))


def just_after(time: str) -> str:
    """Return the first time after one that the store wrote."""
    return _as_text(datetime.fromisoformat(time) + timedelta(milliseconds=1))


def _as_text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
