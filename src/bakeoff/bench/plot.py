"""The benchmark as a picture: ratios with their floors, and how cost grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bakeoff.bench.contender import BenchError
from bakeoff.bench.floors import floor_of
from bakeoff.bench.growth import Curve
from bakeoff.bench.measure import Row, title_of
from bakeoff.bench.report import Benchmark
from bakeoff.bench.work import OURS

OURS_COLOUR, FLOOR_COLOUR = "#1b6ca8", "#c0392b"
RIVAL_COLOURS = ("#d98c21", "#4f9a4f", "#7d5ba6", "#8a8a8a", "#b5651d")


def check_plotting(path: Path) -> None:
    """Make sure, before any work, that `save_plot` will work.

    Raises:
        BenchError: without matplotlib, or for a kind of file that it does not write.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise BenchError(f"--plot: {error}; pip install 'bakeoff[bench]'") from error
    kinds = FigureCanvasAgg.get_supported_filetypes()
    if path.suffix.removeprefix(".") not in kinds:
        raise BenchError(
            f"{path}: got no kind of picture, expected a name that ends in .svg or .png"
        )


def save_plot(benchmark: Benchmark, path: Path) -> None:
    """Draw the benchmark and write it to a file whose ending says the format."""
    from matplotlib.figure import Figure  # not pyplot: no global state, no window

    rows = [row for found in benchmark.works for row in found.rows()]
    panels = [curve for curve in benchmark.curves if curve.points]
    heights = [0.25 * len(rows) + 1.0] * bool(rows) + [3.2] * (-(-len(panels) // 2))
    figure = Figure(figsize=(10, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    if rows:
        draw_ratios(parts[0].subplots(), rows)
    for i, curve in enumerate(panels):
        part = parts[bool(rows) + i // 2]
        draw_curve(part.add_subplot(1, 2, i % 2 + 1), curve)
    figure.savefig(path)


def draw_ratios(axes: Any, rows: list[Row]) -> None:
    """Draw a bar for each rival, from 1 to the ratio of minima, and a mark at its floor."""
    labels = [f"{row.work}: {title_of(row.rival)}" for row in rows]
    places = range(len(rows))
    axes.barh(places, [row.ratio_of_minima - 1 for row in rows], left=1, color=OURS_COLOUR)
    for place, row in zip(places, rows, strict=True):
        floor = floor_of(row.work, row.rival)
        least = 1.0 if floor is None else floor.least
        if floor is not None:
            axes.plot([least], [place], marker="|", markersize=12, color=FLOOR_COLOUR)
        right = max(row.ratio_of_minima, least, 1.0)
        axes.annotate(f"  {row.ratio_of_minima:.2g}×", (right, place), va="center")
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("how many times faster ours is, by the minima (red: what is promised)")


def draw_curve(axes: Any, curve: Curve) -> None:
    """Draw each contender's cost along the axis, both logarithmic."""
    colours = iter(RIVAL_COLOURS)
    for name in curve.contenders:
        values, seconds = zip(*curve.seconds(name), strict=True)
        colour, width = (OURS_COLOUR, 2.5) if name == OURS else (next(colours), 1.2)
        microseconds = [1e6 * s for s in seconds]
        label = title_of(name)
        axes.plot(values, microseconds, "o-", color=colour, linewidth=width, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(curve.axis.title)
    axes.set_ylabel(f"µs per {curve.axis.unit}")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="x-small")
