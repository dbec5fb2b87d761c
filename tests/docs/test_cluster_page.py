"""docs/cluster.md: its tables are those that tools/pages.py makes of the measurements."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "results" / "cluster.json"


@pytest.fixture
def page(tool):
    return tool("pages")


@pytest.fixture
def costs():
    return {
        "machine": "EPYC",
        "versions": {"torch": "2.13.0"},
        "competitors": 10,
        "rounds": 10,
        "round_seconds": 2.0,
        "store_seconds_a_result": 0.001,
        "parent_seconds_a_task": {"2": 0.01, "100": 0.05},
        "cluster": {
            "attach_cpu_seconds": 1.0,
            "parent_seconds_a_task": 0.01,
            "scheduler_seconds_a_task": 0.03,
        },
    }


def test_the_measurements_are_of_the_study_that_the_page_names():
    costs = json.loads(FILE.read_text())
    text = (ROOT / "docs" / "cluster.md").read_text()
    assert f"{costs['competitors']:,} competitors with {costs['rounds']} rounds" in text
    parent, keep = costs["parent_seconds_a_task"], costs["store_seconds_a_result"]
    assert set(parent) == {"64", "1000"}
    numbers = [*parent.values(), *costs["cluster"].values(), keep]
    assert all(0.0 < number < 60.0 for number in numbers)
    assert keep < min(parent.values())


def test_the_slowest_decides(page, costs):
    assert page.whole(costs, "2", 2.0) == pytest.approx(1.0 + 100 * 2.0 / 2)  # training
    assert page.whole(costs, "100", 2.0) == pytest.approx(1.0 + 100 * (0.05 + 0.01))  # the parent
    costs["parent_seconds_a_task"]["100"] = costs["cluster"]["parent_seconds_a_task"] = 0.001
    assert page.whole(costs, "100", 2.0) == pytest.approx(1.0 + 100 * 0.03)  # the scheduler


def test_tables_say_what_was_reckoned(page, costs):
    assert "| 2 s | 2 | 100 s | 2 s | 3 s | 101 s | 99 % |" in page.reckoned(costs)
    assert "| 2 s | 100 | 2 s | 6 s | 3 s | 7 s | 29 % |" in page.reckoned(costs)
    assert "| 100 | 17 | 6 s |" in page.limits(costs)
    assert "| the scheduler: to hand a task on | 30 ms |" in page.measured(costs)
    assert page.measured(costs).endswith("EPYC; torch 2.13.0.")
