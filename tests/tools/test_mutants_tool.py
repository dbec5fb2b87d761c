"""The sample of tools/mutants.py, the tests a mutant has to pass, and the page of what became."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def load(monkeypatch):
    """Return how a module of the tool is loaded."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    return lambda name: importlib.import_module(f"mutation.{name}")


@pytest.fixture
def mutant(load):
    """Return the mutant of one line."""
    source = b"a = 1\nb = 2\n"
    return load("operators").mutants_of(source, "src/bakeoff/study/store/rows.py")[1]


@pytest.fixture
def cover(load):
    seconds = {
        "tests/study/store/test_rows.py::test_one": 3.0,
        "tests/study/store/test_rows.py::test_two": 1.0,
        "tests/study/test_run.py::test_slow": 20.0,
        "tests/study/test_run.py::test_quick": 5.0,
        "tests/study/test_run.py::test_slowest": 21.0,
        "tests/study/test_rows.py::test_of_another_room": 0.5,
    }
    ran = frozenset(seconds) - {"tests/study/store/test_rows.py::test_two"}
    return load("cover").Cover(seconds, (), {"src/bakeoff/study/store/rows.py": {2: ran}}, {})


def short(tests):
    return [test.partition("::test_")[2] for test in tests]


def test_a_files_own_tests_come_first_then_the_quickest(load, mutant, cover):
    chosen = load("choice").tests_for(mutant, cover)
    assert short(chosen) == ["one", "two", "of_another_room", "quick", "slow"]


def test_a_line_that_no_test_runs_has_its_files_tests(load, mutant, cover):
    moved = attrs.evolve(mutant, lines=(7, 7))
    assert load("choice").tests_for(moved, cover) == load("choice").tests_for(mutant, cover)


def test_a_line_that_runs_at_import_has_its_files_tests_too(load, mutant, cover):
    file = mutant.file
    one = frozenset({"tests/study/test_run.py::test_quick"})
    lines = {file: {2: one, 3: cover.lines[file][2]}}
    cover = attrs.evolve(cover, lines=lines)
    tests_for = load("choice").tests_for
    assert short(tests_for(mutant, cover)) == ["two", "one", "quick"]
    imported = attrs.evolve(cover, imported={file: frozenset({2})})
    assert short(tests_for(mutant, imported)) == [
        *("two", "one", "quick"),
        *("of_another_room", "slow"),
    ]


@pytest.mark.parametrize(
    ("test", "own"),
    [
        ("tests/study/store/test_rows.py::test_one", True),
        ("tests/study/store/test_store_rows.py::test_one", True),
        ("tests/study/store/test_rows_store.py::test_one", False),
        ("tests/study/store/test_arrows.py::test_one", False),
        ("tests/study/test_rows.py::test_one", False),
    ],
)
def test_which_tests_are_a_files_own(load, test, own):
    assert load("choice").is_own(test, "src/bakeoff/study/store/rows.py") is own


@pytest.fixture
def sources(tmp_path):
    """Write three modules of forty mutants each."""
    for name in ("autodiff", "optim", "study"):
        folder = tmp_path / "src" / "bakeoff" / name
        folder.mkdir(parents=True)
        (folder / "x.py").write_text("\n".join(f"v{n} = {n}" for n in range(40)))


@pytest.mark.usefixtures("sources")
def test_the_same_seed_draws_the_same_sample(load, tmp_path):
    sample = load("choice").sample
    assert sample(tmp_path, 20, 1) == sample(tmp_path, 20, 1)
    assert sample(tmp_path, 20, 1) != sample(tmp_path, 20, 2)
    assert len(set(sample(tmp_path, 20, 1))) == 20
    assert len({mutant.file for mutant in sample(tmp_path, 20, 1)}) == 3
    assert len(sample(tmp_path, 400, 1)) == 120


@pytest.mark.usefixtures("sources")
def test_a_changed_source_leaves_the_rest_of_the_sample(load, tmp_path):
    sample = load("choice").sample
    before = {mutant.key for mutant in sample(tmp_path, 60, 1)}
    (tmp_path / "src" / "bakeoff" / "autodiff" / "x.py").write_text("# Shorter.\nv0 = 0\n")
    after = {mutant.key for mutant in sample(tmp_path, 60, 1)}
    assert {key for key in before if "autodiff" not in key} < after


@pytest.fixture
def page(load):
    return load("page")


@pytest.fixture
def results(page):
    verdict = page.Verdict(
        file="src/bakeoff/optim/sgd.py",
        line=3,
        function="SGD.update",
        before="a | b",
        after="(a & b)",
        killed=False,
        by="7 tests passed",
        seconds=2.0,
    )
    killed = attrs.evolve(verdict, killed=True, by="tests/optim/test_sgd.py::test_step")
    return page.Results(seed=0, mutants=5000, seconds=600.0, verdicts=(verdict, *[killed] * 9))


