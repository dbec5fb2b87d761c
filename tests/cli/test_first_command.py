"""`bakeoff` alone, and `--open` wherever there is a page to open."""

import os
import shlex
import subprocess
import sys
import webbrowser
from importlib.util import find_spec
from pathlib import Path

import attrs
import pytest
from rich.console import Console

from bakeoff.cli import first
from bakeoff.cli.first import tour_length
from bakeoff.cli.run_progress import tell_code
from bakeoff.training.studies import ABLATION, FIRST

BROWSER = """#!{python}
import sys, urllib.request
open({file!r}, "wb").write(urllib.request.urlopen(sys.argv[1]).read())
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, in which the first study takes two rounds of one epoch."""
    monkeypatch.chdir(tmp_path)
    short = attrs.evolve(FIRST.with_recipe(None, epochs=1), rounds=2)
    monkeypatch.setattr("bakeoff.training.studies.STUDIES", {"first": short})
    return tmp_path


def test_alone_it_trains_and_judges_keeps_nothing_and_says_what_next(bakeoff, here, monkeypatch):
    there = lambda name: find_spec(name) if name != "jinja2" else None  # noqa: E731
    monkeypatch.setattr("bakeoff.cli.first.find_spec", there)
    code, out, err = bakeoff()
    assert code == 0, err
    assert "model2 and model1" in out
    assert out.index("model2 and model1") < out.index("What next") < out.index("bakeoff run first")
    assert "(first: pip install 'bakeoff[report]')" in out
    assert max(map(len, out[out.index("What next") :].splitlines())) <= 60
    told = " ".join(err.split())
    assert told.startswith(FIRST.question)
    assert "2 rounds each, which takes about 30 s on two cores and keeps nothing;" in told
    assert "first: 2 competitors, 4 rounds in all" in told
    assert list(here.iterdir()) == []


def test_the_first_study_is_the_ablations_first_question_on_rounds_that_it_was_not_chosen_by():
    assert FIRST.comparisons == ABLATION.comparisons[:1]
    assert FIRST.seed != ABLATION.seed
    for competitor in FIRST.networks:
        whole = ABLATION.network(competitor.name).recipe
        assert attrs.evolve(competitor.recipe, epochs=25, evaluate_every=1) == whole


def test_the_functions_of_the_first_race_are_the_readmes_script():
    for move in ("swap", "reverse"):
        words = [sys.executable, "examples/race/tour.py", "7", move]
        told = subprocess.run(words, capture_output=True, text=True, check=True)
        assert told.stdout == f"length {round(tour_length(7, move), 4)}\n"


def test_open_writes_the_page_and_hands_it_to_the_browser(bakeoff, here, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not opened.append(address))
    code, out, err = bakeoff("--open")
    assert code == 0, err
    assert "wrote report/index.html" in out
    assert "keeps the page in report alone" in " ".join(err.split())
    assert opened == [(here / "report" / "index.html").as_uri()]
    assert "(first: pip install" not in out
    assert "model2 and model1" in (here / "report" / "index.html").read_text()
    assert list(here.iterdir()) == [here / "report"]


RACE = ("race", "a=echo {seed}", "b=echo {seed}.5", "--metric", "draw", "--rounds", "6")


def test_a_race_opens_what_report_writes_and_a_path_is_told_without_a_browser(
    bakeoff, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)  # None: it could not be
    code, out, err = bakeoff(*RACE, "--open")
    page = tmp_path / "report" / "index.html"
    assert code == 0, err
    assert out.endswith(f"no browser can be started here, so open {page} yourself\n")
    assert opened == [page.as_uri()]
    assert bakeoff("report", "race", "--out", "again")[0] == 0
    assert len(opened) == 1
    for name in ("index.html", "differences.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "report" / name).read_bytes()


def test_the_browser_that_the_system_names_is_given_the_page(bakeoff, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script, shown = tmp_path / "browser", tmp_path / "shown.html"
    script.write_text(BROWSER.format(python=sys.executable, file=str(shown)))
    script.chmod(0o700)
    assert bakeoff(*RACE)[0] == 0
    words = [sys.executable, "-m", "bakeoff", "report", "--open"]
    env = os.environ | {"BROWSER": f"{shlex.quote(str(script))} %s"}
    told = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert (told.returncode, "no browser" in told.stdout) == (0, False), told.stderr
    assert shown.read_bytes() == (tmp_path / "report" / "index.html").read_bytes()


@pytest.mark.parametrize("words", [[], ["run", "first"], ["race", "echo {seed}", "--metric", "a"]])
def test_open_asks_for_its_extra_before_any_work(bakeoff, here, monkeypatch, words):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setattr("bakeoff.cli.run_progress.run_study", lambda *a, **k: pytest.fail("began"))
    code, out, err = bakeoff(*words, "--open")
    assert (code, out) == (2, "")
    assert "found no jinja2" in err
    assert "pip install 'bakeoff[report]'" in err


def test_open_before_a_command_is_no_option_of_it(bakeoff, here):
    code, _, err = bakeoff("--open", "studies")
    assert (code, err.count("\n")) == (2, 1)
    assert "--open: goes with bakeoff alone only; run, race and report have one of their own" in err


def test_only_code_that_is_not_bakeoffs_own_is_told(tmp_path, capsys):
    told = {"bakeoff.cli.first:tour_length": Path(first.__file__), "bakeoff.x:f": tmp_path / "x.py"}
    tell_code(Console(stderr=True, width=200), told)
    assert capsys.readouterr().err == f"bakeoff.x:f: runs the Python code of {tmp_path / 'x.py'}\n"
