"""A process that holds one contender at a time, pinned to its core, and times it when asked."""

from __future__ import annotations

import gc
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bakeoff.errors import BakeoffError
from benchmarks.works import OURS, Work

SHORTEST_SAMPLE = 0.01  # seconds: the first calls, whose caches are cold, count for little
MOST_CALLS = 1000


@dataclass(frozen=True)
class Ready:
    """A contender has done its work once.

    Attributes:
        figures: what must agree with the others'.
        start_seconds: until the first result.
        sample_seconds: what one sample will take.
        flops: see `Measured`; told by our own contender alone.
    """

    figures: tuple[float, ...]
    start_seconds: float
    sample_seconds: float
    flops: int | None


@dataclass(frozen=True)
class Missing:
    """A contender that cannot be measured, and why."""

    why: str


def serve(connection: Connection, name: str, cores: frozenset[int], cache: str) -> None:
    """Answer the parent until it hangs up; runs in a process of its own.

    A `Work` is answered by `Ready` or `Missing`; "sample" by the seconds of one unit; "peak" by
    the operations a second of the fastest matrix product.

    Args:
        connection: to the parent.
        name: the contender.
        cores: where this process may run; it computes in as many threads.
        cache: folder for compiled code, empty at first, so that compile times are true.
    """
    prepare(cores, cache)
    timer = None
    while True:
        try:
            asked = connection.recv()
        except (EOFError, OSError):
            return
        if isinstance(asked, Work):
            timer = None
            gc.collect()
            timer, answer = _made(name, asked)
            connection.send(answer)
        elif asked == "peak":
            connection.send(product_peak())
        elif timer is not None:
            connection.send(timer.sample())


def prepare(cores: frozenset[int], cache: str) -> None:
    """Pin this process and fix the number of threads, before anything heavy is imported."""
    os.sched_setaffinity(0, cores)
    threads = str(len(cores))
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = threads
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # no pool of helpers beside the measurement
    os.environ["JAX_PLATFORMS"] = "cpu"  # JAX takes its threads from the cores it may use
    import torch

    torch.set_num_threads(len(cores))


class Timer:
    """Times a contender in samples that are long enough to be told from the clock's noise."""

    def __init__(self, contender: Any, units: int) -> None:
        self.contender, self.units = contender, units
        self.calls = 1
        seconds = min(self.sample(), self.sample()) * units
        self.calls = max(1, min(MOST_CALLS, round(SHORTEST_SAMPLE / seconds)))
        self.sample_seconds = self.calls * seconds

    def sample(self) -> float:
        """Return seconds a unit of work."""
        run = self.contender.run
        began = time.perf_counter()
        for _ in range(self.calls):
            run()
        return (time.perf_counter() - began) / self.calls / self.units


def _made(name: str, work: Work) -> tuple[Timer | None, Ready | Missing]:
    """Make a contender and have it do its work once."""
    from benchmarks.contender import contender_class
    from benchmarks.problem import make_problem, product_flops

    try:
        problem = make_problem(work)
        made = contender_class(name, work.network)
        began = time.perf_counter()
        contender = made(problem)
        result = contender.run()
        start = time.perf_counter() - began
        figures = tuple(contender.figures(result))
        timer = Timer(contender, work.units)
        flops = product_flops(problem) if name == OURS else None
    except ModuleNotFoundError as error:
        return None, Missing(f"{error}; pip install '.[bench]'")
    except BakeoffError as error:
        return None, Missing(str(error))
    except Exception as error:
        if name == OURS:
            raise
        # What a rival cannot do here (torch.compile without a C++ compiler) is told, not hidden.
        first = (str(error).strip().splitlines() or [""])[0]
        return None, Missing(f"{type(error).__name__}: {first}")
    return timer, Ready(figures, start, timer.sample_seconds, flops)


def product_peak(seconds: float = 1.0) -> float:
    """Return the operations a second of the fastest float32 matrix product that torch has here."""
    import torch

    stream = torch.Generator().manual_seed(0)
    best = 0.0
    for n in (256, 512, 768, 1024):
        a, b = (torch.rand(n, n, generator=stream) for _ in range(2))
        out = torch.empty(n, n)
        ends = time.perf_counter() + seconds / 4
        while time.perf_counter() < ends:
            began = time.perf_counter()
            torch.mm(a, b, out=out)
            best = max(best, 2 * n**3 / (time.perf_counter() - began))
    return best
