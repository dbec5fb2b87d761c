"""Measure what a study on a cluster costs beside the training; writes results/cluster.json.

    .venv/bin/python -m benchmarks.cluster
    .venv/bin/python tools/pages.py cluster     # then fill docs/cluster.md

Processor time is measured, not the clock's: a process does one thing at a time in Python, so what
it spends on a task is the least time between two tasks, and it does not depend on what else the
machine does. Everything runs on 127.0.0.1; a network would add its round trip to each task.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TypeVar

from bakeoff.study.cluster import ClusterPool
from bakeoff.study.experiment import run_group
from bakeoff.study.machine import this_machine
from bakeoff.study.queue import TaskQueue
from bakeoff.study.runner import finish
from bakeoff.study.store import Store
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tools" / "faults"))  # for the cluster's processes too

from clusters import Cluster  # noqa: E402
from moments import MadeUp, made_up  # noqa: E402

T = TypeVar("T")
FILE = ROOT / "results" / "cluster.json"
COMPETITORS, ROUNDS = 1000, 100
SAMPLE = 400
WORKERS = (64, 1000)
PATIENCE = 600.0


def the_study() -> NetworkStudy:
    """Return a study as large as the page's: so many competitors that differ in their step."""
    competitors = [NetworkCompetitor(f"model2-{i:03}", "model2") for i in range(COMPETITORS)]
    return NetworkStudy("large", "Which of a thousand?", competitors, rounds=ROUNDS)


@contextmanager
def recorded(study: NetworkStudy) -> Iterator[tuple[Store, dict[str, MadeUp]]]:
    """Give a new store that knows the study, and who makes the competitors' rounds."""
    made = made_up(study, at_once=True)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store") as store:
        store.record(study, {name: one.key for name, one in made.items()}, range(ROUNDS))
        yield store, made


class Instant:
    """Workers that are done at once, one result after the other."""

    def __init__(self, workers: int) -> None:
        self.workers, self.machine = workers, this_machine()
        self._waiting: deque[Callable[[], object]] = deque()

    def submit(self, function: Callable[..., T], *args: object) -> Future[T]:
        """Do the oldest task when the workers are full, so that results come one by one."""
        future: Future[T] = Future()
        self._waiting.append(lambda: future.set_result(function(*args)))
        if len(self._waiting) >= self.workers:
            self._waiting.popleft()()
        return future

    def check(self) -> None:
        """Nobody dies."""

    def rebuild(self) -> None:
        """Nothing breaks."""

    def stop(self) -> None:
        """Nothing runs."""


def of_the_parent(workers: int) -> float:
    """Return the parent's seconds a task, without a cluster: the queue, the store, the runner."""
    study = the_study()
    with recorded(study) as (store, made):
        queue = TaskQueue(store, made, range(ROUNDS), machine=this_machine())
        run = finish(queue, experiments=made, pool=Instant(workers))
        deque(islice(run, workers), maxlen=0)  # by then every worker has had its first task
        begun = time.process_time()
        deque(islice(run, SAMPLE), maxlen=0)
        seconds = (time.process_time() - begun) / SAMPLE
        run.close()
        return seconds


def of_the_store() -> float:
    """Return the seconds of processor time that keeping one result takes."""
    study, machine = the_study(), this_machine()
    with recorded(study) as (store, made):
        first = next(iter(made.values()))
        results = [first.run(range(r, r + 1)) for r in range(SAMPLE)]
        begun = time.process_time()
        for r, result in enumerate(results):
            store.keep(first.key.text, r, result, machine)
        return (time.process_time() - begun) / SAMPLE


def of_the_cluster() -> dict[str, float]:
    """Return what attaching takes, and what a task takes in the parent and in the scheduler."""
    study = the_study().only(["model2-000"])  # all that the runner sends of it
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), 2) as cluster:
        ClusterPool(cluster.address).stop()  # once before, so that all is imported
        wall, begun = time.monotonic(), time.process_time()
        pool = ClusterPool(cluster.address)
        attach, wall = time.process_time() - begun, time.monotonic() - wall
        submit = partial(pool.submit, run_group, MadeUp(study, at_once=True))
        try:
            _through(submit, range(50))
            begun, scheduler_begun = time.process_time(), cpu_seconds(cluster.scheduler.pid)
            _through(submit, range(50, 50 + SAMPLE))
            parent = (time.process_time() - begun) / SAMPLE
            inside = (cpu_seconds(cluster.scheduler.pid) - scheduler_begun) / SAMPLE
        finally:
            pool.stop()
    return {
        "attach_cpu_seconds": attach,
        "attach_seconds": wall,
        "parent_seconds_a_task": parent,
        "scheduler_seconds_a_task": inside,
    }


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _through(submit: Callable[..., Future[T]], rounds: range) -> None:
    """Have tasks done, a few in flight at a time."""
    flying: deque[Future[T]] = deque()
    for r in rounds:
        flying.append(submit(r))
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
    machine = this_machine()
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
    text = json.dumps(told, indent=1)
    FILE.write_text(f"{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
