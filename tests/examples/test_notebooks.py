"""Each notebook is made from its source as that is now, and runs again."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "notebooks"
spec = importlib.util.spec_from_file_location("make_notebooks", FOLDER / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "make")


def stored(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


def source(name):
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def texts(notebook):
    """What each code cell shows as text."""
    return [
        ["".join(output.get("text") or output["data"]["text/plain"]) for output in cell["outputs"]]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_of_its_source_and_shows_what_it_said(name):
    notebook = stored(name)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    assert cells == make.cells(source(name))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert len([told for told in texts(notebook) if told]) >= 2
    assert "<svg" in json.dumps(notebook)
    assert f"examples/notebooks/{name}.ipynb" in (ROOT / "docs" / "python.md").read_text("utf-8")


def test_one_without_a_source_is_found():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {*NAMES}


@pytest.mark.parametrize("name", ["luck", "own_script"])
def test_what_trains_nothing_says_the_same_again(name, tmp_path, monkeypatch):
    if name == "own_script":
        pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")
    monkeypatch.chdir(tmp_path)
    assert texts(make.notebook(source(name))) == texts(stored(name))


@pytest.mark.parametrize("name", ["project1", "project2", "sweep"])
def test_what_trains_shows_as_much_again(name, tmp_path, monkeypatch):
    """Other processors may train to other figures."""
    monkeypatch.chdir(tmp_path)
    again = make.notebook(source(name))
    assert [len(told) for told in texts(again)] == [len(told) for told in texts(stored(name))]
    kinds = ["<svg", "data:image/png"] if name == "project1" else ["<svg"]
    assert all(kind in json.dumps(again) for kind in kinds)


def test_a_cell_that_fails_makes_no_notebook():
    with pytest.raises(ZeroDivisionError):
        make.notebook("# %%\n1 / 0\n")


def test_a_cell_shows_what_it_prints_and_its_last_value():
    made = make.notebook(
        "# %% [markdown]\n# # A title\n#\n# text\n# %%\nprint(1)\n2\n# %%\nx = 3\n"
    )
    assert "".join(made["cells"][0]["source"]) == "# A title\n\ntext"
    assert texts(made) == [["1\n", "2"], []]
