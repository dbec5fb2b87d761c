"""A benchmark whose figures are made up."""

from benchmarks.measure import Measured, Timing
from benchmarks.works import DISK, OURS

PEAK = 8e10


def measured(work=DISK, slower=3.0, missing=()):
    timings = {OURS: Timing((2e-4, 1e-4, 4e-4), 0.25)}
    for rival in work.rivals:
        if rival not in missing:
            timings[rival] = Timing((slower * 1e-4, slower * 2e-4), 12.0)
    return Measured(work, timings, dict.fromkeys(missing, "not installed"), flops=400_000)
