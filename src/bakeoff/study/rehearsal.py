"""Before a long study: one group of rounds is trained twice, and must agree bit for bit.

A difference means that something moves a result that no key knows of: an unseeded generator, a
network that reads the clock, a machine that miscalculates. It is cheaper to learn that first.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from bakeoff.errors import StudyError
from bakeoff.study.result import RoundResult
from bakeoff.study.runner import Ledger, Results, Task

LONG = 20
"""A study with at least so many tasks to train is rehearsed."""


class Rehearsal:
    """A ledger that gives its first task twice, and the others once the two results agree.

    Args:
        ledger: where the tasks come from and go to.
        on_agreement: told of the results when both agree.
    """

    def __init__(
        self, ledger: Ledger, on_agreement: Callable[[Results], None] = lambda results: None
    ) -> None:
        self._ledger, self._on_agreement = ledger, on_agreement
        self._task: Task | None = None
        self._to_give = 2
        self._first: Results | None = None
        self._done = False

    def take(self) -> Task | None:
        """Return the first task, once more the first task, then whatever the ledger gives."""
        if self._done:
            return self._ledger.take()
        if self._task is None:
            self._task = self._ledger.take()
        if self._task is None or self._to_give == 0:
            return None
        self._to_give -= 1
        return self._task

    def keep(self, task: Task, results: Results) -> None:
        """Hold the first results, compare the second with them, hand everything else on.

        Raises:
            StudyError: if the two differ, with the first figure that does.
        """
        if self._done:
            self._ledger.keep(task, results)
        elif self._first is None:
            self._first = results
        else:
            for one, other in zip(self._first, results, strict=True):
                refuse_difference(one, other)
            self._done = True
            self._ledger.keep(task, results)
            self._on_agreement(results)

    def give_back(self, task: Task) -> None:
        """Give the task back; of the two rehearsed ones only one was taken."""
        if self._done or self._task is not None:
            self._ledger.give_back(task)
        self._task = None

    def others_at_work(self) -> bool:
        """Tell whether the rehearsal goes on or others hold tasks."""
        return self._ledger.others_at_work()


def refuse_difference(one: RoundResult, other: RoundResult) -> None:
    """Raise unless two results of the same round are equal in all but their seconds.

    Raises:
        StudyError: with the first figure that differs.
    """
    for field in attrs.fields(RoundResult):
        first, second = getattr(one, field.name), getattr(other, field.name)
        if field.name != "seconds" and first != second:
            raise StudyError(
                f"competitor {one.competitor!r}, round {one.round}: trained twice, it gave two "
                f"different values of {field.name} ({_shown(first)} and {_shown(second)}), "
                "expected the same bits: draw all that is random from the round's own generators"
            )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
