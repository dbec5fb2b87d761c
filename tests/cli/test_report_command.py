import html
import json
import os
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
    assert {"index.html", "ranking.svg", "ranking.png", "curves.csv", "study.toml"} <= files
    assert {*(tmp_path / "page" / "files.txt").read_text().split()} == files - {"files.txt"}
    assert 'href="curves.csv"' in (tmp_path / "page" / "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mien"], "did you mean 'mine'?"),
        (["none.json"], "none.json: cannot be read"),
        (["--out", "bakeoff.sqlite"], "expected a folder"),
        (["--out", "."], ".: holds bakeoff.sqlite and no page of bakeoff, expected a new folder"),
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
    assert "pip install 'bakeoff[report]'" in err


# ---- anyone's numbers ----------------------------------------------------------------------------

LOWER = "--lower-is-better"


@pytest.fixture
def numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = ["data,seed,method,length"]
    for data in ("one", "two"):
        for seed in range(8):
            lines += [
                f"{data},{seed},{method},{0.6 - better + (seed * seed + seed % 3) / 200:.4f}"
                for method, better in (("old <b>", 0), ("new", 0.03 + seed % 4 / 100))
            ]
    (tmp_path / "tasks.csv").write_text("\n".join(lines))
    first = [line.removeprefix("one,") for line in lines[1:17]]
    (tmp_path / "numbers.csv").write_text("\n".join(("seed,method,length", *first)))
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["numbers.csv", LOWER],
        ["numbers.csv", "--higher-is-better", "--margin", "0.2", "--anytime"],
        ["numbers.csv", LOWER, "--points", "--careful"],
        ["numbers.csv", LOWER, "--unpaired"],
        ["numbers.csv", LOWER, "--against-published", "paper=0.5±0.1,n=9"],
        ["tasks.csv", LOWER, "--task", "data", "--baseline", "old <b>"],
    ],
    ids=lambda words: words[-1],
)
def test_numbers_become_a_page_that_says_what_compare_says(bakeoff, numbers, words):
    code, out, err = bakeoff("report", *words, "--out", "page")
    assert (code, err) == (0, "")
    assert "wrote page/index.html" in out
    page = html.unescape((numbers / "page" / "index.html").read_text("utf-8"))
    told = json.loads(bakeoff("compare", *words, "--format", "json")[1])
    sentences = [each["sentence"] for each in told["comparisons"]]
    assert sentences
    for sentence in (*sentences, *told["notes"]):
        assert sentence[1:] in page
    assert "<b>" not in (numbers / "page" / "index.html").read_text("utf-8").partition("<main")[2]
    pairs = not {"--unpaired", "--against-published", "--task"} & {*words}
    assert ("the rounds are paired" in page) == pairs
    assert not (numbers / "page" / "study.toml").exists()


@pytest.mark.parametrize("command", ["report", "compare"])
def test_numbers_come_from_standard_input_too(bakeoff, numbers, command):
    kept = os.dup(0)
    with (numbers / "numbers.csv").open() as file:
        os.dup2(file.fileno(), 0)
    try:
        code, out, err = bakeoff(command, "-", LOWER)
    finally:
        os.dup2(kept, 0)
        os.close(kept)
    assert (code, err) == (0, "")
    told = (numbers / "report" / "index.html").read_text("utf-8") if command == "report" else out
    assert "new is better than old <b>" in " ".join(html.unescape(told).split())


@pytest.mark.parametrize(
    "words",
    [
        ["none.csv"],
        ["numbers.csv", "--value", "speed"],
        ["tasks.csv"],
        ["numbers.csv", "--points", "--folds", "3x3"],
        ["numbers.csv", "numbers.csv", "--by", "method", "--careful"],
    ],
    ids=" ".join,
)
def test_a_fault_is_told_as_compare_tells_it(bakeoff, numbers, words):
    code, out, err = bakeoff("report", *words)
    assert (code, out, err) == bakeoff("compare", *words)
    assert (code, err.count("\n")) == (2, 1)


def test_a_folder_beside_a_store_is_named_with_a_slash(bakeoff, store, tmp_path):
    (tmp_path / "mine").mkdir()
    assert bakeoff("report", "mine")[0] == 0
    assert "mine: holds no" in bakeoff("report", "mine/")[2]
