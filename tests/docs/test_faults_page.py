"""docs/faults.md: its tables are those that tools/pages.py makes of the trials."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASE = {
    "fault": "Ctrl-C",
    "moment": "at the commit",
    "promised": "exit 130",
    "happened": "exit 130",
    "kept": 3,
    "lost": 0,
    "in_flight": 2,
    "same": True,
    "broken": [],
    "not_here": "",
}


@pytest.fixture
def page(tool):
    return tool("pages")


def told(*cases):
    return {
        "machine": "EPYC",
        "versions": {"torch": "2.13.0"},
        "date": "2026-01-01",
        "made_up": False,
        "cases": list(cases),
    }


def test_every_promise_was_kept_in_every_kind_of_fault():
    told = (ROOT / "results" / "faults.json").read_text(encoding="utf-8")
    cases = json.loads(told)["cases"]
    assert [case for case in cases if case["broken"]] == []
    assert all(case["lost"] == 0 for case in cases)
    assert all(case["same"] for case in cases if not case["not_here"])
    assert {case["fault"] for case in cases} == {
        "parent killed",
        "worker killed",
        "out of memory",
        "disk full",
        "read-only store",
        "locked store",
        "two runs at once",
        "store taken away",
        "clock set back",
        "Ctrl-C",
        "scheduler killed",
        "cluster worker killed",
    }


def test_tables_say_what_happened(page):
    broken = CASE | {"fault": "disk full", "same": False, "broken": ["a round was lost"]}
    elsewhere = CASE | {"not_here": "no rights"}
    table = page.happened(told(CASE, broken, elsewhere))
    assert "| Ctrl-C | at the commit | exit 130 | 3 | 0 | 2 | same |" in table
    assert "| exit 130; BROKEN: a round was lost | 3 | 0 | 2 | OTHER |" in table
    assert "not possible on this machine: no rights" in table
    assert table.endswith("1 passed, 1 failed, 1 not possible. EPYC; torch 2.13.0; 2026-01-01.")
    assert page.promised(told(CASE, CASE, broken)).count("\n") == 3
