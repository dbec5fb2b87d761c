"""A function competes: each call in a process of its own, found by name or sent by pickle."""

import functools
import sys
import threading

import attrs
import pytest

from bakeoff.errors import StudyError
from bakeoff.study.checks import SpecError
from bakeoff.study.command import seed_of
from bakeoff.study.files import load_study
from bakeoff.study.function import FunctionStudy, sent
from bakeoff.study.metric import LOWER, Metric
from bakeoff.study.run import Listener, RunOptions, run_study
from bakeoff.study.spec import Competitor
from bakeoff.study.workers import LocalPool

MODULE = """
import os, sys, time
import helper_of_ways
calls = []

def good(seed, k=0):
    calls.append(seed)
    return seed % 1000 + k + helper_of_ways.ADDED

def several(seed):
    return {"x": seed % 7, "other": 1}

def counted(seed):
    calls.append(seed)
    return len(calls)

def pid(seed):
    return os.getpid()

def words(seed):
    print("hello")
    return "many"

def nothing(seed):
    return None

def nan(seed):
    return float("nan")

def lacks(seed):
    return {"y": 1}

def raises(seed):
    raise ValueError("too\\nlong")

def leaves(seed):
    sys.exit(3)

def crashes(seed):
    os.abort()

def hangs(seed):
    time.sleep(600)

three = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ways.py").write_text(MODULE)
    (tmp_path / "helper_of_ways.py").write_text("ADDED = 0\n")
    yield
    for name in ("ways", "helper_of_ways"):
        sys.modules.pop(name, None)


def study(name, competitors=None, **changes):
    competitors = competitors or [Competitor("a")]
    metrics = changes.pop("metrics", [Metric("x")])
    return FunctionStudy("f", "?", competitors, metrics=metrics, function=f"ways:{name}", **changes)


def ran(of, rounds=1, workers=1):
    return run_study(of, RunOptions(rounds=range(rounds)), pool=LocalPool(workers)).results


@pytest.mark.parametrize("reuse", [False, True])
def test_a_function_is_called_with_the_seed_and_the_options(reuse):
    both = [Competitor("a"), Competitor("b", options={"k": 0.5})]
    found = ran(study("good", both, reuse=reuse), 2, workers=2)
    assert found.values("a") == [seed_of(0, r) % 1000 for r in range(2)]
    assert found.values("b") == [value + 0.5 for value in found.values("a")]
    several = study(
        "several", metrics=[Metric("x"), Metric("the other", score="other")], reuse=reuse
    )
    assert dict(ran(several).results[0].scores) == {"x": seed_of(0, 0) % 7, "other": 1.0}


def test_each_round_has_a_fresh_process_unless_it_is_reused():
    assert ran(study("counted"), 3).values("a") == [1.0, 1.0, 1.0]
    assert ran(study("counted", reuse=True), 3).values("a") == [1.0, 2.0, 3.0]
    assert len(set(ran(study("pid"), 3).values("a"))) == 3


@pytest.mark.parametrize(
    ("name", "changes", "status", "note"),
    [
        ("words", {}, "failed", "exit code 1; its last line: ValueError: could not convert string"),
        ("nothing", {}, "failed", "TypeError: float() argument must be"),
        ("nan", {}, "diverged", "x is nan"),
        ("lacks", {}, "failed", "x: found no number"),
        ("raises", {"reuse": True}, "failed", "ValueError: too (ways.py, line "),
        ("leaves", {}, "failed", "exit code 3"),
        ("leaves", {"reuse": True}, "failed", "SystemExit: 3"),
        ("crashes", {}, "failed", "killed by SIGABRT"),
        ("hangs", {"timeout": 2}, "timed_out", "ended at its limit of 2 s"),
        ("goood", {}, "failed", "ways has no 'goood' (did you mean 'good'?)"),
        ("three", {}, "failed", "expected a function that takes a seed"),
        ("good.real", {}, "failed", "has no 'good.real'"),
    ],
)
def test_a_failure_is_an_outcome_with_its_reason(name, changes, status, note):
    found = ran(study(name, **changes)).results[0]
    assert (found.status, found.scores) == (status, ())
    assert note in found.note


def keys(of):
    return [e.key.text for e in of.prepare(RunOptions(), Listener()).values()]


def test_what_shapes_a_round_begins_new_ones_and_nothing_else_does(tmp_path):
    of = study("good", timeout=9)
    before = keys(of)
    for other in (study("several"), study("good", [Competitor("a", options={"k": 1})], seed=0)):
        assert keys(other) != before
    assert keys(attrs.evolve(of, seed=1)) != before
    for other in (
        attrs.evolve(of, timeout=None, failed=0, rounds=3, name="g"),
        attrs.evolve(of, competitors=[Competitor("other")], reuse=True, timeout=None),
    ):
        assert keys(other) == before
    (tmp_path / "ways.py").write_text(MODULE + "# a comment\n")
    assert keys(of) == before
    (tmp_path / "helper_of_ways.py").write_text("ADDED = 1\n")
    assert keys(of) != before


def test_a_study_is_written_and_read_as_the_same_value(tmp_path):
    metrics = [Metric("x", LOWER, "points")]
    options = {"k": 0.5, "word": "y"}
    for of in (
        study("good", metrics=metrics, timeout=3, failed=1.5, seed=2),
        study("good", [Competitor("b", options=options)], reuse=True, rounds=4),
    ):
        (tmp_path / "s.toml").write_text(of.to_toml())
        assert load_study(tmp_path / "s.toml") == of


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('function = "ways"', "function: got 'ways', expected a function as \"mymodule:train\""),
        ('function = "ways:good"\nreuse = 1', "reuse: got 1, expected true or false"),
        ('function = "ways:good"\ntimeout = "x"', "timeout: got 'x', expected seconds above 0"),
        ('function = "ways:good"\nfailed = "x"', "failed: got 'x', expected"),
        ('function = "ways:good"\nreuse = true\ntimeout = 3', "timeout: goes with a fresh process"),
        ('function = "ways:good"\nworkers = 3', "workers: is not known"),
    ],
)
def test_every_fault_of_a_file_is_told_with_its_place(tmp_path, line, told):
    text = f'name = "s"\nquestion = ""\n{line}\n[[competitors]]\nname = "a"\n'
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(SpecError) as raised:
        load_study(tmp_path / "s.toml")
    assert told in str(raised.value)


def test_a_module_that_is_not_there_is_told_before_any_round():
    of = attrs.evolve(study("good"), function="none_such:train")
    with pytest.raises(StudyError, match="found no module 'none_such'"):
        ran(of)


def of_module(seed):
    return seed


class LargerThan:
    def __init__(self, k):
        self.k = k

    def __call__(self, seed):
        return seed > self.k


def made(k):
    return lambda seed: seed + k


def test_what_a_worker_can_import_is_not_pickled_and_all_else_is():
    pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")
    assert sent(of_module) == (f"{__name__}:of_module", b"", "")
    for function in (functools.partial(of_module), made(1), LargerThan(1)):
        where, pickled, source = sent(function)
        assert pickled
        assert len(source) == 32
        assert FunctionStudy("f", "?", [Competitor("a")], function=where)
    with pytest.raises(StudyError, match=r"race: .* cannot be sent to a worker \(cannot pickle"):
        sent(made(threading.Lock()))


def test_the_values_around_a_function_are_part_of_it():
    pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")
    one, same, other = (sent(made(k))[2] for k in (1, 1, 2))
    assert one == same != other
    partials = [sent(functools.partial(of_module, k))[2] for k in (1, 1, 2)]
    assert partials[0] == partials[1] != partials[2]
