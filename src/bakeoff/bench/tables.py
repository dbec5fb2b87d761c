"""The same for a terminal of 80 columns."""

from __future__ import annotations

from rich import box
from rich.table import Table

from bakeoff.bench.floors import floor_of
from bakeoff.bench.growth import Curve
from bakeoff.bench.measure import Measured, title_of
from bakeoff.bench.report import duration
from bakeoff.bench.work import OURS


def work_view(found: Measured, peak: float) -> Table:
    """Return the table of one piece of work: a contender a line, ours first."""
    table = _table(f"{found.work.title}: time per {found.work.unit}")
    table.add_column("", no_wrap=True)
    for heading in ("min", "median", "ratio\nmin", "ratio\nmedian", "floor", "start", "peak"):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = {row.rival: row for row in found.rows()}
    for name in (OURS, *found.work.rivals):
        timing, row = found.timings.get(name), rows.get(name)
        if timing is None:
            continue
        floor = floor_of(found.work.name, name)
        share = found.share_of_peak(name, peak)
        table.add_row(
            title_of(name),
            duration(timing.minimum),
            duration(timing.median),
            f"{row.ratio_of_minima:.2f}×" if row else "",
            f"{row.ratio_of_medians:.2f}×" if row else "",
            f"{floor.least:g}×" if floor else "",
            duration(timing.start_seconds) if timing.start_seconds else "",
            "" if share is None else f"{100 * share:.0f} %",
        )
    return table


def curve_view(curve: Curve) -> Table:
    """Return the table of one axis: a value a line, a contender a column."""
    table = _table(f"{curve.axis.title}: time per {curve.axis.unit}")
    table.add_column("", justify="right")
    seconds = {name: dict(curve.seconds(name)) for name in curve.contenders}
    for name in seconds:
        table.add_column(title_of(name), justify="right")
    for value, _ in curve.points:
        cells = (duration(s[value]) if value in s else "-" for s in seconds.values())
        table.add_row(f"{value:,}", *cells)
    return table


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
