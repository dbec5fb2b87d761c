"""What people and programs read: JSON rows, a Markdown table, lines for a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from bakeoff.bench.floors import floor_of
from bakeoff.bench.growth import Curve
from bakeoff.bench.measure import Measured, title_of
from bakeoff.bench.work import OURS
from bakeoff.study.machine import cpu_model

PACKAGES = ("torch", "jax", "scikit-learn")


@dataclass(frozen=True)
class Benchmark:
    """All that was measured.

    Attributes:
        works: piece by piece.
        curves: how cost grows; empty if that was not asked for.
        peak: operations a second of the fastest matrix product on one core.
    """

    works: tuple[Measured, ...]
    curves: tuple[Curve, ...]
    peak: float

    def json_rows(self) -> str:
        """Return a JSON list of rows, those of the curves after the works'."""
        curves = [found for curve in self.curves for _, found in curve.points]
        rows = [asdict(row) for found in (*self.works, *curves) for row in found.rows()]
        return json.dumps(rows, indent=1, allow_nan=False) + "\n"

    def markdown(self) -> str:
        """Return everything as Markdown."""
        parts = [works_table(self.works, self.peak)]
        parts += [curve_table(curve) for curve in self.curves]
        return "\n\n".join([*parts, self.machine()]) + "\n"

    def machine(self) -> str:
        """Return in a sentence where and with what it was measured."""
        versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
        return (
            f"One core of {cpu_model()}, whose fastest matrix product does"
            f" {self.peak / 1e9:.0f} GFLOP/s; {versions}."
        )


def works_table(works: Sequence[Measured], peak: float) -> str:
    """Return the works as a Markdown table, a rival a line."""
    lines = [
        "| work | contender | minimum | median | minima | medians | floor (aim) | start | peak |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for found in works:
        first = f"{found.work.title} (per {found.work.unit})"
        for name in (OURS, *found.work.rivals):
            cells = (first, title_of(name), *_contender_cells(found, name, peak))
            lines.append("| " + " | ".join(cells) + " |")
            first = ""
    return "\n".join(lines)


def _contender_cells(found: Measured, name: str, peak: float) -> tuple[str, ...]:
    timing = found.timings.get(name)
    if timing is None:
        return (f"not available: {found.missing[name]}", *[""] * 6)
    row = next((row for row in found.rows() if row.rival == name), None)
    share = found.share_of_peak(name, peak)
    return (
        duration(timing.minimum),
        duration(timing.median),
        f"**{row.ratio_of_minima:.2f}×**" if row else "",
        f"{row.ratio_of_medians:.2f}×" if row else "",
        promise(found.work.name, name),
        duration(timing.start_seconds) if timing.start_seconds else "",
        "" if share is None else f"{100 * share:.0f} %",
    )


def curve_table(curve: Curve) -> str:
    """Return a curve as a Markdown table: a value a line, a contender a column."""
    contenders = curve.contenders
    titles = " | ".join(title_of(name) for name in contenders)
    lines = [
        f"| {curve.axis.title} (per {curve.axis.unit}) | {titles} |",
        "|---:|" + "---:|" * len(contenders),
    ]
    seconds = {name: dict(curve.seconds(name)) for name in contenders}
    for value, _ in curve.points:
        cells = [duration(seconds[n][value]) if value in seconds[n] else "-" for n in contenders]
        lines.append(f"| {value:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def promise(work: str, rival: str) -> str:
    """Return the floor and the aim, in words; empty where nothing is promised."""
    floor = floor_of(work, rival)
    return "" if floor is None else f"{floor.least:g}× ({floor.aim:g}×)"


def duration(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{_three(seconds * factor)} {unit}"
    return f"{_three(seconds)} s"


def _three(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
