"""Timings and ratios, what the ratios must reach, and how people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import NamedTuple

from bakeoff.study.machine import cpu_model
from benchmarks.works import OURS, RIVALS, Work

PACKAGES = ("torch", "jax", "scikit-learn")


@dataclass(frozen=True)
class Timing:
    """Samples of one contender at one piece of work.

    Attributes:
        samples: seconds a unit of work, in the order taken, at least one.
        start_seconds: seconds until the first result: making it, capture or compilation, first
            call.
    """

    samples: tuple[float, ...]
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

    def rows(self) -> tuple[Row, ...]:
        """Return a row for each rival that was measured, in the work's order."""
        ours = self.timings[OURS]
        return tuple(
            Row(
                self.work.name,
                rival,
                ours.minimum,
                theirs.minimum,
                theirs.minimum / ours.minimum,
                theirs.median / ours.median,
            )
            for rival in self.work.rivals
            if (theirs := self.timings.get(rival)) is not None
        )

    def share_of_peak(self, contender: str, peak: float) -> float | None:
        """Return which share of the peak, in operations a second, a contender reaches at best."""
        if self.flops is None:
            return None
        return self.flops / self.timings[contender].minimum / peak


class Floor(NamedTuple):
    """What is promised about one rival at one piece of work: the ratio of minima, and our aim."""

    work: str
    rival: str
    least: float
    aim: float


FLOORS = (
    Floor("model1-step", "pytorch-eager", 2.5, 4.0),
    Floor("model2-step", "pytorch-eager", 2.5, 4.0),
    Floor("model4-step", "pytorch-eager", 0.9, 1.5),
    Floor("disk-step", "pytorch-eager", 4.0, 6.0),
    Floor("disk-30", "pytorch-eager", 15.0, 40.0),
    Floor("disk-30", "torch-vmap-grad", 2.0, 4.0),
    Floor("disk-30", "torch-stacked", 1.25, 2.0),
    Floor("disk-30", "jax-vmap-scan", 1.25, 1.6),
    Floor("ablation", "pytorch-loop", 4.0, 6.0),
    Floor("ablation", "pytorch-two-workers", 2.0, 3.0),
)


def floor_of(work: str, rival: str) -> Floor | None:
    """Return what is promised about a rival at a piece of work, if anything."""
    return next((f for f in FLOORS if (f.work, f.rival) == (work, rival)), None)


def broken(measured: Iterable[Measured]) -> tuple[str, ...]:
    """Return a sentence for each promise that was not kept, or could not be seen to be kept.

    Only the pieces of work that were measured count. A rival that could not be measured breaks its
    promise: a check that quietly checks nothing protects nothing.
    """
    sentences = []
    for one in measured:
        rows = {row.rival: row for row in one.rows()}
        for floor in (f for f in FLOORS if f.work == one.work.name):
            row = rows.get(floor.rival)
            if row is None:
                got = f"not measured ({one.missing.get(floor.rival, 'left out')})"
            else:
                got = f"got {row.ratio_of_minima:.2f}×"
            if row is None or row.ratio_of_minima < floor.least:
                where = f"{floor.work} against {floor.rival}"
                sentences.append(f"{where}: {got}, expected at least {floor.least:g}×")
    return tuple(sentences)


def json_rows(measured: Iterable[Measured]) -> str:
    """Return a JSON list of rows."""
    rows = [row._asdict() for found in measured for row in found.rows()]
    return json.dumps(rows, indent=1, allow_nan=False) + "\n"


def markdown(found: Measured, peak: float) -> str:
    """Return one piece of work as a Markdown table, a contender a line, its columns aligned.

    Args:
        found: what was measured.
        peak: operations a second of the fastest matrix product on one core.
    """
    heads = ("", "min", "median", "ratio min", "median", "floor", "start", "peak")
    lines = [heads, ("---", *["---:"] * (len(heads) - 1))]
    ratios = {row.rival: row for row in found.rows()}
    for name, timing in found.timings.items():
        row, floor = ratios.get(name), floor_of(found.work.name, name)
        share = found.share_of_peak(name, peak)
        line = (
            title_of(name),
            duration(timing.minimum),
            duration(timing.median),
            f"{row.ratio_of_minima:.2f}×" if row else "",
            f"{row.ratio_of_medians:.2f}×" if row else "",
            f"{floor.least:g}×" if floor else "",
            duration(timing.start_seconds) if timing.start_seconds else "",
            "" if share is None else f"{100 * share:.0f} %",
        )
        lines.append(line)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = [
        "| " + " | ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in each) + " |"
        for each in (enumerate(zip(line, widths, strict=True)) for line in lines)
    ]
    missing = [f"{title_of(n)}: not available: {why}\n" for n, why in found.missing.items()]
    title = f"{found.work.title}: time per {found.work.unit}"
    return "\n".join([title, "", *rows, "", *missing])


def machine(peak: float) -> str:
    """Return in a sentence where and with what it was measured."""
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return (
        f"One core of {cpu_model()}, whose fastest matrix product does"
        f" {peak / 1e9:.0f} GFLOP/s; {versions}."
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def duration(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{_three(seconds * factor)} {unit}"
    return f"{_three(seconds)} s"


def _three(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def title_of(contender: str) -> str:
    """Return what people read for a contender."""
    return RIVALS[contender]
