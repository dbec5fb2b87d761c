"""Before a long study: one group of rounds is trained twice, and must agree bit for bit.

A difference means that something moves a result that no key knows of: an unseeded generator, a
network that reads the clock, a machine that miscalculates. It is cheaper to learn that first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from bakeoff.errors import StudyError
from bakeoff.study.queue import Task
from bakeoff.study.record import Record, Records
from bakeoff.study.runner import Queue

LONG = 20
"""A study with at least so many tasks to train is tried so."""


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
    twice = _Twice(task)
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


class _Twice:
    """A queue that gives one task twice, and holds the results."""

    def __init__(self, task: Task) -> None:
        self._left, self.results = [task, task], list[Records]()

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
