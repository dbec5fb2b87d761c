"""The speeds in README.md and docs/speed.md are those of results/bench.json."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module("speed_page")


def test_the_pages_are_what_the_measurement_makes_of_them(tool):
    for path in tool.PAGES:
        text = path.read_text(encoding="utf-8")
        assert "<!-- begin " in text
        assert tool.filled(text) == text, "run: .venv/bin/python tools/speed_page.py"


def test_every_promise_has_its_line(tool):
    from benchmarks.measure import FLOORS

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("<!-- begin promised -->")[2].partition("<!-- end")[0]
    assert table.count("\n| ") == len(FLOORS) + 2
