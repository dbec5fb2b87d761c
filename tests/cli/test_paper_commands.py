"""`compare` for papers and for studies to go on from: any table, and two kept competitors."""

import json
import re

import pytest

from bakeoff.study.store import Store


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = ["method,seed,loss"]
    for i in range(8):
        lines += [f"base line,{i},{0.5 + i % 3 / 100}", f"other_one,{i},{0.4 + i % 4 / 100}"]
    (tmp_path / "t a.csv").write_text("\n".join(lines))
    return "t a.csv"


def test_a_table_is_told_in_any_format(bakeoff, table):
    latex = bakeoff("compare", table, "--format", "latex")[1]
    assert r"other\_one & \textbf{0.415 $\pm$ 0.012} \\" in latex
    assert "loss in 8 rounds (lower is better)" in latex
    markdown = bakeoff("compare", table, "--format", "markdown")[1]
    assert r"| other\_one | 8 | 0.415 ± 0.012 |" in markdown
    assert markdown.count("no round failed") == 1
    assert "round,competitor,value" in bakeoff("compare", table, "--format", "csv")[1]
    assert json.loads(bakeoff("compare", table, "--format", "json")[1])["competitors"]
    told = " ".join(bakeoff("compare", table, "--methods", "--anytime")[1].split())
    assert r"We compared base line and other\_one by loss (lower is better) in 8 rounds." in told
    assert "Rounds are paired by seed" in told
    assert "vovk2024nonparametric" in told


def test_a_table_has_a_figure_and_one_that_cannot_be_drawn_is_refused_first(bakeoff, table):
    code, out, err = bakeoff("compare", "none.csv", "--figure", "a.jpg")
    assert (code, out) == (2, "")
    assert "expected a name ending with one of .pdf" in err
    assert bakeoff("compare", table, "--figure", "a.svg", "--width", "8cm")[0] == 0
    with open("a.svg", encoding="utf-8") as file:
        text = file.read()
    assert "other_one − base line" in text
    assert f'width="{80 / 25.4 * 72:.6f}pt"' in text


def test_two_kept_competitors_are_told_alone(bakeoff, tmp_path, monkeypatch, fill):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "bakeoff.sqlite", range(8))
    shown = bakeoff("compare", "model2", "model1")[1]
    assert not shown.startswith("\n")
    latex = bakeoff("compare", "model2", "model1", "--format", "latex")[1]
    body = latex.split(r"\end{table}")[0]
    assert re.findall(r"^(model\S*) &", body, re.MULTILINE) == ["model1", "model2"]
    assert "model2 $-$ model1 &" in body
    assert (
        "We compared model1 and model2 by" in bakeoff("compare", "model2", "model1", "--methods")[1]
    )
    assert bakeoff("compare", "model2", "model1", "--figure", "a.png")[0] == 0
    code, _, err = bakeoff("compare", "model2", "model1", "--save", "b.sqlite")
    assert code == 2
    assert "--save: goes with a file only" in err


def test_a_table_kept_goes_on_from_the_store(bakeoff, table, tmp_path):
    out = bakeoff("compare", table, "--save", "s.sqlite")[1]
    assert "kept in s.sqlite as study 't-a'" in " ".join(out.split())
    assert bakeoff("compare", table, "--save", "s.sqlite")[0] == 0
    verdict = re.search(r"other_one is better.*?\.\n", out, re.DOTALL).group()
    shown = bakeoff("show", "t-a", "--store", "s.sqlite")[1]
    assert verdict in shown
    assert "seconds" not in shown
    assert "read as competitor: method; pairs: seed" in " ".join(shown.split())
    with Store(tmp_path / "s.sqlite", read_only=True) as opened:
        assert len(opened.studies()) == 1
    planned = bakeoff("plan", "t-a", "--difference", "0.01", "--store", "s.sqlite")
    assert planned[0] == 0
    assert "they are of others, as those that stand are a pilot and stay out" in " ".join(
        planned[1].split()
    )
    assert "bakeoff run" not in planned[1]
    code, out, err = bakeoff("run", "t-a", "--store", "s.sqlite")
    assert (code, out) == (2, "")
    assert "its rounds were given by a table, and none can be made" in err
    assert bakeoff("rounds", "--store", "s.sqlite")[1].count(" 8 ") == 2
    assert bakeoff("compare", "other_one", "base line", "--store", "s.sqlite")[0] == 0
    assert bakeoff("report", "t-a", "--store", "s.sqlite", "--out", "page")[0] == 0
    page = (tmp_path / "page" / "index.html").read_text()
    assert "made elsewhere and read as a table" in page
    for other in ("SGD", "seconds", "parameters", "bakeoff run"):
        assert other not in page, other
    assert not (tmp_path / "page" / "study.toml").exists()
    exported = bakeoff("show", "t-a", "--store", "s.sqlite", "--format", "json")[1]
    (tmp_path / "t.json").write_text(exported)
    assert bakeoff("report", "t.json", "--out", "again")[0] == 0


def test_a_store_never_says_what_is_to_be_run(bakeoff, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("race", "x=echo {seed}", "y=echo 1{seed}", "--metric", "n", "--rounds", "2")
    assert bakeoff(*words, "--name", "kept")[0] == 0
    code, out, err = bakeoff("run", "kept")
    assert (code, out) == (2, "")
    assert "no store says what is to be run" in err
