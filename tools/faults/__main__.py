"""Do to real runs of bakeoff what users, disks, kernels and networks do, and see what it promised.

    .venv/bin/python tools/faults                     all faults; writes results/faults.json
    .venv/bin/python tools/faults ctrl_c disk_full    some; writes nothing
    .venv/bin/python tools/faults_page.py             then fill docs/faults.md

In each case a run of a small study is held at a step, the fault is made, and then the same command
is given again. Nothing that was kept may be lost, and in the end the rounds must be those of a run
that nothing happened to, bit for bit. Exits with 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

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
    "clock_back",
    "ctrl_c",
    "lost_schedulers",
)
"""The modules, each with its `cases`."""


def line(case: Case) -> str:
    """Return a case as a line of the table."""
    if case.not_here:
        return f"{case.fault:22}{case.moment:38}not possible here: {case.not_here}"
    told = f"{case.kept:>5}{case.lost:>6}{case.in_flight:>10}  {'same' if case.same else 'OTHER'}"
    broken = "".join(f"\n    broken: {words}" for words in case.broken)
    return f"{case.fault:22}{case.moment:38}{told}  {case.happened}{broken}"


def last_line(cases: list[Case]) -> str:
    """Return how many cases passed and failed."""
    failed = sum(bool(case.broken) for case in cases)
    passed = sum(case.passed for case in cases)
    elsewhere = len(cases) - passed - failed
    return f"{passed} passed, {failed} failed" + (
        f", {elsewhere} not possible here" if elsewhere else ""
    )


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(FAULTS))
    asked = parser.parse_args().faults or FAULTS
    unknown = set(asked) - set(FAULTS)
    if unknown:
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    print(f"{'fault':22}{'moment':38} kept  lost in flight  bits  what happened")
    cases: list[Case] = []
    began = time.monotonic()
    for name in asked:
        for case in import_module(name).cases():
            cases.append(case)
            print(line(case), flush=True)
    if asked == FAULTS:
        machine = this_machine()
        told = {
            "machine": machine.cpu,
            "versions": machine.versions(),
            "date": datetime.now(UTC).date().isoformat(),
            "minutes": round((time.monotonic() - began) / 60, 1),
            "cases": [asdict(case) for case in cases],
        }
        RESULTS.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(last_line(cases))
    return 1 if any(case.broken for case in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
