"""Before a long study: one group of rounds is trained twice, and must agree bit for bit.

A difference means that something moves a result that no key knows of: an unseeded generator, a
network that reads the clock, a machine that miscalculates. It is cheaper to learn that first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from bakeoff.errors import StudyError
from bakeoff.study.queue import Task
from bakeoff.study.record import LARGEST_ROUND, SECONDS, Record, Records
from bakeoff.study.runner import Queue
from bakeoff.study.spec import Study

LONG = 20
"""A study with at least so many tasks to train is tried so."""
OTHER_ROUND = LARGEST_ROUND - 1
"""One that no study has, and so another seed."""


def trained_twice(queue: Queue, finish: Callable[[Queue], Iterator[Records]]) -> Records | None:
    """Train a queue's first task twice, and keep its results once both agree.

    Args:
        queue: what is to be trained.
        finish: trains all that a queue gives.

    Returns:
        The results; None if there is nothing to train, or it fails in a user's code.

    Raises:
        StudyError: if the two differ, with the first figure that does.
    """
    task = queue.take()
    if task is None:
        return None
    twice = _Apart([task, task])
    try:
        for _ in finish(twice):
            pass
    except StudyError:
        queue.give_back(task)  # the run tells of the failure, when all others are kept
        return None
    for one, other in zip(*twice.results, strict=True):
        refuse_difference(one, other)
    queue.keep(task, twice.results[1])
    return twice.results[1]


def pairing_notes(
    queue: Queue, finish: Callable[[Queue], Iterator[Records]], study: Study
) -> list[str]:
    """Make a queue's first round twice, and once with another seed, to see what the seed means.

    The first of them is kept.

    Args:
        queue: what is to be made.
        finish: makes all that a queue gives.
        study: for what decides.

    Returns:
        What to tell, a sentence each; nothing where the seed, and nothing else, moves the result.
    """
    task = queue.take()
    if task is None:
        return []
    apart = _Apart([Task(task.competitor, OTHER_ROUND), task, task])
    try:
        for _ in finish(apart):
            pass
    except BaseException:
        queue.give_back(task)
        raise
    (same, again, other), score = _in_order(apart.results), study.judging().metric.score
    queue.keep(task, (same,))
    if not (same.finished and again.finished and other.finished) or score == SECONDS:
        return []
    values = [record.score(score) for record in (same, again, other)]
    name, first = task.competitor, f"{values[0]:g}"
    if values[0] != values[1]:
        told = f"gives another {score} for the same seed ({first} and {values[1]:g}): rounds are"
        return [f"{name} {told} not quite paired by it"]
    if values[0] == values[2]:
        told = f"gives {first} for two different seeds: it seems to ignore its seed, and its rounds"
        return [f"{name} {told} may be copies of one"]
    return []


def _in_order(results: list[Records]) -> tuple[Record, Record, Record]:
    """Return the two records of one round, and that of the other one."""
    same, again, other = sorted((r for (r,) in results), key=lambda r: r.round)
    return same, again, other


class _Apart:
    """A queue of some tasks, one maybe twice, that holds the results."""

    def __init__(self, tasks: list[Task]) -> None:
        self._left, self.results = tasks, list[Records]()

    def take(self) -> Task | None:
        return self._left.pop() if self._left else None

    def keep(self, task: Task, results: Records) -> None:
        self.results.append(results)

    def give_back(self, task: Task) -> None:
        """Do nothing: whoever took the task gives it back."""

    def others_at_work(self) -> bool:
        return False

    def news(self) -> Iterator[Records]:
        return iter(())


def refuse_difference(one: Record, other: Record) -> None:
    """Raise unless two results of the same round are equal in all but their seconds.

    Raises:
        StudyError: with the first figure that differs.
    """
    first, second = _figures(one), _figures(other)
    for name in sorted(first.keys() | second.keys()):
        a, b = first.get(name), second.get(name)
        if a != b:
            raise StudyError(
                f"competitor {one.competitor!r}, round {one.round}: trained twice, it gave two "
                f"different values of {name} ({_shown(a)} and {_shown(b)}), "
                "expected the same bits: draw all that is random from the round's own generators"
            )


def _figures(record: Record) -> dict[str, object]:
    """Return all of a record but its seconds, by name."""
    figures: dict[str, object] = attrs.asdict(record, filter=attrs.filters.exclude("seconds"))
    for several in ("scores", "facts", "attachments", "curves"):  # a curve hides its last value
        figures |= dict(figures.pop(several))  # type: ignore[call-overload]
    return figures


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
