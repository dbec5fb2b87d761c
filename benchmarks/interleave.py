"""All contenders in turn, many short samples: what disturbs one disturbs its neighbours alike."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from benchmarks.child import Missing, Ready, serve
from benchmarks.contender import BenchError
from benchmarks.measure import Measured, Timing, title_of
from benchmarks.works import OURS, Work

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        seconds: for one piece of work, all contenders together.
        least: samples of each contender at least, whatever they take.
        most: and at most.
    """

    seconds: float
    least: int
    most: int

    def cycles(self, sample_seconds: float) -> int:
        """Return how often to take a sample of each, if all of them together take so long."""
        return max(self.least, min(self.most, int(self.seconds / sample_seconds)))


THOROUGH = Effort(seconds=20.0, least=10, most=150)
QUICK = Effort(seconds=2.0, least=4, most=30)
THOROUGH_GROWTH = Effort(seconds=3.0, least=5, most=40)
QUICK_GROWTH = Effort(seconds=0.5, least=2, most=10)


class Processes:
    """A process for each contender, started when first needed; use it in a `with` block.

    Every process is pinned: the contenders, of which one computes at a time, to the last core that
    this one may use, and this one to the first.
    """

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self._before = frozenset(cores)
        self._core = frozenset(cores[-1:])
        self._mine = frozenset(cores[:1])
        self._context = multiprocessing.get_context("spawn")
        self._folder = tempfile.TemporaryDirectory(prefix="bakeoff-bench-")
        self._open: dict[str, tuple[Any, Connection]] = {}

    def __enter__(self) -> Self:
        os.sched_setaffinity(0, self._mine)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process, connection in self._open.values():
            connection.close()
            process.join(timeout=1.0)
            if process.is_alive():
                process.kill()
                process.join()
        self._folder.cleanup()
        os.sched_setaffinity(0, self._before)

    def ask(self, name: str, question: Any) -> Any:
        """Ask a contender's process and return its answer.

        Raises:
            BenchError: if the process died.
        """
        if name not in self._open:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(
                target=serve, args=(theirs, name, self._core, self._folder.name), daemon=True
            )
            process.start()
            theirs.close()
            self._open[name] = (process, ours)
        process, connection = self._open[name]
        try:
            connection.send(question)
            return connection.recv()
        except (EOFError, OSError) as error:
            process.join(timeout=1.0)
            del self._open[name]
            raise BenchError(
                f"bench: the process of {title_of(name)} ended with exit code {process.exitcode},"
                " expected an answer (see above)"
            ) from error

    def peak(self) -> float:
        """Return the operations a second of the fastest matrix product on one core."""
        return float(self.ask(OURS, "peak"))

    def measure(self, work: Work, effort: Effort) -> Measured:
        """Make all contenders of a work, see that they agree, and time them in turn.

        Raises:
            BenchError: if a rival computes something else than we do, or we cannot be measured.
        """
        answers = {name: self.ask(name, work) for name in (OURS, *work.rivals)}
        missing = {name: a.why for name, a in answers.items() if isinstance(a, Missing)}
        ready = {name: a for name, a in answers.items() if isinstance(a, Ready)}
        if OURS in missing:
            raise BenchError(f"{work.name}: ours cannot be measured ({missing[OURS]})")
        check_agreement(work, {name: answer.figures for name, answer in ready.items()})
        cycles = effort.cycles(sum(a.sample_seconds for a in ready.values()))
        samples: dict[str, list[float]] = {name: [] for name in ready}
        for _ in range(cycles):
            for name in ready:
                samples[name].append(self.ask(name, "sample"))
        timings = {n: Timing(tuple(samples[n]), a.start_seconds) for n, a in ready.items()}
        return Measured(work, timings, missing, ready[OURS].flops)


def check_agreement(work: Work, figures: Mapping[str, Sequence[float]]) -> None:
    """See that every rival's figures are ours, to `TOLERANCE`.

    Raises:
        BenchError: naming the rival whose are not.
    """
    ours = figures[OURS]
    for name, theirs in figures.items():
        if len(theirs) != len(ours):
            raise BenchError(
                f"{work.name}: {title_of(name)} gave {len(theirs)} figures, expected"
                f" {len(ours)} as ours"
            )
        gaps = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
        if not all(gap <= TOLERANCE for gap in gaps):  # nor does NaN pass
            raise BenchError(
                f"{work.name}: {title_of(name)} differs from ours by {max(gaps):.1e}, expected at"
                f" most {TOLERANCE:g}: it does other work, so its time means nothing"
            )