def test_nine_of_ten_are_enough(results):
    assert results.enough
    assert not attrs.evolve(results, verdicts=results.verdicts[:9]).enough


def test_the_page_counts_and_names_what_survived(page, results):
    empty = "# Title\n\n<!-- begin results -->\n<!-- end results -->\n"
    key = "src/bakeoff/optim/sgd.py SGD.update: a | b -> (a & b)"
    filled = page.filled(empty, results, {key: "It makes no difference."})
    assert "| `optim` | 10 | 9 | 1 | 90.0 % |" in filled
    assert "| `study` | 0 | 0 | 0 | – |" in filled
    assert "10 of 5,000 mutants, drawn with seed 0; 10 minutes" in filled
    told = r"| `optim/sgd.py:3` SGD.update | `a \| b` → `(a \& b)` | It makes no difference. |"
    assert told.replace(r"\&", "&") in filled
    assert page.filled(filled, results, {}) == filled.replace(
        "It makes no difference.", "not known yet"
    )


def test_the_page_is_what_the_last_run_makes_of_it(page):
    text = page.PAGE.read_text(encoding="utf-8")
    told = page.Results.read()
    assert told.enough
    assert page.filled(text, told, page.read_reasons()) == text, "run: make mutants"
    survivors = {verdict.key for verdict in told.verdicts if not verdict.killed}
    assert survivors <= page.read_reasons().keys(), "each needs a test or a reason"


def test_long_expressions_are_cut_to_where_they_differ(page):
    before = "call(" + "first, " * 20 + "dim=1" + ", last" * 20 + ")"
    a, b = page.differing(before, before.replace("dim=1", "dim=2"))
    assert (a.count("dim=1"), b.count("dim=2")) == (1, 1)
    assert max(len(a), len(b)) < 60
    assert page.differing("a", "b") == ("a", "b")


def test_results_are_read_as_they_were_written(page, results, tmp_path):
    results.write(tmp_path / "mutants.json")
    assert page.Results.read(tmp_path / "mutants.json") == results


TRIALS = """
from pathlib import Path
from mutation.slots import Slot, Trial, run_trials

FILE, FOLDER = "src/bakeoff/half.py", Path()
TEXTS = {
    "right": "def half(x):\\n    return x / 2\\n",
    # As long and a moment later: the bytecode of the former must not be taken for it.
    "wrong": "def half(x):\\n    return x * 2\\n",
    "broken": "raise RuntimeError\\n",
    "dead": "import os\\nos.kill(os.getpid(), 9)\\n",
    "late": "def half(x):\\n    while x == 0: pass\\n    return 2\\n",
}
SECONDS = (60.0, 2.0)
slot = Slot(FOLDER / "original", (FOLDER / "slot").resolve())
trials = [
    (name, Trial(("tests/test_half.py",), SECONDS[name == "late"], file=FILE, text=text.encode()))
    for name, text in TEXTS.items()
]
for name, _, ended in run_trials(trials, [slot]):
    assert (slot.tree / FILE).read_text() == TEXTS["right"]
    print(name, ended.passed, ended.by)
"""
HALF = """
import os, sys
sys.path.insert(0, os.environ["PYTHONPATH"] + "/bakeoff")
import half

def test_half():
    assert half.half(4) == 2

def test_nothing():
    assert half.half(0) in (0, 2)
"""


def test_what_passes_what_fails_and_what_hangs(tmp_path):
    """In a process of its own, as trials are forks of the one that asks for them."""
    for path, text in (
        ("src/bakeoff/half.py", "def half(x):\n    return x / 2\n"),
        ("tests/test_half.py", HALF),
    ):
        (tmp_path / "original" / path).parent.mkdir(parents=True)
        (tmp_path / "original" / path).write_text(text)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tools")}
    told = subprocess.run(
        [sys.executable, "-c", TRIALS],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.splitlines() == [
        "right True exit code 0",
        "wrong False tests/test_half.py::test_half",
        "broken False tests/test_half.py",
        "dead False ended with exit code -9",
        "late False too slow",
    ], told.stderr


def test_the_tool_itself_imports_nothing_of_the_package(load):
    before = {name for name in sys.modules if name.partition(".")[0] == "bakeoff"}
    for name in ("choice", "cover", "operators", "page", "slots"):
        load(name)
    assert {name for name in sys.modules if name.partition(".")[0] == "bakeoff"} == before
