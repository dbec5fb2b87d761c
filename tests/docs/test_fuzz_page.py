"""docs/security.md: its table is the one that tools/fuzz_page.py makes of results/fuzz.json."""

import importlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module("fuzz_page")


def test_the_page_is_what_the_run_makes_of_it(page):
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text) == text, "run: python tools/fuzz_page.py"
    assert page.HEADER[0] in text


def test_every_door_was_tried_and_held(page):
    rows = json.loads(page.FILE.read_text(encoding="utf-8"))
    assert len(rows) == 8
    for row in rows:
        assert row["accepted"] + row["refused"] == row["cases"] >= 10_000
        assert row["failed"] == 0
