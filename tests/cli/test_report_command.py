import sys

import pytest

from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


@pytest.fixture
def store(tmp_path, monkeypatch, fill):
    monkeypatch.chdir(tmp_path)
    recipe = Recipe(epochs=2)
    study = NetworkStudy(
        "mine", "?", [NetworkCompetitor("a", recipe=recipe), NetworkCompetitor("b", recipe=recipe)]
    )
    fill(tmp_path / "bakeoff.sqlite", range(4), study)
    return tmp_path / "bakeoff.sqlite"


def test_a_study_becomes_a_folder(bakeoff, store, tmp_path):
    code, out, err = bakeoff("report", "mine", "--out", "page")
    assert (code, err) == (0, "")
    files = {path.name for path in (tmp_path / "page").iterdir()}
    assert out == f"wrote page/index.html and {len(files) - 1} files beside it\n"
    assert {"index.html", "ranking.svg", "ranking.png", "ranking.csv", "study.toml"} <= files


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mien"], "did you mean 'mine'?"),
        (["none.json"], "none.json: cannot be read"),
        (["--out", "bakeoff.sqlite"], "expected a folder"),
    ],
)
def test_a_report_mistake_is_one_sentence(bakeoff, store, arguments, sentence):
    code, out, err = bakeoff("report", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("missing", ["matplotlib", "jinja2"])
def test_without_the_extra_it_says_what_to_install(bakeoff, store, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    code, _, err = bakeoff("report")
    assert code == 2
    assert f"found no {missing}" in err
    assert "pip install '.[report]'" in err
