"""Measure how fast bakeoff is beside PyTorch, JAX and scikit-learn at the same work, all in turn.

Before anything is timed, each rival does the work once from the same weights and must get the same
losses. A ratio says how many times faster bakeoff is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bakeoff.errors import BakeoffError
from bakeoff.files import check_writable, write_whole
from benchmarks.commands import measure_commands
from benchmarks.interleave import Effort, Processes, product_peak
from benchmarks.measure import Measured, broken, json_rows, machine, markdown
from benchmarks.works import GROWTH, OURS, WORKS, Work

BELOW_FLOOR = 1
MISTAKE = 2
FALLEN = 0.75  # of what a ratio was; less would be lost in the noise of a quick measurement


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print tables in Markdown and write rows; return the exit code."""
    parser = argparse.ArgumentParser(prog='make bench ARGS="..."', description=__doc__)
    names, only = [work.name for work in WORKS], "measure only this work (repeatable)"
    parser.add_argument("--only", action="append", choices=[*names, "growth"], help=only)
    parser.add_argument("--quick", action="store_true", help="fewer samples: minutes")
    parser.add_argument("--full", action="store_true", help="the ablation over all its 30 rounds")
    parser.add_argument("--check", action="store_true", help="exit with 1 below a promised ratio")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a row for each rival")
    parser.add_argument(
        "--compare",
        nargs=2,
        type=Path,
        metavar=("BEFORE", "NOW"),
        help="measure nothing; exit with 1 if a ratio of one machine fell by a quarter",
    )
    told = parser.parse_args(words)
    if told.compare is not None:
        return compared(*(json.loads(path.read_text(encoding="utf-8")) for path in told.compare))
    found: list[Measured] = []
    try:
        if told.json is not None:
            check_writable(told.json)
        for measured, peak in measure(wanted(told.only or ()), quick=told.quick, full=told.full):
            print(markdown(measured, peak), flush=True)
            found.append(measured)
    except BakeoffError as error:
        print(f"bench: {error}", file=sys.stderr)
        return MISTAKE
    print(machine(peak))
    if told.json is not None:
        write_whole(told.json, json_rows(found))
    sentences = broken(found) if told.check else []
    for sentence in sentences:
        print(f"bench: {sentence}", file=sys.stderr)
    return BELOW_FLOOR if sentences else 0


def compared(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> int:
    """Tell each ratio of minima in rows of two versions; return the exit code.

    The rival did the same work both times, so that a machine that was busier says nothing of us.
    """
    then = {(row["work"], row["rival"]): row["ratio_of_minima"] for row in before}
    fallen = False
    for row in now:
        was, here = then.get((row["work"], row["rival"])), row["ratio_of_minima"]
        if was is None:
            continue
        told = "  SLOWER" if here < FALLEN * was else ""
        print(f"{row['work']} beside {row['rival']}: was {was:.2f}×, is {here:.2f}×{told}")
        fallen = fallen or bool(told)
    return BELOW_FLOOR if fallen else 0


def wanted(only: Sequence[str]) -> tuple[Work, ...]:
    """Return the works of these names, `growth` among them, in the usual order; all for none."""
    grows = GROWTH if not only or "growth" in only else ()
    return (*(work for work in WORKS if not only or work.name in only), *grows)


def measure(works: Sequence[Work], *, quick: bool, full: bool) -> Iterator[tuple[Measured, float]]:
    """Measure works, the whole commands last, in fewer samples if it is to be quick.

    Yields:
        What was measured, and the operations a second of the fastest matrix product on one core.

    Raises:
        BenchError: if a rival computes something else than we do, or we cannot be measured.
    """
    with Processes() as processes:
        peak = processes.ask(OURS, product_peak)
        for work in (work for work in works if work.kind != "command"):
            _tell(work)
            effort = Effort(20.0, 10, 150) if work in WORKS else Effort(3.0, 5, 40)
            if quick:
                effort = Effort(2.0, 4, 30) if work in WORKS else Effort(0.5, 2, 10)
            yield processes.measure(work, effort), peak
    # Outside the block: whole commands may use every core.
    for work in (work for work in works if work.kind == "command"):
        _tell(work)
        rounds, repeats = (30, 1) if full else (2, 1) if quick else (6, 2)
        yield measure_commands(work, rounds, repeats), peak


def _tell(work: Work) -> None:
    print(f"measuring: {work.title} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
