"""The command `bakeoff` with its steps logged: what the harness starts in bakeoff's place.

    python tools/faults/watched.py [--made-up] [--patience SECONDS] run study.toml ...

All is as it is for a user, but that certain functions tell when they begin and end, and that the
clock is changed by as many seconds as a file `clock` beside the log says. With --made-up, workers
make their results up instead of training, which spares everybody torch. --patience is how long to
wait for a locked store.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Any

import moments

from bakeoff.study.experiment import Experiment
from bakeoff.study.record import Records
from bakeoff.training.spec import NetworkStudy

CHANGES = ("BEGIN", "CREATE", "INSERT", "DELETE", "COMMIT", "PRAGMA journal_mode")


class Connection(sqlite3.Connection):
    """A connection whose changes of the file are steps, named after what the store does."""

    doing = "open"

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute a statement."""
        _tell(sql)
        return super().execute(sql, *values)

    def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute a statement with many values."""
        _tell(sql)
        return super().executemany(sql, *values)


def _tell(sql: str) -> None:
    words = sql.split()
    if sql.strip().startswith(CHANGES):
        table = f" {words[words.index('INTO') + 1]}" if "INTO" in words else ""
        moments.step(f"{Connection.doing}: {words[0]}{table}")


def watch(home: Any, name: str, title: str, about: Callable[..., str] = lambda *_: "") -> None:
    """Make the begin and the end of a function moments."""
    function = getattr(home, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        what = about(*arguments)
        moments.step(f"{title} begins", what)
        result = function(*arguments, **named)
        moments.step(f"{title} ended", what)
        return result

    setattr(home, name, watched)


def watch_store() -> None:
    """Make what the store does moments."""
    from bakeoff.study.store import Store

    sqlite3.connect = partial(sqlite3.connect, factory=Connection)
    watch(Store, "__init__", "open")
    for name in ("record", "claim", "keep", "release"):
        _name_changes(Store, name)
        watch(Store, name, name, _key_and_group)


def _name_changes(home: Any, name: str) -> None:
    method = getattr(home, name)

    def naming(*arguments: Any, **named: Any) -> Any:
        Connection.doing = name
        return method(*arguments, **named)

    setattr(home, name, naming)


def _key_and_group(store: object, key: object, group: object, *more: object) -> str:
    return f"{key[:6]} {group}" if isinstance(key, str) else ""


def watch_run() -> None:
    """Make the parts of a run steps: its checks, its workers, their training, its output."""
    from bakeoff import cli, files
    from bakeoff.cli import run as command
    from bakeoff.study import cluster, run, workers

    cluster.SECONDS_TO_ATTACH = moments.PATIENCE  # the machine may be busy
    watch(cli, "_command", "command")
    watch(NetworkStudy, "prepare", "check")
    watch(workers.LocalPool, "submit", "submit")
    watch(workers.LocalPool, "stop", "stop")
    watch(command, "_show", "table")
    watch(files, "write_whole", "json")
    finish = run.finish

    def watched(
        *arguments: Any, experiments: Mapping[str, Experiment], **named: Any
    ) -> Generator[Records]:
        stepped = {name: moments.Stepped(inner) for name, inner in experiments.items()}
        return finish(*arguments, experiments=stepped, **named)

    run.finish = watched


def make_up() -> None:
    """Do without torch: made-up results, and keys that need no sources."""
    from bakeoff.study import run
    from bakeoff.study.machine import this_machine

    NetworkStudy.prepare = lambda study, *_: moments.made_up(study)
    NetworkStudy.machine = staticmethod(this_machine)
    run.LONG = sys.maxsize  # no round is trained twice


class Clock(datetime):
    """The clock of a machine whose time has been changed."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        """Return the time, as much off as the file says."""
        return datetime.now(tz) + timedelta(seconds=seconds_off())


def seconds_off() -> float:
    """Return by how much the clock was changed."""
    file = moments.folder() / "clock"
    return float(file.read_text()) if file.exists() else 0.0


def change_clock() -> None:
    """Have all that asks for the time of day get the changed one."""
    from bakeoff.study.store import rows

    true_time = time.time
    time.time = lambda: true_time() + seconds_off()
    rows.datetime = Clock


def main() -> None:
    """Watch, then do what the command line says."""
    arguments = sys.argv[1:]
    if arguments[0] == "--made-up":
        make_up()
        del arguments[0]
    if arguments[0] == "--patience":
        from bakeoff.study.store import schema

        schema.WAIT_SECONDS = float(arguments[1])
        del arguments[:2]
    change_clock()
    watch_store()
    watch_run()
    from bakeoff.cli import main as bakeoff

    bakeoff(arguments)


if __name__ == "__main__":
    main()
