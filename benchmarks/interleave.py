"""All contenders in turn, many short samples: what disturbs one disturbs its neighbours alike.

Each contender lives in a process of its own, pinned to one core, and is timed there when asked.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from bakeoff.errors import BakeoffError
from benchmarks.measure import Measured, Timing, title_of
from benchmarks.works import OURS, BenchError, Work

T = TypeVar("T")
TOLERANCE = 1e-4
SHORTEST_SAMPLE = 0.01  # seconds: the first calls, whose caches are cold, count for little
WARM_SECONDS = 0.3  # before samples: whoever looks twice at first, or compiles, is done with it
MOST_CALLS = 1000


class Effort(NamedTuple):
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


class Processes(ExitStack):
    """A process for each contender, started when first needed; use it in a `with` block.

    Every process is pinned: the contenders, of which one computes at a time, to the last core that
    this one may use, and this one to the first.
    """

    def __init__(self) -> None:
        super().__init__()
        cores = sorted(os.sched_getaffinity(0))
        self.callback(os.sched_setaffinity, 0, cores)
        os.sched_setaffinity(0, cores[:1])
        # The folder of compiled code is empty at first, so that compile times are true.
        cache = self.enter_context(tempfile.TemporaryDirectory(prefix="bakeoff-bench-"))
        self._prepared = (cores[-1], cache)
        self._open: dict[str, ProcessPoolExecutor] = {}

    def ask(self, name: str, question: Callable[..., T], *arguments: Any) -> T:
        """Return what a function returns in a contender's process; a module must define it.

        Raises:
            BenchError: if the process died.
        """
        if name not in self._open:
            spawn = multiprocessing.get_context("spawn")
            process = ProcessPoolExecutor(1, spawn, prepare, self._prepared)
            self._open[name] = self.enter_context(process)
        try:
            return self._open[name].submit(question, *arguments).result()
        except BrokenProcessPool as error:
            del self._open[name]
            raise BenchError(
                f"bench: the process of {title_of(name)} ended, expected an answer (see above)"
            ) from error

    def measure(self, work: Work, effort: Effort) -> Measured:
        """Make all contenders of a work, see that they agree, and time them in turn.

        Raises:
            BenchError: if a rival computes something else than we do, or we cannot be measured.
        """
        answers = {name: self.ask(name, make, name, work) for name in (OURS, *work.rivals)}
        missing = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
        ready = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
        if OURS in missing:
            raise BenchError(f"{work.name}: ours cannot be measured ({missing[OURS]})")
        check_agreement(work, {name: answer.figures for name, answer in ready.items()})
        samples: dict[str, list[float]] = {name: [] for name in ready}
        for _ in range(effort.cycles(sum(answer.sample_seconds for answer in ready.values()))):
            for name in ready:
                samples[name].append(self.ask(name, sample))
        timings = {name: Timing(samples[name], ready[name].start_seconds) for name in ready}
        return Measured(work, timings, missing, self.ask(OURS, product_flops, work))


def check_agreement(work: Work, figures: Mapping[str, Sequence[float]]) -> None:
    """See that every rival's figures are ours, to `TOLERANCE`.

    Raises:
        BenchError: naming the rival whose are not.
    """
    ours = figures[OURS]
    for name, theirs in figures.items():
        who = f"{work.name}: {title_of(name)}"
        if len(theirs) != len(ours):
            raise BenchError(f"{who} gave {len(theirs)} figures, expected {len(ours)} as ours")
        gaps = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
        if not all(gap <= TOLERANCE for gap in gaps):  # nor does NaN pass
            raise BenchError(
                f"{who} differs from ours by {max(gaps):.1e}, expected at most {TOLERANCE:g}:"
                " it does other work, so its time means nothing"
            )


# ---- in a contender's process -----------------------------------------------------------------


class Timer:
    """Times a contender in samples that are long enough to be told from the clock's noise."""

    def __init__(self, run: Callable[[], Any], units: int) -> None:
        self.run, self.units = run, units
        self.calls = 1
        warm = time.perf_counter() + WARM_SECONDS
        while time.perf_counter() < warm:
            run()
        seconds = min(self.sample(), self.sample()) * units
        self.calls = max(1, min(MOST_CALLS, round(SHORTEST_SAMPLE / seconds)))
        self.sample_seconds = self.calls * seconds

    def sample(self) -> float:
        """Return seconds a unit of work."""
        run = self.run
        began = time.perf_counter()
        for _ in range(self.calls):
            run()
        return (time.perf_counter() - began) / self.calls / self.units


class Ready(NamedTuple):
    """A contender has done its work once.

    Attributes:
        figures: what must agree with the others'.
        start_seconds: until the first result.
        sample_seconds: what one sample will take.
    """

    figures: list[float]
    start_seconds: float
    sample_seconds: float


HELD: list[Timer] = []
"""The one contender that this process holds."""


def prepare(core: int, cache: str) -> None:
    """Pin this process and fix the number of threads, before anything heavy is imported."""
    os.sched_setaffinity(0, {core})
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # no pool of helpers beside the measurement
    os.environ["JAX_PLATFORMS"] = "cpu"  # JAX takes its threads from the cores it may use
    import torch

    torch.set_num_threads(1)


def make(name: str, work: Work) -> Ready | str:
    """Make a contender and have it do its work once; or say why it cannot be measured."""
    import torch

    from benchmarks.problem import make_problem
    from benchmarks.rivals import contender

    HELD.clear()
    gc.collect()
    try:
        problem, made = make_problem(work), contender(name, work.network)
        began = time.perf_counter()
        run = made(problem)
        result = run()
        start = time.perf_counter() - began
        figures: list[float] = torch.as_tensor(result).flatten().tolist()
        HELD.append(Timer(run, work.units))
    except ModuleNotFoundError as error:
        return f"{error}; pip install '.[bench]'"
    except BakeoffError as error:
        return str(error)
    except Exception as error:
        if name == OURS:
            raise
        # What a rival cannot do here (torch.compile without a C++ compiler) is told, not hidden.
        return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
    return Ready(figures, start, HELD[0].sample_seconds)


def sample() -> float:
    """Return a sample of the contender that was made."""
    return HELD[0].sample()


def product_flops(work: Work) -> int:
    """Return the floating-point operations in the matrix products of one unit of a work.

    They are those of plain PyTorch, a convolution being the product of its patches, and the same
    number is taken for every contender.
    """
    from torch.utils.flop_counter import FlopCounterMode

    from benchmarks.problem import make_problem
    from benchmarks.rivals.pytorch import eager

    one = replace(work, rounds=1)
    run = eager(make_problem(one))
    with FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops()) // one.units


def product_peak(seconds: float = 1.0) -> float:
    """Return the operations a second of the fastest float32 matrix product that torch has here."""
    import torch

    best = 0.0
    for n in (256, 512, 768, 1024):
        a, b, out = torch.rand(n, n), torch.rand(n, n), torch.empty(n, n)
        ends = time.perf_counter() + seconds / 4
        while time.perf_counter() < ends:
            began = time.perf_counter()
            torch.mm(a, b, out=out)
            best = max(best, 2 * n**3 / (time.perf_counter() - began))
    return best
