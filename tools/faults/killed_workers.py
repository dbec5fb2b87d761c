"""A worker is killed, as the kernel does when memory runs out."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from case import Case, recovered, settled
from trial import REFUSED, WORKERS, trial

GOES_ON = "the run goes on by itself, with another worker"
ENDS = "after three deaths over one task the run ends in a sentence; what is kept stays"
MOMENTS = (
    ("before its first task", "train begins", 1),
    ("while it trains", "train begins", 2),
    ("when it has trained, before it tells", "train ended", 2),
)
DEATHS = 3


def at(moment: str, hold: str, nth: int, *, made_up: bool | None = None) -> Case:
    """Kill a worker while it is at a step; the run ends by itself."""
    with trial(made_up=made_up) as one:
        parent = one.start(hold=hold, nth=nth)
        worker = one.held(parent)
        one.strike()
        os.kill(worker, signal.SIGKILL)
        ended = one.ends(parent, 0)
        # The workers share a pool, which is replaced as a whole.
        again = one.count("train begins") - one.tasks
        one.promise(1 <= again <= WORKERS, f"{again} rounds were trained again")
        return settled(one, "worker killed", moment, ended.words(), GOES_ON)


def again_and_again() -> Case:
    """Kill each worker that trains a task, until the run gives up."""
    with trial() as one:
        parent = one.start("--workers", "1", hold="train begins", nth=2)
        for _ in range(DEATHS):
            worker = one.held(parent)
            one.hold("train begins", 1)
            os.kill(worker, signal.SIGKILL)
        ended = one.ends(parent, REFUSED, "died 3 times", "finished rounds are kept")
        return recovered(
            one, "worker killed", "again and again", ended.words(), ENDS, faults=DEATHS
        )


def cases() -> Iterator[Case]:
    """Try every moment."""
    for moment in MOMENTS:
        yield at(*moment)
    yield again_and_again()
