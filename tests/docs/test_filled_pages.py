"""Every table that tools/pages.py makes is the one that stands in its page."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("cluster", "faults", "fuzz", "growth", "mutants", "noise", "record", "report", "speed")


@pytest.fixture
def tool(tool):
    return tool("pages")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_what_the_results_make_of_it(tool, name):
    page, found = tool.PAGES[name], set()
    others = [other for other in tool.PAGES.values() if set(other.paths) & set(page.paths)]
    for path in map(ROOT.joinpath, page.paths):
        text = path.read_text(encoding="utf-8")
        assert tool.filled(name, text) == text, f"run: .venv/bin/python tools/pages.py {name}"
        found |= {mark[2] for mark in tool.MARK.finditer(text)}
    assert page.tables.keys() <= found
    assert found <= {table for other in others for table in other.tables}


def test_every_page_is_tried(tool):
    assert tuple(tool.PAGES) == NAMES


def test_every_promise_has_its_line(tool):
    from benchmarks.measure import FLOORS

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("<!-- begin promised -->")[2].partition("<!-- end")[0]
    assert table.count("\n| ") == len(FLOORS) + 2


def test_every_door_was_tried(tool):
    rows = json.loads((ROOT / "results" / "fuzz.json").read_text(encoding="utf-8"))
    assert len(rows) == 8
    for row in rows:
        assert row["accepted"] + row["refused"] == row["cases"] >= 1000


# ---- docs/mutants.md --------------------------------------------------------------------------


def test_nine_of_ten_mutants_are_killed_and_each_survivor_has_its_reason(tool):
    told = json.loads((ROOT / "results" / "mutants.json").read_text(encoding="utf-8"))
    survivors = [one for one in told["verdicts"] if not one["killed"]]
    assert len(survivors) <= 0.1 * len(told["verdicts"])
    assert {tool.mutant_key(one) for one in survivors} <= tool.reasons().keys()


def test_the_page_counts_mutants_and_names_what_survived(tool):
    survivor = {
        "file": "src/bakeoff/optim/sgd.py",
        "line": 3,
        "function": "SGD.update",
        "before": "a | b",
        "after": "(a & b)",
        "killed": False,
    }
    told = {"seed": 0, "mutants": 5000, "seconds": 600.0}
    made = tool.mutants(told | {"verdicts": [survivor, *[survivor | {"killed": True}] * 9]})
    assert "| `optim` | 10 | 9 | 1 | 90.0 % |" in made
    assert "10 of 5,000 mutants, drawn with seed 0; 10 minutes" in made
    assert "not known yet" in made
    key = "src/bakeoff/optim/sgd.py SGD.update: a | b -> (a & b)"
    line = tool.survivors([survivor], {key: "It makes no difference."}).splitlines()[-1]
    assert line == (
        r"| `optim/sgd.py:3` SGD.update | `a \| b` → `(a & b)` | It makes no difference. |"
    )
    assert tool.survivors([], {}) == "No mutant survived."


def test_long_expressions_are_cut_to_where_they_differ(tool):
    before = "call(" + "first, " * 20 + "dim=1" + ", last" * 20 + ")"
    a, b = tool.differing(before, before.replace("dim=1", "dim=2"))
    assert (a.count("dim=1"), b.count("dim=2")) == (1, 1)
    assert max(len(a), len(b)) < 60
    assert tool.differing("a", "b") == ("a", "b")
