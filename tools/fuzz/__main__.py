"""Bring ten thousand spoilt cases to every door of bakeoff, and tell what came of them.

    .venv/bin/python tools/fuzz                             all doors; writes results/fuzz.json
    .venv/bin/python tools/fuzz --doors idx stores          some; writes nothing
    .venv/bin/python tools/fuzz --doors idx --case 4711     one case again, with its traceback

Each door runs in a process of its own, so that one that dies is a fault too and not the end. Exits
with 1 if any case was met with something else than a named error.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from door import attempt, case_of, limited

DOORS = {
    "idx": "idx_files",
    "weights": "weight_files",
    "studies": "study_files",
    "tables": "tables",
    "stores": "store_files",
    "exports": "exports",
    "commands": "commands",
    "demo": "demo_requests",
}
"""Each door's name, and the module that makes it."""
RESULTS = Path(__file__).parents[2] / "results" / "fuzz.json"
Row = dict[str, Any]
CASES = 10_000
SHOWN_FAULTS = 20
MOST_MINUTES = 20


def run_door(name: str, cases: int, seed: int) -> Row:
    """Bring the cases to one door, in this process; return its row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        door = import_module(DOORS[name]).door(Path(folder))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        row: Row = {"door": name, "title": door.title, "cases": cases, "seed": seed}
        row |= {"accepted": 0, "refused": 0, "failed": 0, "worst_seconds": 0.0, "faults": []}
        with limited():
            for number in range(cases):
                outcome = attempt(door, case_of(door, number, seed))
                kind = "failed" if outcome.fault else "accepted" if outcome.accepted else "refused"
                row[kind] += 1
                row["worst_seconds"] = max(row["worst_seconds"], outcome.seconds)
                if outcome.fault and len(row["faults"]) < SHOWN_FAULTS:
                    row["faults"].append({"case": number, "fault": outcome.fault})
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return row | {"grown_mib": round(grown / 1024)}


def run_apart(name: str, cases: int, seed: int) -> Row:
    """Do the same in a process of its own, which may die."""
    command = [sys.executable, "-X", "faulthandler", str(Path(__file__).parent), "--one", name]
    command += ["--cases", str(cases), "--seed", str(seed)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            check=False,
            text=True,
            timeout=60 * MOST_MINUTES,
            env=environment,
        )
        return dict(json.loads(ended.stdout.splitlines()[-1]))
    except (ValueError, IndexError):
        fault = f"the process ended with {ended.returncode}: {ended.stderr[-2000:]}"
    except subprocess.TimeoutExpired:
        fault = f"the process hung for {MOST_MINUTES} minutes"
    row: Row = {"door": name, "title": name, "cases": cases, "seed": seed, "accepted": 0}
    row |= {"refused": 0, "failed": cases, "worst_seconds": 0.0, "grown_mib": 0}
    return row | {"faults": [{"case": -1, "fault": fault}]}


HEADER = f"{'door':10}{'cases':>8}{'accepted':>10}{'refused':>9}{'failed':>8}{'worst':>10}"


def told(row: Row) -> str:
    """Return a door's line of the table, and its faults."""
    line = (
        f"{row['door']:10}{row['cases']:8,}{row['accepted']:10,}{row['refused']:9,}"
        f"{row['failed']:8,}{1000 * row['worst_seconds']:7.0f} ms"
    )
    faults = [f"    case {fault['case']}: {fault['fault']}" for fault in row["faults"]]
    return "\n".join([line, *faults])


def replay(name: str, number: int, seed: int) -> None:
    """Bring one case to a door with nothing caught."""
    with tempfile.TemporaryDirectory() as folder:
        door = import_module(DOORS[name]).door(Path(folder))
        case = case_of(door, number, seed)
        print(repr(case)[:4000])
        with limited():
            print("accepted" if door.enter(case) else "refused")


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--doors", nargs="+", choices=DOORS, default=list(DOORS))
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--case", type=int, help="bring this one case again")
    parser.add_argument("--one", choices=DOORS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        print(json.dumps(run_door(asked.one, asked.cases, asked.seed)))
        return 0
    if asked.case is not None:
        replay(asked.doors[0], asked.case, asked.seed)
        return 0
    rows = []
    print(HEADER, flush=True)
    with ThreadPoolExecutor(asked.jobs) as pool:
        for row in pool.map(lambda name: run_apart(name, asked.cases, asked.seed), asked.doors):
            rows.append(row)
            print(told(row), flush=True)
    failed = sum(row["failed"] for row in rows)
    print(f"{sum(row['cases'] for row in rows) - failed} passed, {failed} failed")
    if asked.doors == list(DOORS) and asked.cases == CASES:
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
