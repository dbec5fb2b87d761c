"""Measure what a study on a cluster costs beside the training; writes results/cluster.json.

    .venv/bin/python -m benchmarks.cluster
    .venv/bin/python tools/pages.py cluster     # then fill docs/cluster.md

Processor time is measured, not the clock's: a process does one thing at a time in Python, so what
it spends on a task is the least time between two tasks, and it does not depend on what else the
machine does. Everything runs on 127.0.0.1; a network would add its round trip to each task.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from bakeoff.study.cluster import ClusterPool
from bakeoff.study.keys import Key
from bakeoff.study.machine import Machine, this_machine
from bakeoff.study.queue import Task, TaskQueue
from bakeoff.study.record import Record, Records
from bakeoff.study.runner import finish
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.store import Store
from bakeoff.study.workers import WorkerError

ROOT = Path(__file__).parents[1]
T = TypeVar("T")
FILE = ROOT / "results" / "cluster.json"
COMPETITORS, ROUNDS = 1000, 100
SAMPLE = 400
WORKERS = (64, 1000)
PATIENCE = 600.0


def the_study() -> Study:
    """Return a study as large as the page's: so many competitors that differ in their step."""
    competitors = [Competitor(f"model2-{i:03}", "model2") for i in range(COMPETITORS)]
    return Study("large", "Which of a thousand?", competitors, rounds=ROUNDS)


def made_up(study: Study, competitor: Competitor, group: int, data_dir: str | None) -> Records:
    """Return results as large as real ones, after no time."""
    recipe = competitor.recipe
    curve = tuple((37 * epoch + group) % 97 / 97 for epoch in range(recipe.epochs))
    return tuple(
        Record(
            competitor=competitor.name,
            round=r,
            seed=study.seed,
            scores=dict.fromkeys(("train_loss", "train_accuracy", "test_accuracy"), curve[-1]),
            curves={
                "train_loss": curve,
                "train_accuracy": curve,
                "test_accuracy": curve[: len(recipe.evaluated_epochs())],
            },
            seconds=1.0,
            facts={"parameters": 72_546},
            attachments={"predictions": bytes(study.test_size)},
        )
        for r in recipe.rounds_of(group)
    )


class Sampled:
    """A queue of the whole study that ends the run after a sample of it, and times that.

    Attributes:
        seconds: processor time a task, once the run has ended.
    """

    def __init__(self, queue: TaskQueue, workers: int) -> None:
        self._queue, self._workers = queue, workers
        self._taken = self._kept = 0
        self.seconds = 0.0

    def take(self) -> Task | None:
        """Take a task, while the sample lasts."""
        if self._taken == SAMPLE + 2 * self._workers:
            return None
        self._taken += 1
        return self._queue.take()

    def keep(self, task: Task, results: Records) -> None:
        """Keep results; the first and last ones, when workers are idle, are not counted."""
        self._queue.keep(task, results)
        self._kept += 1
        if self._kept in (self._workers, self._workers + SAMPLE):
            self.seconds = time.process_time() / SAMPLE - self.seconds

    def give_back(self, task: Task) -> None:
        """Never asked for."""

    def others_at_work(self) -> bool:
        """Nobody is."""
        return False

    def news(self) -> Iterator[Records]:
        """Yield what was kept."""
        return self._queue.news()


class Instant:
    """Workers that are done at once, one result after the other."""

    def __init__(self, workers: int) -> None:
        self.workers, self.machine = workers, this_machine()
        self._waiting: deque[tuple[Future[object], Callable[[], object]]] = deque()

    def submit(self, function: Callable[..., T], *args: object) -> Future[T]:
        """Do the oldest task when the workers are full, so that results come one by one."""
        future: Future[T] = Future()
        self._waiting.append((future, partial(function, *args)))  # type: ignore[arg-type]
        if len(self._waiting) >= self.workers:
            self._finish_one()
        return future

    def check(self) -> None:
        """Finish what waits when nothing more comes."""
        while self._waiting:
            self._finish_one()

    def _finish_one(self) -> None:
        future, call = self._waiting.popleft()
        future.set_result(call())

    def rebuild(self) -> None:
        """Nothing breaks."""

    def stop(self) -> None:
        """Nothing runs."""


