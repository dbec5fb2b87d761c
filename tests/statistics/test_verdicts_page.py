import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from benchmarks import calibrate

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "verdicts.md"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)


def test_every_block_of_the_page_prints_what_the_page_shows(monkeypatch):
    monkeypatch.chdir(ROOT)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) > 5
    names = {}
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec"), names)
        assert printed.getvalue() == shown, code


def test_the_page_shows_the_calibration_that_was_run():
    page = PAGE.read_text(encoding="utf-8")
    result = json.loads((ROOT / "results" / "calibration.json").read_text())
    assert calibrate.tables(result) in page
    assert f"{100 * result['peeking']:.0f} % in a simulation of ten looks" in page
    assert f"for {result['studies']:,} studies a line" in page.replace("\n", " ")
    assert calibrate.misses(result) == []


def test_the_calibration_that_was_run_is_that_of_the_code():
    result = json.loads((ROOT / "results" / "calibration.json").read_text())
    assert (result["studies"], result["comparisons"], result["alpha"]) == (2000, 15, 0.05)
    # One line of it, whole; the rest takes minutes.
    shown = next(r for r in result["planned"] if (r["values"], r["rounds"]) == ("tied", 10))
    again = calibrate.planned("tied", 2000, 10, result["resamples"], result["seed"])
    assert again == pytest.approx(shown)
