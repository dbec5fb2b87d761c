"""A few of the faults of `make faults`, with made-up rounds; and that the harness bites."""

import importlib.util
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import clock_back
import ctrl_c
import killed_parents
import killed_workers
import lost_stores
import pytest
import shared_stores
import trial as trial_module
from case import Case, settled
from trial import trial


def passed(case):
    assert case.broken == ()
    return case.passed and case.lost == 0 and case.same


def test_a_killed_parent_loses_no_more_than_what_was_in_flight():
    assert passed(killed_parents.at_drawn_moments(kills=3, seed=1))


def test_a_killed_worker_is_replaced_and_its_rounds_trained_again():
    assert passed(killed_workers.at("", "train begins", 2, made_up=True))


@pytest.mark.parametrize(("hold", "nth"), [("record: COMMIT", 1), ("keep: INSERT rounds", 3)])
def test_ctrl_c_leaves_nothing_half_done(hold, nth):
    case = ctrl_c.at("", hold, nth, made_up=True)
    assert passed(case)
    assert case.happened == "exit 130"


def test_a_run_waits_for_a_lock():
    assert passed(shared_stores.for_a_while(made_up=True))


def test_two_runs_at_once_train_nothing_twice():
    assert passed(shared_stores.two_at_once(made_up=True))


def test_a_run_takes_over_what_a_killed_one_had_claimed():
    case = shared_stores.one_of_two_killed(made_up=True)
    assert passed(case)
    assert 1 <= case.in_flight <= 2


@pytest.mark.parametrize("harm", [lost_stores.move, lost_stores.overwrite])
def test_what_a_run_had_kept_when_its_store_was_taken_away_is_saved(harm):
    words = "was moved or removed" if harm is lost_stores.move else "was truncated or overwritten"
    case = lost_stores.at("", harm, words, made_up=True)
    assert passed(case)
    assert case.kept >= 3


def test_a_clock_that_is_set_back_changes_nothing():
    assert passed(clock_back.in_the_midst(made_up=True))


# ---- the harness ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ended_run():
    with trial(2, made_up=True) as one:
        one.ends(one.start(), 0)
        assert one.broken == []
        yield one


def test_the_log_tells_what_was_done(ended_run):
    one = ended_run
    assert one.count("train begins") == one.count("keep ended") == one.tasks == 4
    assert sorted(round_ for _, round_ in one.rows()) == [0, 0, 1, 1]
    assert one.living() == set()


def test_an_end_that_is_not_as_promised_is_noticed(ended_run):
    one = ended_run
    one.ends(one.start(), 130, "stopped")
    assert [words.partition(":")[0] for words in one.broken] == ["exit 0 for 130"]
    one.ends(one.start(), 0, "this is not said")
    assert "this is not said" in one.broken[-1]


def test_a_changed_number_and_a_store_that_is_not_as_promised_are_noticed(ended_run):
    one = ended_run
    one.broken.clear()
    one.struck = (4, 4)
    with closing(sqlite3.connect(one.store)) as connection, connection:
        connection.execute("UPDATE rounds SET scores = '{}' WHERE round = 0")
    case = settled(one, "damage", "", "", "")
    assert case.broken == ("the rounds are not those of an undisturbed run",)
    assert (case.lost, case.same) == (0, False)
    one.broken.clear()
    with closing(sqlite3.connect(one.store)) as connection, connection:
        connection.execute("DELETE FROM rounds WHERE round = 1")
        connection.execute("UPDATE rounds SET scores = '{}'")
        connection.execute("INSERT INTO claims VALUES ('a', 0, 'b', 'c')")
    one.store.with_name("store.sqlite-old").touch()
    case = settled(one, "damage", "", "", "")
    assert case.broken == (
        "2 kept rounds were lost",
        "the rounds are not those of an undisturbed run",
        "claims are left",
        "files are left: store.sqlite-old",
    )
    assert (case.lost, case.same, case.passed) == (2, False, False)


@pytest.fixture
def command(monkeypatch, tmp_path):
    path = Path(trial_module.__file__).with_name("__main__.py")
    spec = importlib.util.spec_from_file_location("faults_command", path)
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "faults.json")
    monkeypatch.setattr(trial_module, "MADE_UP", False)
    return command


@pytest.mark.parametrize(
    ("change", "code", "last"),
    [
        ({}, 0, "10 passed, 0 failed"),
        ({"broken": ("a round was lost",)}, 1, "0 passed, 10 failed"),
        ({"not_here": "no rights"}, 0, "0 passed, 0 failed, 10 not possible here"),
    ],
)
def test_a_broken_promise_is_told_and_written_and_fails(
    command, monkeypatch, capsys, change, code, last
):
    case = Case(fault="f", moment="m", promised="p", happened="h", same=True, **change)
    monkeypatch.setattr(command, "run_apart", lambda name: [case])
    monkeypatch.setattr(sys, "argv", ["faults"])
    assert command.main() == code
    assert capsys.readouterr().out.splitlines()[-1] == last
    told = json.loads(command.RESULTS.read_text())
    assert [Case(**each) for each in told["cases"]] == [case] * len(command.FAULTS)


def test_a_look_at_some_faults_writes_nothing(command, monkeypatch):
    monkeypatch.setattr(command, "run_apart", lambda name: [])
    monkeypatch.setattr(sys, "argv", ["faults", "ctrl_c"])
    assert command.main() == 0
    assert not command.RESULTS.exists()


def test_a_fault_that_fails_to_be_made_is_no_promise_kept(command, monkeypatch, capsys):
    def cases():
        raise TimeoutError("waited in vain")
        yield

    monkeypatch.setitem(sys.modules, "ctrl_c", SimpleNamespace(cases=cases))
    command.run_one("ctrl_c")
    (told,) = capsys.readouterr().out.splitlines()
    assert Case(**json.loads(told)).broken == ("TimeoutError('waited in vain')",)
