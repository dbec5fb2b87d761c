"""Somebody else uses the store: holds its lock, or runs the same study."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from case import Case, recovered, settled
from trial import REFUSED, WORKERS, Trial, trial

WAITS = "the run waits, and then goes on"
GIVES_UP = "after a minute the run ends in a sentence; what is kept stays"
SHARE = "each round is trained once; both show the whole table"
TAKES_OVER = "the other run trains what the dead one had claimed"
SHORT, LONG = 2.0, 1.0


@contextmanager
def locked(one: Trial) -> Iterator[None]:
    """Hold the store's lock, as a run does that writes and does not come to an end."""
    with closing(sqlite3.connect(one.store, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def for_a_while(*, made_up: bool | None = None) -> Case:
    """Lock the store for some seconds while a result is to be kept."""
    with trial(made_up=made_up) as one:
        parent = one.start(hold="keep begins", nth=3)
        one.strike()
        with locked(one):
            one.release()
            time.sleep(SHORT)
            one.promise(parent.poll() is None, "the run did not wait")
        ended = one.ends(parent, 0)
        one.promise(one.count("train begins") == one.tasks, "a round was trained twice")
        return settled(one, "locked store", "for some seconds", ended.words(), WAITS)


def for_too_long(moment: str, hold: str, nth: int) -> Case:
    """Lock the store for longer than a run waits; the run is told to wait a second only."""
    with trial() as one:
        one.ends(one.start("--rounds", "1"), 0)
        parent = one.start(hold=hold, nth=nth, patience=LONG)
        with locked(one):
            one.release()
            ended = one.ends(parent, REFUSED, "store.sqlite: cannot be written", "locked")
        return recovered(one, "locked store", moment, ended.words(), GIVES_UP)


def two_at_once(rounds: int = 9, *, made_up: bool | None = None) -> Case:
    """Let two runs share the work."""
    with trial(rounds, made_up=made_up) as one:
        first, second = one.start(), one.start()
        ends = [one.ends(first, 0), one.ends(second, 0)]
        one.promise(ends[0].out == ends[1].out, "they showed different tables")
        one.strike()
        begun = one.count("train begins")
        one.promise(begun == one.tasks, f"{begun} rounds were trained, there are {one.tasks}")
        happened = " and ".join(ended.words() for ended in ends)
        return settled(one, "two runs at once", "both go on", happened, SHARE)


def one_of_two_killed(rounds: int = 9, *, made_up: bool | None = None) -> Case:
    """Kill one of two runs while it holds claims, one of them on a finished task."""
    with trial(rounds, made_up=made_up) as one:
        first = one.start(hold="keep begins", nth=2)
        (one.folder / "hold").unlink()
        second = one.start()
        while second.poll() is None and one.count("keep ended") < one.tasks - WORKERS:
            time.sleep(0.02)
        one.promise(second.poll() is None, "the other run did not wait for what was claimed")
        one.strike()
        first.send_signal(signal.SIGKILL)
        ended = one.ends(second, 0)
        again = one.count("train begins") - one.tasks
        one.promise(again <= WORKERS, f"{again} rounds were trained again")
        return settled(
            one, "two runs at once", "one is killed", f"{ended.words()} of the other", TAKES_OVER
        )


def cases() -> Iterator[Case]:
    """Try every way."""
    yield for_a_while()
    yield for_too_long("too long, when it begins", "record begins", 1)
    yield for_too_long("too long, when a result is kept", "keep begins", 3)
    yield two_at_once()
    yield one_of_two_killed()
