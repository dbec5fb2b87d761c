"""Whatever comes to a door of bakeoff is taken, or refused with a named error."""

import json
import runpy
from importlib import import_module
from pathlib import Path

import pytest
from door import Door, Unmet, attempt, case_of, fault_of, limited
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.errors import DataError

FUZZ = Path(__file__).parents[2] / "tools" / "fuzz"
DOORS = runpy.run_path(str(FUZZ / "__main__.py"), run_name="fuzz")["DOORS"]
CASES = {"commands": 60, "demo": 200, "exports": 150, "stores": 100}
TOO_LONG = 10**7


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Return each door by its name, made once."""
    made = {}

    def door(name):
        if name not in made:
            made[name] = import_module(DOORS[name]).door(tmp_path_factory.mktemp(name))
        return made[name]

    return door


@pytest.mark.parametrize("name", DOORS)
def test_a_door_takes_or_refuses(opened, name):
    door = opened(name)
    outcomes = []
    with limited():
        for number in range(CASES.get(name, 300)):
            outcome = attempt(door, case_of(door, number))
            assert not outcome.fault, f"{name}, case {number}: {outcome.fault}"
            outcomes.append(outcome.accepted)
    # A door that refuses everything, or nothing, has not been tried.
    assert 0.05 < sum(outcomes) / len(outcomes) < 0.95


@pytest.mark.parametrize("name", [name for name in DOORS if name not in ("commands", "demo")])
def test_a_door_takes_or_refuses_what_is_searched_for(opened, name):
    door = opened(name)

    @settings(max_examples=50, deadline=None)
    @given(st.randoms(use_true_random=False))
    def search(random):
        with limited():
            assert not attempt(door, door.make(random)).fault

    search()


def test_a_case_is_the_same_whenever_it_is_made(opened):
    door = opened("exports")
    before = [case_of(door, number) for number in range(40)]
    for number in range(400):  # none of which may change what others are made of
        case_of(door, number)
    assert [case_of(door, number) for number in range(40)] == before
    assert case_of(door, 7) != case_of(door, 8)
    assert case_of(door, 7, seed=1) != case_of(door, 7)


def broken(raised):
    def enter(case):
        raise raised

    return Door("d", "", lambda random: None, enter)


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
    with limited():
        outcome = attempt(broken(raised), None)
    assert (outcome.accepted, outcome.fault) == (False, fault)


def test_what_hangs_or_fills_the_memory_is_a_fault(monkeypatch):
    monkeypatch.setattr("door.MOST_SECONDS", 0.05)

    def hang(case):
        while True:
            pass

    with limited():
        hung = attempt(Door("d", "", lambda random: None, hang), None)
        filled = attempt(Door("d", "", lambda random: None, lambda case: bytearray(2**40)), None)
    assert hung.fault.startswith("TooLong")
    assert filled.fault.startswith("MemoryError")


@pytest.mark.parametrize("sentence", ["two\nlines", "\x1b[2J", "\u202e", "x" * TOO_LONG])
def test_a_sentence_that_no_terminal_should_show_is_a_fault(sentence):
    assert fault_of(sentence)
    # Which is why errors do not say it.
    assert fault_of(str(DataError(sentence))) == ""
    assert json.loads(f'"{DataError(sentence)}"'.replace("\\", "\\\\"))
