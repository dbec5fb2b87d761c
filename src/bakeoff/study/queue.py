"""What a run has still to do: it gives out what a store lacks, once, to all runs that share it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from attrs import frozen

from bakeoff.study.experiment import Experiment, rounds_of
from bakeoff.study.machine import Machine
from bakeoff.study.record import Records
from bakeoff.study.store.store import Store
from bakeoff.system.processes import how_to_end, is_stopped, number_of, this_process


@frozen
class Task:
    """The atom of work: one competitor's group of rounds."""

    competitor: str
    group: int


def tasks_for(experiments: Mapping[str, Experiment], rounds: range) -> list[Task]:
    """Return the tasks that give every competitor all of `rounds`, earliest rounds first.

    Competitors alternate, so that a study that is stopped has complete pairs to compare.
    """
    found = []
    for place, (competitor, experiment) in enumerate(experiments.items()):
        together = experiment.rounds_per_group
        groups = range(rounds[0] // together, rounds[-1] // together + 1) if rounds else range(0)
        found += [(group * together, place, Task(competitor, group)) for group in groups]
    return [task for _, _, task in sorted(found, key=lambda entry: entry[:2])]


class TaskQueue:
    """The tasks of a study that a store has not finished; results are kept there.

    What others do is looked up only when the store has changed by more than this queue's own
    doing: a study of a hundred thousand tasks would otherwise be read through for each of them.

    Args:
        store: open for writing.
        experiments: who makes each competitor's rounds.
        rounds: those that all competitors are to have in the end.
        machine: where the rounds are trained.
        on_waiting: told, once of each other run, that there is nothing to do but to wait for it.

    Attributes:
        standing: results that stood at the beginning.
    """

    def __init__(
        self,
        store: Store,
        experiments: Mapping[str, Experiment],
        rounds: range,
        *,
        machine: Machine,
        on_waiting: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._store, self._left = store, tasks_for(experiments, rounds)
        self._keys = {name: experiment.key.text for name, experiment in experiments.items()}
        self._machine, self._news = machine, deque[Records]()
        self._on_waiting, self._waited_for = on_waiting, set[tuple[str, bool]]()
        self._together = {name: each.rounds_per_group for name, each in experiments.items()}
        self._owner = this_process()
        self._taken: set[Task] = set()
        self._claimed: dict[str, dict[int, tuple[str, str]]] = {}
        self._seen = (-1, -1)
        self.standing: Records = tuple(r for results in self._look() for r in results)

    @property
    def missing(self) -> int:
        """How many tasks are neither finished nor taken."""
        return len(self._left)

    def take(self) -> Task | None:
        """Claim and return the first task that nobody has finished or trains."""
        if self._store.version() == self._seen:
            task = self._first_free()
            if task is not None or not self._left:
                return task
            # A claim ends unseen when its owner dies, so what was seen may be old.
        self._news += self._look()
        task = self._first_free()
        if task is None and self._left and not self._taken:
            self._tell_of_holders()
        return task

    def _tell_of_holders(self) -> None:
        """Say who holds what is left, once of each and once more if it is stopped."""
        held: dict[str, list[tuple[Task, str]]] = {}
        for task in self._left:
            owner, since = self._claimed[self._keys[task.competitor]].get(task.group, ("", ""))
            if owner:
                held.setdefault(owner, []).append((task, since))
        for owner, tasks in held.items():
            number = number_of(owner)
            stopped = is_stopped(number)
            if (owner, stopped) not in self._waited_for:
                self._waited_for.add((owner, stopped))
                what = ", ".join(f"{t.competitor} {_told(self._rounds(t))}" for t, _ in tasks)
                since = min(since for _, since in tasks)[:19].replace("T", " ")
                how = (
                    f"it is stopped: kill -CONT {number} lets it go on, kill -KILL {number} ends it"
                    if stopped
                    else f"it is at work, and {how_to_end(number)} would end it"
                )
                self._on_waiting(
                    f"waits for process {number}, which holds {what} since {since} UTC; {how}, and"
                    " what it held is then trained here"
                )

    def _first_free(self) -> Task | None:
        for task in self._left:
            key = self._keys[task.competitor]
            # Looking first keeps a waiting run from taking the write lock again and again.
            if task.group in self._claimed.get(key, {}):
                continue
            with self._own_change():
                claimed = self._store.claim(key, task.group, self._owner, self._rounds(task))
            if claimed:
                self._left.remove(task)
                self._taken.add(task)
                return task
        return None

    def keep(self, task: Task, results: Records) -> None:
        """Keep a task's results."""
        with self._own_change():
            self._store.keep(self._keys[task.competitor], task.group, results, self._machine)
        self._taken.discard(task)
        self._news.append(results)

    def news(self) -> Iterator[Records]:
        """Yield, once, each group's results that have come to stand, whichever run trained them."""
        while self._news:
            yield self._news.popleft()

    def give_back(self, task: Task) -> None:
        """End the claim on a task that will not be finished here."""
        key = self._keys[task.competitor]
        with self._own_change():
            self._store.release(key, task.group, self._owner)
        self._claimed.get(key, {}).pop(task.group, None)
        self._taken.discard(task)
        self._left.insert(0, task)

    def close(self) -> None:
        """Give back whatever is still taken."""
        for task in tuple(self._taken):
            self.give_back(task)

    def leave_out(self, competitors: Collection[str]) -> None:
        """Make no more rounds of some competitors; one that is being made is kept."""
        self._left = [task for task in self._left if task.competitor not in competitors]

    def others_at_work(self) -> bool:
        """Tell whether tasks are left that other runs hold."""
        return bool(self._left)

    @contextmanager
    def _own_change(self) -> Iterator[None]:
        """Change the store in the body; only what others change meanwhile is then news."""
        before = self._store.version()
        yield
        after = self._store.version()
        if before == self._seen and before[0] == after[0]:
            self._seen = after

    def _look(self) -> list[Records]:
        """See what others have claimed and finished, and return what is finished now."""
        self._seen = self._store.version()
        keys = set(self._keys.values())
        self._claimed = {key: self._store.claimed(key) for key in keys}
        finished = {key: self._store.finished(key) for key in keys}
        found, left = [], []
        for task in self._left:
            rounds = self._rounds(task)
            if finished[self._keys[task.competitor]].issuperset(rounds):
                found.append((task.competitor, rounds))
            else:
                left.append(task)
        self._left = left
        return self._read(found)

    def _read(self, found: list[tuple[str, range]]) -> list[Records]:
        """Return the results of some groups, reading each competitor's once."""
        standing = {
            name: {r.round: r for r in self._store.results({name: self._keys[name]})}
            for name in {name for name, _ in found}
        }
        return [tuple(standing[name][r] for r in rounds) for name, rounds in found]

    def _rounds(self, task: Task) -> range:
        return rounds_of(task.group, self._together[task.competitor])


def _told(rounds: range) -> str:
    if len(rounds) == 1:
        return f"round {rounds[0]}"
    return f"rounds {rounds[0]} to {rounds[-1]}"
