"""Measure how fast bakeoff is beside PyTorch, JAX and scikit-learn at the same work, all in turn.

Before anything is timed, each rival does the work once from the same weights and must get the same
losses. A ratio says how many times faster bakeoff is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bakeoff.errors import BakeoffError
from bakeoff.writing import check_writable, write_whole
from benchmarks.commands import FULL, QUICK_SCALE, SCALED, measure_commands
from benchmarks.interleave import QUICK, QUICK_GROWTH, THOROUGH, THOROUGH_GROWTH, Processes
from benchmarks.measure import Measured, broken, json_rows, machine, markdown
from benchmarks.works import GROWTH, WORKS, Work

BELOW_FLOOR = 1
MISTAKE = 2


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print tables in Markdown and write rows; return the exit code."""
    arguments = parser().parse_args(words)
    try:
        if arguments.json is not None:
            check_writable(arguments.json)
        found, peak = measure(
            wanted(arguments.only or ()), quick=arguments.quick, full=arguments.full, tell=_tell
        )
    except BakeoffError as error:
        print(f"bench: {error}", file=sys.stderr)
        return MISTAKE
    print(machine(peak))
    if arguments.json is not None:
        write_whole(arguments.json, json_rows(found))
    sentences = broken(found) if arguments.check else ()
    for sentence in sentences:
        print(f"bench: {sentence}", file=sys.stderr)
    return BELOW_FLOOR if sentences else 0


def parser() -> argparse.ArgumentParser:
    """Return what reads the arguments."""
    words = argparse.ArgumentParser(prog='make bench ARGS="..."', description=__doc__)
    words.add_argument(
        "--only",
        action="append",
        choices=[*(work.name for work in WORKS), "growth"],
        help="measure only this work (repeatable)",
    )
    words.add_argument("--quick", action="store_true", help="fewer samples: minutes")
    words.add_argument("--full", action="store_true", help="the ablation over all of its 30 rounds")
    words.add_argument("--check", action="store_true", help="exit with 1 below a promised ratio")
    words.add_argument("--json", type=Path, metavar="FILE", help="write a row for each rival")
    return words


def wanted(only: Sequence[str]) -> tuple[Work, ...]:
    """Return the works of these names, `growth` among them, in the usual order; all for none."""
    grows = GROWTH if not only or "growth" in only else ()
    return (*(work for work in WORKS if not only or work.name in only), *grows)


def measure(
    works: Sequence[Work], *, quick: bool, full: bool, tell: Callable[[Measured | str, float], None]
) -> tuple[tuple[Measured, ...], float]:
    """Measure works, the whole commands last.

    Args:
        works: what to measure.
        quick: fewer samples.
        full: whole commands over all 30 rounds.
        tell: called with the title of what is measured next, and with each result, and the
            operations a second of the fastest matrix product on one core.

    Raises:
        BenchError: if a rival computes something else than we do, or we cannot be measured.
    """
    found: list[Measured] = []
    with Processes() as processes:
        peak = processes.peak()
        for work in (work for work in works if work.kind != "command"):
            tell(work.title, peak)
            long, short = (THOROUGH_GROWTH, QUICK_GROWTH) if work in GROWTH else (THOROUGH, QUICK)
            found.append(processes.measure(work, short if quick else long))
            tell(found[-1], peak)
    # Outside the block: whole commands may use every core.
    for work in (work for work in works if work.kind == "command"):
        tell(work.title, peak)
        found.append(measure_commands(work, FULL if full else QUICK_SCALE if quick else SCALED))
        tell(found[-1], peak)
    return tuple(found), peak


def _tell(what: Measured | str, peak: float) -> None:
    if isinstance(what, str):
        print(f"measuring: {what} ...", file=sys.stderr, flush=True)
    else:
        print(markdown(what, peak), flush=True)


if __name__ == "__main__":
    sys.exit(main())
