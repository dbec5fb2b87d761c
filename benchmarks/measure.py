"""Timings and ratios, what the ratios must reach, and how people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from statistics import median
from typing import NamedTuple

from bakeoff.system.processes import cpu_model
from benchmarks.works import CONTENDERS, OURS, Work


class Timing(NamedTuple):
    """Samples of one contender at one piece of work.

    Attributes:
        samples: seconds a unit of work, in the order taken, at least one.
        start_seconds: seconds until the first result: making it, capture or compilation, first
            call.
    """

    samples: Sequence[float]
    start_seconds: float

    @property
    def minimum(self) -> float:
        """Seconds a unit at best: what the work costs when nothing else disturbs it."""
        return min(self.samples)

    @property
    def median(self) -> float:
        """Seconds a unit, typically."""
        return median(self.samples)


class Row(NamedTuple):
    """One rival beside us: seconds a unit at best, and how many times faster we are."""

    work: str
    rival: str
    ours_seconds: float
    rival_seconds: float
    ratio_of_minima: float
    ratio_of_medians: float


@dataclass(frozen=True)
class Measured:
    """What was measured of one piece of work.

    Attributes:
        work: the work.
        timings: by contender; ours is always there.
        missing: why a rival could not be measured, by rival.
        flops: operations in the matrix products of a unit; None where they are not counted.
    """

    work: Work
    timings: dict[str, Timing]
    missing: dict[str, str]
    flops: int | None = None

    def rows(self) -> dict[str, Row]:
        """Return a row for each rival that was measured, in the work's order."""
        ours, rows = self.timings[OURS], {}
        for rival in (rival for rival in self.work.rivals if rival in self.timings):
            theirs = self.timings[rival]
            ratios = theirs.minimum / ours.minimum, theirs.median / ours.median
            rows[rival] = Row(self.work.name, rival, ours.minimum, theirs.minimum, *ratios)
        return rows


class Floor(NamedTuple):
    """What is promised about one rival at one piece of work: the ratio of minima, and our aim."""

    least: float
    aim: float


FLOORS = {
    ("model1-step", "pytorch-eager"): Floor(2.5, 4.0),
    ("model2-step", "pytorch-eager"): Floor(2.5, 4.0),
    ("model4-step", "pytorch-eager"): Floor(0.9, 1.5),
    ("disk-step", "pytorch-eager"): Floor(4.0, 6.0),
    ("disk-30", "pytorch-eager"): Floor(15.0, 40.0),
    ("disk-30", "torch-vmap-grad"): Floor(2.0, 4.0),
    ("disk-30", "torch-stacked"): Floor(1.25, 2.0),
    ("disk-30", "jax-vmap-scan"): Floor(1.25, 1.6),
    ("ablation", "pytorch-loop"): Floor(4.0, 6.0),
    ("ablation", "pytorch-two-workers"): Floor(2.0, 3.0),
}
"""By work and rival."""


def broken(measured: Iterable[Measured]) -> list[str]:
    """Return a sentence for each promise that was not kept, or could not be seen to be kept.

    Only the pieces of work that were measured count. A rival that could not be measured breaks its
    promise: a check that quietly checks nothing protects nothing.
    """
    sentences = []
    for one in measured:
        rows = one.rows()
        for rival in one.work.rivals:
            floor, row = FLOORS.get((one.work.name, rival)), rows.get(rival)
            if floor is None or (row is not None and row.ratio_of_minima >= floor.least):
                continue
            got = f"not measured ({one.missing.get(rival, 'left out')})"
            if row is not None:
                got = f"got {row.ratio_of_minima:.2f}×"
            expected = f"expected at least {floor.least:g}×"
            sentences.append(f"{one.work.name} against {rival}: {got}, {expected}")
    return sentences


# ---- how it is read ---------------------------------------------------------------------------


def json_rows(measured: Iterable[Measured]) -> str:
    """Return a JSON list of rows, each with the processor."""
    rows = [row._asdict() for found in measured for row in found.rows().values()]
    here = [row | {"machine": cpu_model()} for row in rows]
    return json.dumps(here, indent=1, allow_nan=False) + "\n"


def markdown(found: Measured, peak: float) -> str:
    """Return one piece of work as a Markdown table, a contender a line, its columns aligned.

    Args:
        found: what was measured.
        peak: operations a second of the fastest matrix product on one core.
    """
    heads = ("", "min", "median", "ratio min", "median", "floor", "start", "peak")
    lines = [heads, ("---", *["---:"] * (len(heads) - 1))]
    rows = found.rows()
    for name, timing in found.timings.items():
        row, floor = rows.get(name), FLOORS.get((found.work.name, name))
        share = found.flops and 100 * found.flops / timing.minimum / peak
        line = (
            title_of(name),
            duration(timing.minimum),
            duration(timing.median),
            f"{row.ratio_of_minima:.2f}×" if row else "",
            f"{row.ratio_of_medians:.2f}×" if row else "",
            f"{floor.least:g}×" if floor else "",
            duration(timing.start_seconds) if timing.start_seconds else "",
            f"{share:.0f} %" if share else "",
        )
        lines.append(line)
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    cells = ([line[0].ljust(first), *map(str.rjust, line[1:], others)] for line in lines)
    table = ["| " + " | ".join(line) + " |" for line in cells]
    missing = [f"{title_of(name)}: not available: {why}\n" for name, why in found.missing.items()]
    title = f"{found.work.title}: time per {found.work.unit}"
    return "\n".join([title, "", *table, "", *missing])


def machine(peak: float) -> str:
    """Return in a sentence where and with what it was measured."""
    installed = {each.name: each.version for each in distributions()}
    packages = ("torch", "jax", "scikit-learn")
    versions = ", ".join(f"{name} {installed.get(name, 'not installed')}" for name in packages)
    where = f"One core of {cpu_model()}, whose fastest matrix product does"
    return f"{where} {peak / 1e9:.0f} GFLOP/s; {versions}."


def duration(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    value, unit = 1e6 * seconds, "µs"
    for larger in ("ms", "s"):
        if value >= 1000:
            value, unit = value / 1000, larger
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def title_of(contender: str) -> str:
    """Return what people read for a contender."""
    return CONTENDERS[contender].title
