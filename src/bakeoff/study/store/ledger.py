"""A ledger on a store: it gives out what is missing, once, to all runs that share the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bakeoff.study.machine import Machine
from bakeoff.study.runner import Results, Task
from bakeoff.study.spec import Study
from bakeoff.study.store.owner import this_process
from bakeoff.study.store.store import Store


class StoreLedger:
    """Tasks whose results are kept in a store.

    Args:
        store: open for writing.
        study: the study that the tasks belong to.
        tasks: what is to stand in the end.
        keys: key of each competitor.
        machine: where the rounds are trained.
        on_results: told of each group's results, be they of this run or another's.

    Attributes:
        standing: results that stood at the beginning; `on_results` is not told of them.
    """

    def __init__(
        self,
        store: Store,
        study: Study,
        tasks: Iterable[Task],
        *,
        keys: Mapping[str, str],
        machine: Machine,
        on_results: Callable[[Results], None] = lambda results: None,
    ) -> None:
        self._store, self._study, self._left = store, study, list(tasks)
        self._keys, self._machine, self._on_results = keys, machine, on_results
        self._owner = this_process()
        self._taken: set[Task] = set()
        self.standing = tuple(result for results in self._drop_finished() for result in results)

    @property
    def missing(self) -> int:
        """How many tasks are neither finished nor taken."""
        return len(self._left)

    def take(self) -> Task | None:
        """Claim and return the first task that nobody has finished or trains."""
        for results in self._drop_finished():
            self._on_results(results)
        claimed = {key: self._store.claimed(key) for key in set(self._keys.values())}
        for task in self._left:
            key = self._keys[task.competitor]
            # Looking first keeps a waiting run from taking the write lock again and again.
            if task.group in claimed[key]:
                continue
            if self._store.claim(key, task.group, self._owner, self._rounds(task)):
                self._left.remove(task)
                self._taken.add(task)
                return task
        return None

    def keep(self, task: Task, results: Results) -> None:
        """Keep a task's results."""
        self._store.keep(self._keys[task.competitor], task.group, results, self._machine)
        self._taken.discard(task)
        self._on_results(results)

    def give_back(self, task: Task) -> None:
        """End the claim on a task that will not be finished here."""
        self._store.release(self._keys[task.competitor], task.group, self._owner)
        self._taken.discard(task)
        self._left.insert(0, task)

    def close(self) -> None:
        """Give back whatever is still taken."""
        for task in tuple(self._taken):
            self.give_back(task)

    def others_at_work(self) -> bool:
        """Tell whether tasks are left that other runs hold."""
        return bool(self._left)

    def _drop_finished(self) -> list[Results]:
        """Strike the tasks whose rounds all stand, and return those rounds."""
        finished = {key: self._store.finished(key) for key in set(self._keys.values())}
        found = []
        for task in tuple(self._left):
            rounds = self._rounds(task)
            if finished[self._keys[task.competitor]].issuperset(rounds):
                self._left.remove(task)
                keys = {task.competitor: self._keys[task.competitor]}
                found.append(self._store.results(keys, rounds))
        return found

    def _rounds(self, task: Task) -> range:
        return self._study.competitor(task.competitor).recipe.rounds_of(task.group)
