"""Fill the tables of docs/cluster.md from the measurements in results/cluster.json.

    .venv/bin/python tools/cluster_page.py

The page's prose is written by hand, its numbers never: each table stands between two comments that
name it, and this tool replaces what is between them. A test compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from generated import fill, table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "cluster.md"
FILE = ROOT / "results" / "cluster.json"
LONGER = (10.0, 60.0)


@frozen
class Costs:
    """What was measured, in seconds; see tools/cluster_costs.py.

    Attributes:
        machine: the CPU.
        versions: of what shapes the costs.
        competitors: of the study that is reckoned with.
        rounds: of each of them, one task a round.
        round_seconds: of a round of the ablation.
        attach: for the parent to attach.
        keep: to write a result to the store.
        parent: of the parent a task, by the number of workers, without the cluster.
        client: of the parent a task, to send it and receive its result.
        scheduler: of the scheduler a task.
    """

    machine: str
    versions: dict[str, str]
    competitors: int
    rounds: int
    round_seconds: float
    attach: float
    keep: float
    parent: dict[int, float]
    client: float
    scheduler: float

    @property
    def tasks(self) -> int:
        """How many tasks the study has."""
        return self.competitors * self.rounds

    def parents(self, workers: int) -> float:
        """Return the parent's seconds a task in all."""
        return self.parent[workers] + self.client

    def whole(self, workers: int, seconds: float) -> float:
        """Return the seconds that the study takes: all go on at once, the slowest decides."""
        slowest = max(seconds / workers, self.parents(workers), self.scheduler)
        return self.attach + self.tasks * slowest


def read_costs(path: Path = FILE) -> Costs:
    """Return what a file of measurements says."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return Costs(
        machine=told["machine"],
        versions=told["versions"],
        competitors=told["competitors"],
        rounds=told["rounds"],
        round_seconds=told["round_seconds"],
        attach=told["cluster"]["attach_cpu_seconds"],
        keep=told["store_seconds_a_result"],
        parent={int(n): value for n, value in told["parent_seconds_a_task"].items()},
        client=told["cluster"]["parent_seconds_a_task"],
        scheduler=told["cluster"]["scheduler_seconds_a_task"],
    )


def measured(costs: Costs) -> str:
    """Return what was measured."""
    rows = [
        ("the parent: to attach to two workers, once", f"{1000 * costs.attach:.0f} ms"),
        ("the parent: to send a task and receive its result", _ms(costs.client)),
        ("the scheduler: to hand a task on", _ms(costs.scheduler)),
    ]
    rows += [
        (f"the parent: to choose, keep and watch a task of {workers:,} in flight", _ms(seconds))
        for workers, seconds in costs.parent.items()
    ]
    rows.append(("of that, to write a result to the store", _ms(costs.keep)))
    told = ", ".join(f"{name} {number}" for name, number in costs.versions.items())
    return f"{table(('what', 'processor time'), rows)}\n\n{costs.machine}; {told}."


def reckoned(costs: Costs) -> str:
    """Return how long the study takes."""
    rows = []
    for seconds in (costs.round_seconds, *LONGER):
        for workers in costs.parent:
            training = costs.tasks * seconds / workers
            whole = costs.whole(workers, seconds)
            rows.append(
                (
                    f"{seconds:.3g} s",
                    f"{workers:,}",
                    _time(training),
                    _time(costs.tasks * costs.parents(workers)),
                    _time(costs.tasks * costs.scheduler),
                    _time(whole),
                    f"{100 * training / whole:.0f} %",
                )
            )
    header = ("a round", "workers", "training", "parent", "scheduler", "whole", "workers busy")
    return table(header, rows)


def limits(costs: Costs) -> str:
    """Return where the parent becomes the bottleneck."""
    rows = [
        (
            f"{workers:,}",
            f"{1 / costs.parents(workers):.0f}",
            f"{workers * costs.parents(workers):.2g} s",
        )
        for workers in costs.parent
    ]
    header = ("workers", "tasks a second, at most", "the parent decides if a round is shorter than")
    return table(header, rows)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


TABLES: dict[str, Callable[[Costs], str]] = {
    "measured": measured,
    "reckoned": reckoned,
    "limits": limits,
}


def filled(page: str, path: Path = FILE) -> str:
    """Return the page's text with every table made anew."""
    costs = read_costs(path)
    return fill(page, TABLES, costs)


def main() -> None:
    """Write the page."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
