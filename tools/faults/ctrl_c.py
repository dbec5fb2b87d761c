"""Ctrl-C: as a terminal does it, to the parent and its workers at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from random import Random

from case import Case, recovered
from trial import STOPPED, Trial, trial

PROMISED = "exit 130 without a traceback, no worker left; the same command goes on"
MOMENTS = (
    ("when the command begins", "command begins", 1),
    ("while the study is checked", "check begins", 1),
    ("while the store is made", "open: CREATE", 3),
    ("while the study is noted", "record: COMMIT", 1),
    ("while a task is claimed", "claim: COMMIT", 1),
    ("while the workers begin", "submit ended", 2),
    ("while a worker trains", "train begins", 2),
    ("when a result has come", "keep begins", 3),
    ("in the midst of keeping it", "keep: INSERT rounds", 3),
    ("at the commit of it", "keep: COMMIT", 3),
    ("when it is kept", "keep ended", 3),
    ("when all is kept", "stop begins", 1),
    ("while the table is made", "table begins", 1),
)
TIMES = 8


def at(moment: str, hold: str, nth: int, *, made_up: bool | None = None) -> Case:
    """Press Ctrl-C while the run is at a step."""
    with trial(made_up=made_up) as one:
        parent = one.start(hold=hold, nth=nth)
        os.killpg(parent.pid, signal.SIGINT)
        one.release()
        # When nothing is left to stop, the results may be shown all the same.
        ended = one.ends(parent, STOPPED, may_also=lambda: len(one.rows()) == one.tasks)
        _promise_sentence(one, ended.err)
        return recovered(one, "Ctrl-C", moment, ended.words(), PROMISED)


def _promise_sentence(one: Trial, told: str) -> None:
    """Note as broken if a run that told of rounds told a wrong number of them."""
    if "rounds finished" in told:
        finished = f"{len(one.rows())} of {one.tasks} rounds finished"
        one.promise(finished in told, f"no {finished!r} in: {told[-300:]}")


def twice() -> Case:
    """Press Ctrl-C twice while a worker trains."""
    with trial() as one:
        parent = one.start(hold="train begins", nth=2)
        os.killpg(parent.pid, signal.SIGINT)
        os.killpg(parent.pid, signal.SIGINT)
        ended = one.ends(parent, STOPPED)
        return recovered(one, "Ctrl-C", "twice while a worker trains", ended.words(), PROMISED)


def at_drawn_moments(times: int = TIMES, seed: int = 0) -> Case:
    """Press Ctrl-C in run after run of one study, each after a number of steps that is drawn."""
    draw = Random(seed)  # noqa: S311
    with trial(9) as one:  # too few rounds for one of them to be trained twice
        codes, steps = set(), set()
        for _ in range(times):
            parent = one.start()
            one.comes_to(draw.uniform(1, 80), parent)
            steps.add(one.log()[-1][1])
            os.killpg(parent.pid, signal.SIGINT)
            ended = one.ends(parent, STOPPED, may_also=lambda: len(one.rows()) == one.tasks)
            codes.add(ended.words())
            one.promise(one.lost() == 0, "a kept round was lost")
        one.promise(len(steps) > 1, f"all fell into one step, {steps}")
        happened = f"{times} times {' or '.join(sorted(codes))}, in {len(steps)} different steps"
        moment = f"at {times} drawn moments"
        return recovered(one, "Ctrl-C", moment, happened, PROMISED, faults=times)


def cases() -> Iterator[Case]:
    """Try every moment."""
    for moment in MOMENTS:
        yield at(*moment)
    yield twice()
    yield at_drawn_moments()
