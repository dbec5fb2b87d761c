"""Try a seeded sample of mutants of `autodiff`, `optim` and `study` on the tests.

    .venv/bin/python tools/mutants.py [--count 400] [--seed 0] [--anew]

A mutant is the code with one small mistake in it; a test that fails kills it. Nine of ten must be
killed. A run copies the repository first, so it neither touches the working tree nor minds changes
there; interrupted, the same command goes on where it stopped, with that copy, and `--anew` begins
from the tree as it is now. What it finds goes to results/mutants.json and docs/mutants.md.

Why not mutmut 3.8 or cosmic-ray 8.7: mutmut leaves out whatever is decorated or stands outside a
function, and in `autodiff` every operation is decorated and every derivative is a lambda in a
module; half of what it makes takes an argument away, which falls over in any test. cosmic-ray
changes the working tree in place, one mutant at a time, and runs the same tests for each.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from attrs import asdict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mutation import cover
from mutation.choice import all_mutants, sample, tests_for
from mutation.operators import Mutant
from mutation.page import PAGE, RESULTS, Results, Verdict, write_page
from mutation.slots import ROOT, Ended, Slot, Trial, prepare, run_trials, snapshot

WORK = ROOT / "build" / "mutants"
ORIGINAL, SETTINGS, TIME = WORK / "original", WORK / "settings.json", WORK / "seconds"
COVER, VERDICTS = WORK / "cover.json", WORK / "verdicts.jsonl"
PATIENCE = (30.0, 5.0)  # a trial's limit: seconds, and how often its tests' processor time
T = TypeVar("T")
console = Console(highlight=False)


def main() -> int:
    """Run the command; return its exit code."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that trials end with this
    begin({"count": asked.count, "seed": asked.seed}, anew=asked.anew)
    started = time.monotonic()
    try:
        prepare()
        slots = [Slot(ORIGINAL, WORK / f"slot{n}") for n in range(asked.processes)]
        known = measured(slots)
        verdicts = tried(sample(ORIGINAL, asked.count, asked.seed), known, slots)
    finally:
        TIME.write_text(str(float(TIME.read_text()) + time.monotonic() - started))
    results = Results(
        seed=asked.seed,
        mutants=len(all_mutants(ORIGINAL)),
        seconds=round(float(TIME.read_text()), 1),
        verdicts=verdicts,
    )
    results.write(asked.results)
    if asked.results == RESULTS:
        write_page(results)
        console.print(f"see {PAGE.relative_to(ROOT)} and {RESULTS.relative_to(ROOT)}")
    shutil.rmtree(WORK)
    console.print(f"{results.killed} passed, {len(verdicts) - results.killed} failed")
    return 0 if results.enough else 1


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description="Try mutants on the tests.")
    parser.add_argument("--count", type=int, default=400, help="of mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--processes", type=int, default=2, help="trials at once")
    parser.add_argument("--anew", action="store_true", help="forget a run that was interrupted")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="write there; leave the page as it is"
    )
    return parser.parse_args()


def begin(settings: dict[str, Any], anew: bool) -> None:
    """Copy the repository, or go on with the copy of a run that was interrupted."""
    if SETTINGS.exists() and not anew:
        if json.loads(SETTINGS.read_text()) != settings:
            sys.exit(
                f"mutants: a run with {SETTINGS.read_text()} was interrupted: name the same "
                "numbers to go on with it, or --anew to forget it."
            )
        console.print("goes on with the run that was interrupted (--anew begins another)")
        return
    shutil.rmtree(WORK, ignore_errors=True)
    snapshot(ORIGINAL)
    TIME.write_text("0")
    SETTINGS.write_text(json.dumps(settings))  # last: without it nothing was begun


def measured(slots: list[Slot]) -> cover.Cover:
    """Return which tests run which lines; measured once a run."""
    if not COVER.exists():
        folder = WORK / "cover"
        folder.mkdir(exist_ok=True)
        trials = list(cover.trials(ORIGINAL, folder))
        waiting = [pair for pair in trials if not cover.is_measured(pair[0])]
        for place, one, ended in watched(run_trials(waiting, slots), len(waiting), "test files"):
            if not cover.is_measured(place):
                sys.exit(f"mutants: {one.tests[0]} cannot be measured: it {ended.by}")
        cover.gathered([place for place, _ in trials]).write(COVER)
    known = cover.Cover.read(COVER)
    console.print(f"{len(known.seconds)} tests, {sum(known.seconds.values()):.0f} s of them")
    if known.failed:
        console.print(f"left out, as they fail in a copy: {', '.join(known.failed)}")
    return known


def tried(mutants: list[Mutant], known: cover.Cover, slots: list[Slot]) -> tuple[Verdict, ...]:
    """Return what became of each mutant, in the order of the sources; known verdicts are kept."""
    lines = VERDICTS.read_text().splitlines() if VERDICTS.exists() else []
    verdicts = dict(json.loads(line) for line in lines)
    waiting = [(at, trial(mutants[at], known)) for at in range(len(mutants)) if at not in verdicts]
    for at, one, ended in watched(run_trials(waiting, slots), len(waiting), "mutants"):
        verdicts[at] = asdict(verdict_on(mutants[at], one, ended))
        with VERDICTS.open("a") as file:
            file.write(json.dumps([at, verdicts[at]]) + "\n")
        if ended.passed:
            console.print(f"survived: {mutants[at].line} {mutants[at].key}", markup=False)
    found = [Verdict(**verdicts[at]) for at in range(len(mutants))]
    return tuple(sorted(found, key=lambda one: (one.file, one.line, one.key)))


def trial(mutant: Mutant, known: cover.Cover) -> Trial:
    """Return the trial that a mutant has to survive."""
    tests = tests_for(mutant, known)
    usual = sum(known.seconds[test] for test in tests)
    return Trial(
        tests=tests,
        seconds=PATIENCE[0] + PATIENCE[1] * usual,
        file=mutant.file,
        text=mutant.applied((ORIGINAL / mutant.file).read_bytes()),
    )


def verdict_on(mutant: Mutant, one: Trial, ended: Ended) -> Verdict:
    """Return what became of a mutant."""
    return Verdict(
        file=mutant.file,
        line=mutant.line,
        function=mutant.function,
        before=mutant.before,
        after=mutant.after,
        killed=not ended.passed,
        by=f"{len(one.tests)} tests passed" if ended.passed else ended.by,
        seconds=round(ended.seconds, 1),
    )


def watched(steps: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield steps, with a bar and the time left."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(steps, total=total)


if __name__ == "__main__":
    sys.exit(main())
