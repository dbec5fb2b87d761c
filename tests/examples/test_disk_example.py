"""The disk's example is run as its reader would run it: the notebook, then the script."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bakeoff.neural_network import NeuralNetwork

FOLDER = Path(__file__).parents[2] / "examples" / "disk"
NOTEBOOK = json.loads((FOLDER / "test.ipynb").read_text(encoding="utf-8"))


def run_notebook(notebook, **parameters):
    """Run a notebook's code in order in one namespace and return that.

    After the cell tagged "parameters", the values given here take the place of its own.
    """
    namespace = {"__name__": "__main__"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {cell['id']}", "exec"), namespace)
            if "parameters" in cell["metadata"].get("tags", []):
                assert parameters.keys() <= namespace.keys()
                namespace |= parameters
    return namespace


def script(folder, *arguments):
    return subprocess.run(
        [sys.executable, "test.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copy(FOLDER / "test.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_notebook_is_one_and_holds_no_stale_results():
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert NOTEBOOK["metadata"]["kernelspec"]["language"] == "python"
    ids = [cell["id"] for cell in NOTEBOOK["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in NOTEBOOK["cells"]:
        assert cell.keys() >= {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_the_notebook_trains_and_saves_and_the_script_loads(folder, capsys):
    before = torch.random.get_rng_state()
    namespace = run_notebook(NOTEBOOK, epochs=30)
    assert torch.equal(torch.random.get_rng_state(), before)
    told = capsys.readouterr().out
    assert "saved models/disk.safetensors" in told
    assert namespace["losses"][-1] < 0.1 < namespace["losses"][0]
    assert f"test error: {100 * namespace['test_error']:.1f} %" in told
    assert namespace["test_error"] < 0.1

    run = script(folder)
    assert (run.returncode, run.stderr) == (0, "")
    from bakeoff.data import fresh_points

    accuracy = NeuralNetwork.load("disk").accuracy(*fresh_points(10_000, seed=1))
    assert run.stdout == f"accuracy: {100 * accuracy:.2f} % of 10,000 points\n"
    assert accuracy > 0.9


def test_the_script_without_a_model_says_so(folder):
    run = script(folder, "dsk")
    assert run.returncode == 1
    assert run.stderr.startswith("test.py: ")
    assert "dsk.safetensors: found no such file" in run.stderr
    assert run.stderr.count("\n") == 1
