"""Whatever comes to a door of bakeoff is taken, or refused with a named error.

A few hundred cases with the other tests; `make fuzz` brings ten thousand to each door and keeps
what came of them in results/fuzz.json.
"""

import fcntl
import json
import resource
from pathlib import Path

import command_lines
import demo_requests
import files
import pytest
from door import Door, Unmet, attempt, fault_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakeoff.errors import DataError

DOORS = {
    "idx": files.idx_door,
    "weights": files.weights_door,
    "studies": files.study_door,
    "tables": files.table_door,
    "stores": files.store_door,
    "documents": files.document_door,
    "commands": command_lines.door,
    "demo": demo_requests.door,
}
FEW = {"commands": 60, "demo": 200, "documents": 150, "stores": 100}
RESULTS = Path(__file__).parents[2] / "results" / "fuzz.json"
TOO_LONG = 10**7


@pytest.mark.parametrize("name", DOORS)
def test_a_door_takes_or_refuses(name, tmp_path):
    door, outcomes = DOORS[name](tmp_path), []
    long = settings.get_current_profile_name() == "fuzz"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if long:
        keep(name, None)  # what fails leaves no line of an earlier run

    @settings(
        max_examples=settings().max_examples if long else FEW.get(name, 300),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def bring(random):
        case = door.make(random)
        outcome = attempt(door, case)
        assert not outcome.fault, f"{outcome.fault}, of {repr(case)[:2000]}"
        outcomes.append(outcome)

    bring()
    accepted = sum(outcome.accepted for outcome in outcomes)
    # A door that refuses everything, or nothing, has not been tried.
    assert 0.05 < accepted / len(outcomes) < 0.95
    if long:
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        row = {"door": name, "title": door.title, "cases": len(outcomes), "accepted": accepted}
        row |= {"refused": len(outcomes) - accepted, "grown_mib": round(grown / 1024)}
        keep(name, row | {"worst_seconds": max(outcome.seconds for outcome in outcomes)})


def keep(name, row):
    """Put a door's row in its place, or take it away, whichever process others end in."""
    with RESULTS.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        rows = {each["door"]: each for each in json.load(file)} | {name: row}
        file.seek(0)
        file.truncate()
        file.write(json.dumps([rows[name] for name in DOORS if rows.get(name)], indent=1) + "\n")


def broken(raised):
    def enter(case):
        raise raised

    return Door("", lambda random: None, enter)


@pytest.mark.parametrize(
    ("raised", "fault"),
    [
        (DataError("all is well"), ""),
        (DataError(""), "an error without a sentence"),
        (KeyError("x"), "KeyError: 'x'"),
        (Unmet("status 500"), "Unmet: status 500"),
        (SystemExit(1), "SystemExit: 1"),
    ],
)
def test_only_named_errors_are_refusals(raised, fault):
    outcome = attempt(broken(raised), None)
    assert (outcome.accepted, outcome.fault) == (False, fault)


def test_what_hangs_or_fills_the_memory_is_a_fault(monkeypatch):
    monkeypatch.setattr("door.MOST_SECONDS", 0.05)

    def hang(case):
        while True:
            pass

    hung = attempt(Door("", lambda random: None, hang), None)
    filled = attempt(Door("", lambda random: None, lambda case: bytearray(2**40)), None)
    assert hung.fault.startswith("TooLong")
    assert filled.fault.startswith("MemoryError")


@pytest.mark.parametrize("sentence", ["two\nlines", "\x1b[2J", "\u202e", "x" * TOO_LONG])
def test_a_sentence_that_no_terminal_should_show_is_a_fault(sentence):
    assert fault_of(sentence)
    # Which is why errors do not say it.
    assert fault_of(str(DataError(sentence))) == ""
    assert json.loads(f'"{DataError(sentence)}"'.replace("\\", "\\\\"))
