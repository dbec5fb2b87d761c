"""A benchmark whose figures are made up."""

from bakeoff.bench.growth import AXES, curve
from bakeoff.bench.measure import Measured, Timing
from bakeoff.bench.report import Benchmark
from bakeoff.bench.work import OURS, WORKS

DISK = WORKS[0]


def measured(work, slower=3.0, missing=()):
    timings = {OURS: Timing((2e-4, 1e-4, 4e-4), 0.25)}
    for rival in work.rivals:
        if rival not in missing:
            timings[rival] = Timing((slower * 1e-4, slower * 2e-4), 12.0)
    return Measured(work, timings, dict.fromkeys(missing, "not installed"), flops=400_000)


def benchmark(slower=3.0):
    curves = tuple(curve(axis, [measured(work) for _, work in axis.works]) for axis in AXES[:2])
    return Benchmark((measured(DISK, slower, missing=("jax-jit",)),), curves, peak=8e10)
