"""The parent, the process that a user starts, is killed with kill -9."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from random import Random

from case import Case, recovered
from trial import trial

MOMENTS = (
    ("while it makes the store", "open: CREATE", 3),
    ("while it notes the study", "record: COMMIT", 1),
    ("while it claims its first task", "claim: COMMIT", 1),
    ("while its workers begin", "submit ended", 2),
    ("while a worker trains", "train begins", 2),
    ("when a result has come", "keep begins", 3),
    ("in the midst of keeping it", "keep: INSERT rounds", 3),
    ("at the commit of it", "keep: COMMIT", 3),
    ("when it is kept", "keep ended", 3),
    ("when all is kept, before the table", "table begins", 1),
)
KILLS = 20


def at(moment: str, hold: str, nth: int) -> Case:
    """Kill the parent while it, or a worker, is at a step."""
    with trial() as one:
        parent = one.start(hold=hold, nth=nth)
        parent.send_signal(signal.SIGKILL)
        ended = one.ends(parent, -signal.SIGKILL)
        return recovered(one, "parent killed", moment, f"{ended.words()}, no worker left")


def at_drawn_moments(kills: int = KILLS, seed: int = 0) -> Case:
    """Kill one run after the other, each after a number of steps that is drawn."""
    draw = Random(seed)  # noqa: S311
    with trial(4 * kills, made_up=True) as one:
        steps = set()
        for _ in range(kills):
            parent = one.start()
            one.comes_to(draw.uniform(10, 150), parent)
            parent.send_signal(signal.SIGKILL)
            one.ends(parent, None)
            steps.add(one.log()[-1][1])
            one.promise(one.lost() == 0, "a kept round was lost")
        # A few kills may all meet the step in which a run spends most of its time.
        one.promise(kills < KILLS or len(steps) > 1, f"all kills fell into one step, {steps}")
        happened = f"{kills} times SIGKILL, in {len(steps)} different steps"
        return recovered(one, "parent killed", f"at {kills} drawn moments", happened, faults=kills)


def cases() -> Iterator[Case]:
    """Try every moment."""
    for moment in MOMENTS:
        yield at(*moment)
    yield at_drawn_moments()
