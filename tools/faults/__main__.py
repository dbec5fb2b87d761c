"""Do to real runs of bakeoff what users, disks, kernels and networks do, and see what it promised.

    .venv/bin/python tools/faults                     all faults; writes results/faults.json
    .venv/bin/python tools/faults ctrl_c disk_full    some; writes nothing
    .venv/bin/python tools/faults --made-up           all, with made-up rounds; writes nothing
    .venv/bin/python tools/pages.py faults           then fill docs/faults.md

In each case a run of a small study is held at a step, the fault is made, and then the same command
is given again. Nothing that was kept may be lost, and in the end the rounds must be those of a run
that nothing happened to, bit for bit. Exits with 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import trial
from attrs import asdict
from case import Case

from bakeoff.study.machine import this_machine

RESULTS = Path(__file__).parents[2] / "results" / "faults.json"
FAULTS = (
    "killed_parents",
    "killed_workers",
    "out_of_memory",
    "disk_full",
    "read_only",
    "shared_stores",
    "lost_stores",
    "clock_back",
    "ctrl_c",
    "lost_schedulers",
)
"""The modules, each with its `cases`."""


def line(case: Case) -> str:
    """Return a case as a line of the table."""
    start = f"{case.fault:22}{case.moment:38}"
    if case.not_here:
        return f"{start}not possible here: {case.not_here}"
    told = f"{case.kept:>5}{case.lost:>6}{case.in_flight:>10}  {'same' if case.same else 'OTHER'}"
    broken = "".join(f"\n    broken: {words}" for words in case.broken)
    return f"{start}{told}  {case.happened}{broken}"


def last_line(cases: list[Case]) -> str:
    """Return how many cases passed and failed."""
    failed = sum(bool(case.broken) for case in cases)
    elsewhere = sum(bool(case.not_here) for case in cases)
    told = f"{len(cases) - failed - elsewhere} passed, {failed} failed"
    return f"{told}, {elsewhere} not possible here" if elsewhere else told


def run_one(name: str) -> None:
    """Make the faults of one module; print each case as JSON when it has ended."""
    try:
        for case in import_module(name).cases():
            print(json.dumps(asdict(case)), flush=True)
    except Exception as error:  # noqa: BLE001 (whatever goes wrong is no promise seen kept)
        traceback.print_exc()
        last = Case(fault=name, moment="", promised="", broken=(repr(error)[:300],))
        print(json.dumps(asdict(last)), flush=True)


def run_apart(name: str, *options: str) -> list[Case]:
    """Do the same in a process of its own, showing the table's lines; return the cases."""
    command = [sys.executable, str(Path(__file__).parent), "--one", name, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        cases = []
        for told in process.stdout or ():
            cases.append(Case(**json.loads(told)))
            print(line(cases[-1]), flush=True)
    return cases


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(FAULTS))
    parser.add_argument("--jobs", type=int, default=2, help="kinds of faults at a time")
    parser.add_argument("--made-up", action="store_true", help="made-up rounds: a quick look")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write them to this file")
    parser.add_argument("--one", choices=FAULTS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    trial.MADE_UP = asked.made_up
    if asked.one:
        run_one(asked.one)
        return 0
    names = asked.faults or FAULTS
    unknown = set(names) - set(FAULTS)
    if unknown:
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    print(f"{'fault':22}{'when':38} kept  lost in flight  bits  how the run ended")
    options = ["--made-up"] * asked.made_up
    with ThreadPoolExecutor(asked.jobs) as pool:
        parts = pool.map(lambda name: run_apart(name, *options), names)
        cases = [case for part in parts for case in part]
    usual = RESULTS if names == FAULTS and not asked.made_up else None
    if file := asked.results or usual:
        machine = this_machine()
        told = {
            "machine": machine.cpu,
            "versions": machine.versions(),
            "date": datetime.now(UTC).date().isoformat(),
            "made_up": asked.made_up,
            "cases": [asdict(case) for case in cases],
        }
        file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(last_line(cases))
    return 1 if any(case.broken for case in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
