"""The store: every finished round of every study, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from bakeoff.errors import DataError, StoreError, StudyError
from bakeoff.files import parse_json
from bakeoff.study.experiment import Key
from bakeoff.study.machine import Machine
from bakeoff.study.record import FINISHED, Record, Records
from bakeoff.study.registration import Registration
from bakeoff.study.serialise import digest, plain
from bakeoff.study.spec import Study
from bakeoff.study.store.database import DEFAULT_PATH, Database
from bakeoff.study.store.rows import (
    asked_only,
    asked_rounds,
    attachments_of,
    from_row,
    insert_record,
    just_after,
    now,
    planned_rounds,
    study_of_row,
    training_of,
)
from bakeoff.study.store.stored_study import (
    RACE,
    REGISTERED,
    StoredStudy,
    identity_of,
    spanned,
    with_asked,
)
from bakeoff.system.processes import is_alive


class Store(Database):
    """Rounds, claims on them and the studies they belong to; opened as `Database` says."""

    def __init__(self, path: Path | str = DEFAULT_PATH, *, read_only: bool = False) -> None:
        super().__init__(path, read_only=read_only)
        self._written: list[Callable[[], object]] = []

    def _remember(self, write: Callable[[], object]) -> None:
        if self._watched:
            self._written.append(write)

    def write_again(self) -> None:
        """Write what was written since the file was opened, to another one."""
        written, self._written = self._written, []
        for write in written:
            write()

    # ---- Rounds ----------------------------------------------------------------------------

    def finished(self, key: str) -> frozenset[int]:
        """Return the rounds that stand under a key."""
        return frozenset(row[0] for row in self.read("SELECT round FROM rounds WHERE key = ?", key))

    def results(self, keys: Mapping[str, str], rounds: range | None = None) -> Records:
        """Return the rounds under some keys, as those of the competitors that the keys belong to.

        Args:
            keys: competitor to key.
            rounds: the rounds wanted; all if None.

        Raises:
            StoreError: if a row cannot be read.
        """
        found = []
        for competitor, key in keys.items():
            rows = self.read("SELECT * FROM attachments WHERE key = ?", key)
            attached = attachments_of(rows)
            for row in self.read("SELECT * FROM rounds WHERE key = ? ORDER BY round", key):
                found.append(self._record(row, competitor, attached.get((key, row["round"]), {})))
        return tuple(record for record in found if rounds is None or record.round in rounds)

    def _record(self, row: sqlite3.Row, competitor: str, attached: Mapping[str, bytes]) -> Record:
        try:
            return from_row(row, competitor, attached)
        except DataError as error:
            raise StoreError(
                f"{self.path}: round {row['round']} of {competitor!r} is damaged ({error}); "
                "delete the competitor's rounds and run again"
            ) from error

    def keep(self, key: str, batch: int, records: Iterable[Record], machine: Machine) -> None:
        """Keep a finished group of rounds and end the claim on it, in one transaction.

        Rounds that stand already stay as they are.
        """
        records = tuple(records)
        self._remember(partial(self.keep, key, batch, records, machine))
        described = digest(json.dumps(attrs.asdict(machine), sort_keys=True))
        with self.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO machines VALUES (?, ?, ?, ?, ?, ?)",
                (described, *attrs.astuple(machine)),
            )
            for record in records:
                insert_record(connection, key, record, described, now())
            connection.execute("DELETE FROM claims WHERE key = ? AND batch = ?", (key, batch))

    def sources(self, key: str) -> str:
        """Return the hash of the sources that a key was made with."""
        return "".join(row[0] for row in self.read("SELECT sources FROM keys WHERE key = ?", key))

    def training(self, key: str) -> Mapping[str, Any]:
        """Return what a key tells of how its rounds are made; nothing of an unknown key."""
        rows = self.read("SELECT training FROM keys WHERE key = ?", key)
        try:
            return next((training_of(row[0]) for row in rows), {})
        except DataError as error:
            raise StoreError(f"{self.path}: key {key!r} is damaged ({error})") from error

    def delete(self, keys: Iterable[str]) -> int:
        """Delete all rounds under some keys and return how many there were."""
        with self.writing() as connection:
            return sum(
                connection.execute("DELETE FROM rounds WHERE key = ?", (key,)).rowcount
                for key in keys
            )

    def delete_failed(self, keys: Iterable[str]) -> None:
        """Delete the rounds under some keys that did not finish."""
        with self.writing() as connection:
            for key in keys:
                connection.execute(
                    "DELETE FROM rounds WHERE key = ? AND status != ?", (key, FINISHED)
                )

    def machines(self, keys: Iterable[str], rounds: range | None = None) -> dict[Machine, int]:
        """Return the machines that trained the rounds under some keys, and how many each.

        Args:
            keys: the keys.
            rounds: count only these; all if None.
        """
        found: dict[Machine, int] = {}
        for key in keys:
            for row in self.read(
                "SELECT round, cpu, torch, python, bakeoff, threads FROM rounds "
                "JOIN machines USING (machine) WHERE key = ? ORDER BY round",
                key,
            ):
                if rounds is None or row["round"] in rounds:
                    machine = Machine(*row[1:])
                    found[machine] = found.get(machine, 0) + 1
        return found

    # ---- Claims ----------------------------------------------------------------------------

    def claimed(self, key: str) -> dict[int, tuple[str, str]]:
        """Return the groups of a key that living processes are training: by whom, and since when.

        By whom is as `owner.this_process` tells it, since when in UTC.
        """
        rows = self.read("SELECT batch, owner, taken FROM claims WHERE key = ?", key)
        return {r["batch"]: (r["owner"], r["taken"]) for r in rows if is_alive(r["owner"])}

    def claim(self, key: str, batch: int, owner: str, rounds: range) -> bool:
        """Claim a group of rounds; tell whether it is now ours and still to be trained."""
        with self.writing() as connection:
            if batch in self.claimed(key) or self.finished(key).issuperset(rounds):
                return False
            connection.execute(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)", (key, batch, owner, now())
            )
        return True

    def release(self, key: str, batch: int, owner: str) -> None:
        """End a claim without a result."""
        with self.writing() as connection:
            connection.execute(
                "DELETE FROM claims WHERE key = ? AND batch = ? AND owner = ?", (key, batch, owner)
            )

    # ---- Studies ---------------------------------------------------------------------------

    def record(
        self,
        study: Study,
        keys: Mapping[str, Key],
        planned: range,
        asked: range | None = None,
        registered: Mapping[str, object] | None = None,
        race: str = "",
        only: tuple[str, ...] = (),
    ) -> StoredStudy:
        """Note that a study is run now, and what is planned if it is for the first time.

        Args:
            study: the study.
            keys: of its competitors.
            planned: what is planned if it is for the first time.
            asked: the rounds that are asked for; the planned ones if None.
            registered: a plan, as of `Registration`; that which stands already if None.
            race: of a run until all is decided, its `Race` in words.
            only: the competitors that are asked for; a study that was asked for whole stays so.
        """
        self._remember(partial(self.record, study, keys, planned, asked, registered, race, only))
        identity, told = identity_of(study), plain(study)
        with self.writing() as connection:
            time = self._after_every_other()
            only = () if {*only} == {*study.competitor_names} else only
            asked = planned if asked is None else asked
            for row in self.read("SELECT spec FROM studies WHERE study = ?", identity):
                before = parse_json(row["spec"])
                race = str(before.get(RACE, "")) if registered else race  # no run, and none undone
                asked, registered = (
                    spanned(asked, asked_rounds(before)),
                    registered or before.get(REGISTERED),
                )
                first = asked_only(before)
                only = first if only and {*only} <= {*first} else ()
            told |= {REGISTERED: registered} if registered else {}
            connection.execute(
                "INSERT INTO studies VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (study) "
                "DO UPDATE SET spec = excluded.spec, last_run = excluded.last_run",
                (
                    identity,
                    study.name,
                    with_asked(told, asked, race, only),
                    planned.start,
                    len(planned),
                    time,
                ),
            )
            for competitor, key in keys.items():
                connection.execute(
                    "INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?)",
                    (key.text, *attrs.astuple(key)),
                )
                connection.execute(
                    "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)",
                    (identity, competitor, key.text, time),
                )
        return next(kept for kept in self.studies(study.name) if kept.identity == identity)

    def register(
        self, study: Study, keys: Mapping[str, Key], rounds: range, margin: float | None
    ) -> Registration:
        """Note what is planned of a study, before or between its runs, and return it.

        Raises:
            StudyError: if that was done before.
        """
        for known in self.studies(identity_of(study)):
            if known.registered is not None:
                raise StudyError(
                    f"study {study.name!r}: was registered on {known.registered.time[:10]} already,"
                    " expected once; with another seed it is another study"
                )
        told: dict[str, object] = {
            "time": now(),
            "stood": max(len(self.finished(k.text).intersection(rounds)) for k in keys.values()),
            "rounds": [rounds.start, rounds.stop],
            "margin": margin,
            "keys": {name: key.text for name, key in keys.items()},
        }
        self.record(study, keys, rounds, registered=told)
        return Registration.of_plain(study, told)

    def studies(self, name: str | None = None) -> list[StoredStudy]:
        """Return the studies run with this store, the last one first.

        Args:
            name: only those of this name; if there are none, those whose identity begins so.
        """
        rows = self.read("SELECT * FROM studies ORDER BY last_run DESC, study")
        if name is not None:
            named = [row for row in rows if row["name"] == name]
            rows = named or [row for row in rows if row["study"].startswith(name)]
        return [self._kept(row) for row in rows]

    def all_keys(self, identity: str, competitor: str) -> list[str]:
        """Return every key that a study's competitor ever had, the latest one first."""
        rows = self.read(
            "SELECT key FROM entries WHERE study = ? AND competitor = ? ORDER BY last_run DESC",
            identity,
            competitor,
        )
        return [row["key"] for row in rows]

    def _after_every_other(self) -> str:
        """Return the time, or just after the last run if the clock shows no later one.

        Two runs may begin within one tick of the clock, and a clock may be set back; the order in
        which studies ran must survive both.
        """
        (last,) = self.read("SELECT MAX(last_run) AS last_run FROM studies")
        try:
            return max(now(), just_after(last["last_run"])) if last["last_run"] else now()
        except (ValueError, OverflowError) as error:
            raise StoreError(
                f"{self.path}: is damaged: a study ran last at {last['last_run']!r}, which is no"
                " time; move the store away"
            ) from error

    def _kept(self, row: sqlite3.Row) -> StoredStudy:
        entries = self.read(
            "SELECT competitor, key FROM entries WHERE study = ? ORDER BY last_run", row["study"]
        )
        keys = {entry["competitor"]: entry["key"] for entry in entries}
        try:
            study, asked, plan, race, only = study_of_row(row)
            unlike = sorted(keys.keys() ^ set(study.competitor_names))
            if unlike:
                raise DataError(f"{unlike[0]!r} has a key, or is a competitor, but not both")
            planned = planned_rounds(row)
        except DataError as error:
            raise StoreError(
                f"{self.path}: study {row['study']!r} is damaged ({error}); restore a copy, or move"
                " the store away"
            ) from error
        told = row["last_run"], plan, race, only
        return StoredStudy(row["study"], study, planned, asked, keys, *told)
