"""Whatever needs an extra that is not there says in one sentence which, before any work."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
import torch

import bakeoff as bo
from bakeoff import nn
from bakeoff.demo.server import check_extra
from bakeoff.errors import MissingExtraError
from bakeoff.interop import export_onnx
from bakeoff.report.figures.style import check_file
from bakeoff.report.page import check_report
from bakeoff.runs.reading import read_rows
from bakeoff.study.cluster import attached
from bakeoff.study.function import sent

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
# By extra and a module that is missing: what asks for it.
ASKS = {
    ("cluster", "distributed"): lambda: attached("tcp://127.0.0.1:1"),
    ("demo", "starlette"): check_extra,
    ("demo", "uvicorn"): check_extra,
    ("live", "uvicorn"): lambda: check_extra("live"),
    ("notebook", "cloudpickle"): lambda: sent(lambda seed: 0.0),
    ("onnx", "onnx"): lambda: export_onnx(nn.Linear(2, 1), Path("a.onnx"), torch.zeros(2, 2)),
    ("onnx", "onnxscript"): lambda: export_onnx(nn.Linear(2, 1), Path("a"), torch.zeros(2, 2)),
    ("report", "jinja2"): lambda: check_report(Path("page")),
    ("report", "matplotlib"): lambda: check_file(Path("a.png")),
    ("sklearn", "sklearn"): lambda: bo.race_estimators({"a": None}, [], []),
    ("tables", "openpyxl"): lambda: read_rows(Path("a.xlsx")),
    ("tables", "pyarrow.parquet"): lambda: read_rows(Path("a.parquet")),
    ("tensorboard", "tensorboard"): lambda: read_rows(Path("runs")),
}
# In torch's place stands a module that nobody can import, see test_without_torch.py; of a clone,
# which has no sentence to say, are the others.
NOT_HERE = {"torch", "bench", "browser", "dev", "docs"}


@pytest.mark.parametrize(("extra", "module"), ASKS)
def test_the_sentence_names_the_extra(extra, module, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for run in ("a", "b"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "events.out.tfevents.1").write_bytes(b"0")
    for name in ("a.xlsx", "a.parquet"):
        (tmp_path / name).write_bytes(b"0")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as raised:
        ASKS[extra, module]()
    told = str(raised.value)
    assert told.endswith(f"pip install 'bakeoff[{extra}]'")
    assert ("found no " + module in told, "\n" in told) == (extra != "notebook", False)


def test_every_extra_is_asked_for():
    assert {extra for extra, _ in ASKS} == set(
        PROJECT["project"]["optional-dependencies"]
    ) - NOT_HERE
