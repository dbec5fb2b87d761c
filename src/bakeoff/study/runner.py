"""Runs the groups of rounds of a study in worker processes.

What is left to do stands in a queue; the runner takes a task from it, has it trained, and hands
the results back. Tasks are independent and pure, so neither the number of workers nor the order
in which they end shapes any result. Only the parent process keeps results.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from errno import ENOMEM
from time import sleep
from typing import Protocol

from attrs import define, field

from bakeoff.errors import BakeoffError, StudyError
from bakeoff.study.experiment import Experiment, rounds_of, run_group
from bakeoff.study.queue import Task
from bakeoff.study.record import Records
from bakeoff.study.workers import Pool, WorkerError
from bakeoff.system.ctrl_c import Interrupts

MOST_TRIES = 3
MOST_FAILURES = 3
POLL_SECONDS = 0.1


class Queue(Protocol):
    """Knows what is to be done, and keeps what was done."""

    def take(self) -> Task | None:
        """Return a task that nobody trains yet, now ours; None if there is none at present."""

    def keep(self, task: Task, results: Records) -> None:
        """Keep the results of a task that was taken."""

    def give_back(self, task: Task) -> None:
        """Let others have a task that was taken and will not be finished here."""

    def others_at_work(self) -> bool:
        """Tell whether someone else trains a task that this study needs."""

    def news(self) -> Iterator[Records]:
        """Yield, once, the results that have come to stand."""


def finish(
    queue: Queue, *, experiments: Mapping[str, Experiment], pool: Pool
) -> Generator[Records]:
    """Have what the queue gives made; yield each group's results as soon as they are kept.

    Whoever stops listening ends it: what has ended by then is kept, and tasks in flight are given
    back, their workers gone.

    Args:
        queue: gives the tasks and keeps the results.
        experiments: who makes each competitor's rounds.
        pool: the workers; stopped where tasks are in flight when this ends.

    Raises:
        StudyError: with the first failure, if a round failed in a user's code, when all others are
            kept; whatever else a round raises, likewise. A competitor that fails `MOST_FAILURES`
            times is given up.
        KeyboardInterrupt: after Ctrl-C, when finished groups are kept and the workers are gone.
        WorkerError: if workers died `MOST_TRIES` times over the same task.
    """
    run = _Run(queue, experiments, pool)
    with Interrupts() as interrupts:
        try:
            while run.fill() or (not run.failed and queue.others_at_work()):
                run.collect()
                yield from queue.news()
                interrupts.check()
        finally:
            if run.in_flight:
                pool.stop()
            run.settle()
    yield from queue.news()
    run.tell_failures()


@define
class _Run:
    """The tasks in flight, never more than there are workers: Ctrl-C then has little to end."""

    queue: Queue
    experiments: Mapping[str, Experiment]
    pool: Pool
    in_flight: dict[Future[Records], Task] = field(factory=dict)
    again: deque[Task] = field(factory=deque)
    tries: Counter[Task] = field(factory=Counter)
    failed: dict[Task, BaseException] = field(factory=dict)
    given_up: list[Task] = field(factory=list)

    def fill(self) -> bool:
        """Give every idle worker a task; tell whether any task is in flight."""
        while len(self.in_flight) < self.pool.workers:
            task = self.again.popleft() if self.again else self.queue.take()
            if task is None:
                break
            if Counter(t.competitor for t in self.failed)[task.competitor] >= MOST_FAILURES:
                self.given_up.append(task)
                continue
            try:
                future = self.pool.submit(run_group, self.experiments[task.competitor], task.group)
            except BrokenProcessPool:
                # A worker died since we last looked; the tasks in flight will say so.
                self.again.appendleft(task)
                if not self.in_flight:
                    self.pool.rebuild()
                break
            self.in_flight[future] = task
        return bool(self.in_flight or self.again)

    def collect(self) -> None:
        """Wait a moment for tasks to end; keep their results, or have them trained again."""
        if not self.in_flight:
            sleep(POLL_SECONDS)
            return
        ended, _ = wait(self.in_flight, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        if not ended:
            self.pool.check()
        if any(isinstance(future.exception(), BrokenProcessPool) for future in ended):
            # The pool fails all of its futures together; see them all before replacing it.
            ended, _ = wait(self.in_flight)
        lost = [task for future in ended if (task := self._ended(future)) is not None]
        if lost:
            self.pool.rebuild()
            self._again(lost)

    def _ended(self, future: Future[Records]) -> Task | None:
        """Keep one task's results, or return the task if its worker died."""
        task = self.in_flight.pop(future)
        error = future.exception()
        if error is None:
            self.queue.keep(task, future.result())
            return None
        if isinstance(error, BrokenProcessPool):
            return task
        if is_out_of_memory(error):
            self.queue.give_back(task)
            raise WorkerError(
                f"a worker process ran out of memory while it trained {task.competitor!r} group "
                f"{task.group}: finished rounds are kept, so run again, perhaps with fewer workers"
            ) from error
        self.failed[task] = error  # given back in the end, so that it is not taken at once again
        return None

    def _again(self, lost: list[Task]) -> None:
        self.again.extend(lost)
        self.tries.update(set(lost))
        given_up = [task for task in lost if self.tries[task] >= MOST_TRIES]
        if given_up:
            names = " or ".join(f"{task.competitor!r} group {task.group}" for task in given_up)
            raise WorkerError(
                f"a worker process died {MOST_TRIES} times while it trained {names}, killed or out "
                "of memory: finished rounds are kept, so run again, perhaps with fewer workers"
            )

    def settle(self) -> None:
        """Keep what had ended when the run was stopped, and give back what had not."""
        for future, task in self.in_flight.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self.queue.keep(task, future.result())
            else:
                self.queue.give_back(task)
        for task in (*self.again, *self.failed, *self.given_up):
            self.queue.give_back(task)

    def tell_failures(self) -> None:
        """Raise the first failure, in a sentence that names all if it is a user's."""
        for task, error in self.failed.items():
            if not isinstance(error, BakeoffError):
                error.add_note(f"while training competitor {task.competitor!r}, group {task.group}")
                raise error
            rounds = (
                f"{t.competitor} {r}"
                for t in self.failed
                for r in rounds_of(t.group, self.experiments[t.competitor].rounds_per_group)
            )
            left = f", {len(self.given_up)} more were not tried" if self.given_up else ""
            raise StudyError(
                f"{error}; failed: round {', '.join(rounds)}{left}; all others are kept, and"
                " running again trains what is missing"
            ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an allocation failed; torch tells it in the words of a RuntimeError."""
    no_memory = isinstance(error, OSError) and error.errno == ENOMEM
    return isinstance(error, MemoryError) or no_memory or "DefaultCPUAllocator" in str(error)
