"""`bakeoff bench`: how fast bakeoff is, beside what else one would use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.bench.growth import Curve
    from bakeoff.bench.measure import Measured
    from bakeoff.bench.report import Benchmark

BELOW_FLOOR = 1


def bench(
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="WORK", help="Measure only this work, or growth (repeatable)."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer samples: minutes.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="The whole ablation over all of its 30 rounds.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if a promised ratio is not reached.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a row for each rival to this file.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the tables to this file too.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw everything, as .svg or .png.")
    ] = None,
) -> None:
    """Time bakeoff beside PyTorch, JAX and scikit-learn at the same work, all in turn.

    Before anything is timed, each rival does the work once from the same weights and must get the
    same losses. A ratio says how many times faster bakeoff is. The rivals beyond PyTorch come
    with the extra: pip install 'bakeoff[bench]'.

    For example: bakeoff bench --quick
    """
    from bakeoff.bench.run import measure, order
    from bakeoff.writing import check_writable, write_whole

    wanted = order(tuple(only or ()), quick=quick, full=full)
    for path in (json, markdown, plot):
        if path is not None:
            check_writable(path)
    if plot is not None:
        from bakeoff.bench.plot import check_plotting

        check_plotting(plot)

    from bakeoff.cli.console import notes_console, results_console, say

    notes, results = notes_console(), results_console()
    found = measure(
        wanted,
        starting=lambda title: say(notes, f"measuring: {title} ..."),
        done=lambda one, peak: _show(results, one, peak),
    )
    say(results, found.machine())
    if json is not None:
        write_whole(json, found.json_rows())
    if markdown is not None:
        write_whole(markdown, found.markdown())
    if plot is not None:
        from bakeoff.bench.plot import save_plot

        save_plot(found, plot)
    if check:
        _check(notes, found)


def _show(console: Console, found: Measured | Curve, peak: float) -> None:
    from bakeoff.bench.measure import Measured
    from bakeoff.bench.tables import curve_view, work_view
    from bakeoff.cli.console import say

    if isinstance(found, Measured):
        console.print(work_view(found, peak))
        for name, why in found.missing.items():
            say(console, f"{name}: not available: {why}")
    else:
        console.print(curve_view(found))
    console.print()


def _check(console: Console, found: Benchmark) -> None:
    from bakeoff.bench.floors import broken
    from bakeoff.cli.console import say

    sentences = broken(found.works)
    for sentence in sentences:
        say(console, f"bakeoff: {sentence}")
    if sentences:
        raise typer.Exit(BELOW_FLOOR)
