"""Measure what was asked for, in order, and tell each result as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bakeoff.bench.commands import FULL, QUICK_SCALE, SCALED, Scale, measure_commands
from bakeoff.bench.growth import AXES, GROWTH, Curve, curve
from bakeoff.bench.interleave import QUICK, THOROUGH, Effort, Processes
from bakeoff.bench.measure import Measured
from bakeoff.bench.report import Benchmark
from bakeoff.bench.work import WORKS, Work
from bakeoff.errors import ArgumentError, nearest

GROWTH_EFFORT = Effort(seconds=3.0, least=5, most=40)
QUICK_GROWTH = Effort(seconds=0.5, least=2, most=10)


@dataclass(frozen=True)
class Order:
    """What to measure, and how long.

    Attributes:
        works: the pieces of work.
        growth: whether to measure how cost grows.
        quick: fewer samples.
        full: whole commands over all 30 rounds.
    """

    works: tuple[Work, ...]
    growth: bool
    quick: bool = False
    full: bool = False

    @property
    def scale(self) -> Scale:
        """How much of a whole command to run."""
        return FULL if self.full else QUICK_SCALE if self.quick else SCALED


def order(only: tuple[str, ...], *, quick: bool, full: bool) -> Order:
    """Return what to measure: the works of these names, `growth` among them; all if none is named.

    Raises:
        ArgumentError: for an unknown name, with the nearest one.
    """
    known = [*(work.name for work in WORKS), GROWTH]
    for name in only:
        if name not in known:
            raise ArgumentError(
                f"--only: there is no work {name!r}{nearest(name, known)}, expected one of"
                f" {', '.join(known)}"
            )
    works = tuple(work for work in WORKS if not only or work.name in only)
    return Order(works, not only or GROWTH in only, quick, full)


def measure(
    wanted: Order,
    *,
    starting: Callable[[str], None],
    done: Callable[[Measured | Curve, float], None],
) -> Benchmark:
    """Measure everything.

    Args:
        wanted: what to measure.
        starting: called with the title of what is measured next.
        done: called with each result and the peak, in operations a second.

    Raises:
        BenchError: if a rival computes something else than we do, or we cannot be measured.
    """
    starting("the fastest matrix product")
    works: list[Measured] = []
    curves: list[Curve] = []
    with Processes() as processes:
        peak = processes.peak()
        for work in wanted.works:
            if work.kind != "command":
                starting(work.title)
                works.append(processes.measure(work, QUICK if wanted.quick else THOROUGH))
                done(works[-1], peak)
        for axis in AXES if wanted.growth else ():
            starting(axis.title)
            effort = QUICK_GROWTH if wanted.quick else GROWTH_EFFORT
            curves.append(curve(axis, _along(processes, effort, axis.works)))
            done(curves[-1], peak)
    # Outside the block: whole commands may use every core.
    for work in wanted.works:
        if work.kind == "command":
            starting(work.title)
            works.append(measure_commands(work, wanted.scale))
            done(works[-1], peak)
    return Benchmark(tuple(works), tuple(curves), peak)


def _along(
    processes: Processes, effort: Effort, works: tuple[tuple[int, Work], ...]
) -> Iterator[Measured]:
    for _, work in works:
        yield processes.measure(work, effort)