def recorded(store: Store, study: Study) -> dict[str, str]:
    """Enter a study into a store, and return its competitors' keys."""
    keys = {
        name: Key(f"{i:032x}", "{}", "sources", "embedded")
        for i, name in enumerate(study.competitor_names)
    }
    store.record(study, keys, range(ROUNDS))
    return {name: key.text for name, key in keys.items()}


def of_the_parent(workers: int) -> float:
    """Return the parent's seconds a task, without a cluster: the queue, the store, the runner."""
    study = the_study()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store") as store:
        keys = recorded(store, study)
        kept = TaskQueue(store, study, range(ROUNDS), keys=keys, machine=this_machine())
        queue = Sampled(kept, workers)
        for _ in finish(study, queue, train=made_up, pool=Instant(workers)):
            pass
        return queue.seconds


def of_the_store() -> float:
    """Return the seconds of processor time that keeping one result takes."""
    study = the_study()
    results = [made_up(study, study.competitors[0], r, None) for r in range(SAMPLE)]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store") as store:
        key = recorded(store, study)[study.competitors[0].name]
        machine, begun = this_machine(), time.process_time()
        for r, result in enumerate(results):
            store.keep(key, r, result, machine)
        return (time.process_time() - begun) / SAMPLE


# ---- a cluster on 127.0.0.1 -------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def of_the_cluster() -> dict[str, float]:
    """Return what attaching takes, and what a task takes in the parent and in the scheduler."""
    # Both for this process and for those of the cluster, which inherit the path.
    sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "faults")]
    from clusters import Cluster

    study = the_study().only(["model2-000"])  # all that the runner sends of it
    one = study.competitors[0]
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), 2) as cluster:
        address, scheduler = cluster.address, cluster.scheduler.pid
        _attached(address).stop()  # once before, so that all is imported
        wall, begun = time.monotonic(), time.process_time()
        pool = _attached(address)
        attach = time.process_time() - begun
        wall = time.monotonic() - wall
        try:
            _through(pool, study, one, range(50))
            begun, scheduler_begun = time.process_time(), cpu_seconds(scheduler)
            _through(pool, study, one, range(50, 50 + SAMPLE))
            parent = (time.process_time() - begun) / SAMPLE
            inside = (cpu_seconds(scheduler) - scheduler_begun) / SAMPLE
        finally:
            pool.stop()
    return {
        "attach_cpu_seconds": attach,
        "attach_seconds": wall,
        "parent_seconds_a_task": parent,
        "scheduler_seconds_a_task": inside,
    }


def _attached(address: str) -> ClusterPool:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            pool = ClusterPool(address)
        except WorkerError:
            if time.monotonic() > deadline:
                raise
            continue
        if pool.workers == 2:
            return pool
        pool.stop()


def _through(pool: ClusterPool, study: Study, one: Competitor, rounds: range) -> None:
    """Have tasks done, a few in flight at a time."""
    # By the name under which the workers import it, not as part of a script.
    train = importlib.import_module("benchmarks.cluster").made_up
    flying: deque[Future[Records]] = deque()
    for r in rounds:
        flying.append(pool.submit(train, study, one, r, None))
        if len(flying) == 8:
            flying.popleft().result(PATIENCE)
    for future in flying:
        future.result(PATIENCE)


def round_seconds() -> float:
    """Return the mean seconds of a round of the ablation, of those in results/."""
    told = json.loads((ROOT / "results" / "ablation.json").read_text(encoding="utf-8"))
    seconds = [r["seconds"] for c in told["competitors"] for r in c["rounds"]]
    return float(sum(seconds) / len(seconds))


def main() -> None:
    """Measure, and write the file."""
    machine: Machine = this_machine()
    told = {
        "machine": machine.cpu,
        "versions": machine.versions() | {"distributed": version("distributed")},
        "competitors": COMPETITORS,
        "rounds": ROUNDS,
        "round_seconds": round_seconds(),
        "store_seconds_a_result": of_the_store(),
        "parent_seconds_a_task": {str(workers): of_the_parent(workers) for workers in WORKERS},
        "cluster": of_the_cluster(),
    }
    FILE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(FILE.read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
