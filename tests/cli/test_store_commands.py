import json
import re
import shlex

import attrs
import numpy as np
import pytest

from bakeoff.study.files import load_study
from bakeoff.study.store import Store
from bakeoff.training.recipe import find_recipe
from bakeoff.training.studies import ABLATION


@pytest.fixture
def store(tmp_path, monkeypatch, fill):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bakeoff.sqlite"
    fill(path, range(8))
    return path


def count(path):
    with Store(path, read_only=True) as opened:
        return len(opened.read("SELECT * FROM rounds"))


COMPETITORS = len(ABLATION.competitors)


def test_show_tells_table_and_verdicts(bakeoff, store):
    code, out, err = bakeoff("show")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    for name in ABLATION.competitor_names:
        assert any(line.startswith(f"{name} ") for line in out.splitlines())
    assert "model2" in out
    assert out.count("Note") == 1
    assert (
        "Note: no round failed, yet 8 do not exclude that up to 31 of 100 would, or would\n"
        "be worse than any of these." in out
    )


def test_show_finds_a_study_by_name_and_identity(bakeoff, store, fill):
    before = bakeoff("show", "ablation")[1]
    with Store(store, read_only=True) as opened:
        identity = opened.studies()[0].identity
    fill(store, range(3), attrs.evolve(ABLATION, seed=1))
    code, out, _ = bakeoff("show", identity[:8])
    assert code == 0
    assert out.startswith(before)
    assert "1 other form of 'ablation'" in " ".join(out.split())
    assert bakeoff("show")[1] != out


def test_show_tells_of_more_rounds_than_planned(bakeoff, tmp_path, monkeypatch, fill):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "bakeoff.sqlite", range(5))
    fill(tmp_path / "bakeoff.sqlite", range(8))
    out = " ".join(bakeoff("show")[1].split())
    assert "5 rounds were planned and 8 stand" in out
    assert "anytime-valid interval" in out


def test_the_careful_test_at_every_door_of_a_store(bakeoff, store, tmp_path):
    for words in (("show",), ("compare", "model2", "model1")):
        out = " ".join(bakeoff(*words, "--careful")[1].split())
        assert "careful interval" in out
        assert "rounds of so small a difference cannot reach" in out
    assert bakeoff("report", "--careful", "--out", "page")[0] == 0
    assert (
        "by betting, anytime-valid and of any shape" in (tmp_path / "page/index.html").read_text()
    )


def test_every_command_speaks_of_the_rounds_asked_for_and_keeps_the_others(
    bakeoff, tmp_path, monkeypatch, fill
):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "bakeoff.sqlite", range(8))
    shown, pair = bakeoff("show"), bakeoff("compare", "model2", "model1")
    fill(tmp_path / "bakeoff.sqlite", range(10), planned=range(8))  # a group of ten
    assert count(tmp_path / "bakeoff.sqlite") == 10 * COMPETITORS
    assert bakeoff("show") == shown
    assert bakeoff("compare", "model2", "model1") == pair
    assert "8 of 8" in bakeoff("studies")[1]
    assert "as 8 rounds of" in " ".join(bakeoff("plan", "--difference", "2")[1].split())
    (tmp_path / "all.json").write_text(bakeoff("show", "--format", "json")[1])
    told = json.loads((tmp_path / "all.json").read_text())
    assert told["planned"] == {"first_round": 0, "rounds": 8}
    assert {len(competitor["rounds"]) for competitor in told["competitors"]} == {8}


def test_a_newer_form_without_rounds_does_not_hide_an_older_one(bakeoff, store, fill):
    before = bakeoff("show")[1]
    fill(store, range(0), attrs.evolve(ABLATION, seed=1), planned=range(8))
    for arguments in (["show"], ["show", "ablation"], ["compare", "model2", "model1"]):
        code, out, _ = bakeoff(*arguments)
        assert code == 0
        assert "has no finished round yet; these are of the form" in " ".join(out.split())
    assert bakeoff("show")[1].startswith(before)
    with Store(store, read_only=True) as opened:
        newer = opened.studies()[0].identity
    code, out, err = bakeoff("show", newer[:8])
    assert (code, out) == (2, "")
    assert "study 'ablation' has no finished round yet" in err


@pytest.mark.parametrize("format", ["json", "csv", "markdown", "latex"])
def test_show_gives_other_formats(bakeoff, store, format):
    code, out, _ = bakeoff("show", "--format", format)
    assert code == 0
    if format == "json":
        told = json.loads(out)
        assert told["study"] == "ablation"
        assert len(told["comparisons"]) >= 1
    assert "model2" in out


def test_a_paper_has_a_figure_a_paragraph_and_references(bakeoff, store):
    code, out, _ = bakeoff("show", "--figure", "a.pdf", "--width", "85 mm", "--margin", "1")
    assert code == 0
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ", (store.parent / "a.pdf").read_bytes())
    assert abs(float(box) - 85 / 25.4 * 72) < 1e-3
    assert out == bakeoff("show", "--margin", "1")[1]
    told = bakeoff("show", "--methods", "--margin", "1")[1]
    assert "in 8 rounds, as many as were planned" in " ".join(told.split())
    assert "within a margin of 1 point." in " ".join(told.split())
    cited = bakeoff("cite")[1]
    for keys in re.findall(r"\\citep\{([^}]*)\}", told):
        assert all(f"{{{key},\n" in cited for key in keys.split(","))


def test_a_pgf_without_latex_is_refused_before_any_work(bakeoff, store, monkeypatch):
    monkeypatch.setenv("PATH", "")
    code, out, err = bakeoff("show", "--figure", "a.pgf")
    assert (code, out) == (2, "")
    assert "and no pdflatex, which measures its texts" in err


def test_a_shown_csv_compares_to_the_same_verdict(bakeoff, store, tmp_path):
    csv = tmp_path / "shown.csv"
    csv.write_text(bakeoff("show", "--format", "csv")[1])
    code, out, err = bakeoff("compare", csv, "--format", "json")
    assert code == 0, err
    told, shown = json.loads(out), json.loads(bakeoff("show", "--format", "json")[1])
    sentences = [
        {comparison["sentence"] for comparison in one["comparisons"]} for one in (told, shown)
    ]
    assert sentences[0] == sentences[1] != set()
    assert "as bakeoff wrote it" in told["notes"][0]
    words = ("--baseline", "model1", "--margin", "0.5", "--format", "json")
    told = json.loads(bakeoff("compare", csv, *words)[1])["comparisons"]
    assert {next(reversed(comparison["weights"])) for comparison in told} == {"model1"}
    assert {comparison["equivalence"]["margin"] for comparison in told} == {0.005}
    for option in (["--points"], ["--unpaired"], ["--folds", "10"], ["--lower-is-better"], [csv]):
        code, out, err = bakeoff("compare", csv, *option)
        assert (code, out) == (2, "")
        assert "says itself what its rounds are" in err


def test_compare_tells_what_was_not_declared(bakeoff, store):
    _, declared, _ = bakeoff("compare", "model2", "model1")
    assert "not among" not in declared
    code, out, err = bakeoff("compare", "model2", "mode1")
    assert (code, out) == (2, "")
    assert "did you mean 'model1'?" in err


def test_compare_takes_anyones_numbers(bakeoff, tmp_path):
    csv = tmp_path / "times.csv"
    rows = [f"{r},x,{3 + r % 3 / 10}\n{r},y,{9 + r % 2 / 10}\n" for r in range(8)]
    csv.write_text("round,competitor,value\n" + "".join(rows))
    code, out, _ = bakeoff("compare", csv, "--lower-is-better", "--margin", "0.5")
    assert code == 0
    assert "y is worse than x" in out
    csv.write_text("round,competitor,value\n0,x,1\n0,y,1\n0,x,2\n")
    code, _, err = bakeoff("compare", csv)
    assert code == 2
    assert "second value of 'x'" in err


def test_compare_says_which_direction_it_took_for_better(bakeoff, tmp_path):
    rows = "".join(f"{r},good,{13 + r % 3}\n{r},bad,{19 + r % 2}\n" for r in range(8))
    for name in ("a", "model-losses", "RMSE_2", "wall.time"):
        (tmp_path / f"{name}.csv").write_text("round,competitor,value\n" + rows)
    code, out, _ = bakeoff("compare", tmp_path / "a.csv")
    assert code == 0
    assert "Note: higher values are taken as better; give --lower-is-better for losses" in out
    out = bakeoff("compare", tmp_path / "a.csv", "--higher-is-better")[1]
    assert "bad is better than good by" in out
    assert "--lower" not in out
    out = bakeoff("compare", tmp_path / "a.csv", "--lower-is-better")[1]
    assert "bad is worse than good, higher by" in out
    assert out.count("Note") == 2  # on what was read, and what a clean record proves
    assert out == out.rstrip() + "\n"
    told = json.loads(bakeoff("compare", tmp_path / "a.csv", "--format", "json")[1])
    assert "higher values are taken as better" in told["notes"][2]
    assert told["notes"][0].startswith("read as competitor: competitor; pairs: round; value: value")
    for name, word in (("model-losses", "losses"), ("RMSE_2", "rmse"), ("wall.time", "time")):
        code, out, err = bakeoff("compare", tmp_path / f"{name}.csv")
        assert (code, out) == (2, "")
        assert f"its name speaks of {word}" in " ".join(err.split())
        assert bakeoff("compare", tmp_path / f"{name}.csv", "--higher-is-better")[0] == 0


def test_compare_refuses_points_of_percentages(bakeoff, tmp_path):
    rows = "".join(f"{r},a,{85 + r % 3}.1\n{r},b,nan\n" for r in range(8))
    (tmp_path / "a.csv").write_text("round,competitor,value\n" + rows)
    code, out, err = bakeoff("compare", tmp_path / "a.csv", "--points")
    assert (code, out) == (2, "")
    assert "--points: got a value of 87.1, expected fractions of at most 1" in " ".join(err.split())
    assert bakeoff("compare", tmp_path / "a.csv")[0] == 0


def test_compare_tells_of_rounds_that_were_copied(bakeoff, tmp_path):
    values = np.random.default_rng(0).normal(0.86, 0.01, (5, 2)).round(3).tolist()
    rows = [
        f"{r},{name},{value}"
        for r in range(20)
        for name, value in zip("ab", values[r % 5], strict=True)
    ]
    (tmp_path / "a.csv").write_text("\n".join(["round,competitor,value", *rows]))
    out = " ".join(bakeoff("compare", tmp_path / "a.csv")[1].split())
    assert "Note: 20 rounds hold only 5 different ones, too few for chance" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "ablatoin"], "did you mean 'ablation'?"),
        (["show", "--format", "markdwon"], "did you mean 'markdown'?"),
        (["show", "--store", "none"], "none: there is no store yet"),
        (["show", "--figure", "a.jpg"], "expected a name ending with one of .pdf, .svg"),
        (["show", "--figure", "none/a.pdf"], "none/a.pdf: cannot be written"),
        (["show", "--figure", "a.pdf", "--width", "3 inches"], "such as 3.25in, 85mm or 8.5cm"),
        (["show", "--figure", "a.pdf", "--width", "1mm"], "expected 2in to 20in"),
        (["show", "--width", "3in"], "--width: goes with --figure only"),
        (["show", "--methods", "--format", "csv"], "--methods: goes with text only"),
        (["compare", "none.csv"], "none.csv: cannot be read"),
        (["compare", "a", "b", "c"], "got 3 words, expected files that are there"),
        (["compare", "model2", "model1", "--points"], "goes with a file"),
        (["compare", "none.csv", "--store", "x"], "goes with two competitors"),
        (["rounds", "delete", "model3x"], "no competitor 'model3x'"),
        (["rounds", "delete", "model1"], "say --yes to do it"),
        (["merge", "bakeoff.sqlite", "none"], "none: there is no store yet"),
        (["export", "model2", "--format", "onnx"], "-o"),
        (["init", "a.txt"], "ending in .toml"),
        (["plan", "--difference", "0"], "difference: got 0"),
        (["plan", "ablatoin"], "did you mean 'ablation'?"),
        (["run", "--until", "dawn"], "expected decided"),
        (["run", "--until", "decided"], "expected --max-rounds N"),
        (["run", "--max-rounds", "3"], "goes with --until decided"),
        (["run", "none.toml"], "none.toml: cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence(bakeoff, store, monkeypatch, arguments, sentence):
    from bakeoff.study import run

    monkeypatch.setattr(run, "finish", lambda *a, **k: pytest.fail("started"))
    before = store.read_bytes()
    code, out, err = bakeoff(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert store.read_bytes() == before
    assert [path.name for path in store.parent.iterdir()] == [store.name]


def test_rounds_are_listed_and_deleted(bakeoff, store):
    code, out, _ = bakeoff("rounds")
    assert code == 0
    assert out == bakeoff("rounds", "list")[1]
    model1 = next(line for line in out.splitlines() if " model1 " in line)
    assert model1.split()[-2:] == ["8", "0"]
    assert bakeoff("rounds", "delete", "model1", "--yes")[:2] == (0, "deleted 8 rounds of model1\n")
    assert count(store) == 8 * (COMPETITORS - 1)


def test_a_store_takes_in_another_one(bakeoff, store, tmp_path, fill):
    other = tmp_path / "other.sqlite"
    fill(other, range(6, 10))
    _, out, _ = bakeoff("merge", store, other)
    n = COMPETITORS
    assert out == f"{2 * n} rounds added to {store}, {2 * n} were there already\n"
    assert count(other) == 4 * n


def test_studies_lists_what_ships_and_what_was_run(bakeoff, store, tmp_path):
    code, out, _ = bakeoff("studies")
    assert code == 0
    assert "\nablation: " in out
    assert "8 of 8" in out


def test_init_writes_a_study_once(bakeoff, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bakeoff("init", "mine.toml")[0] == 0
    assert load_study(tmp_path / "mine.toml").name == "mine"
    code, _, err = bakeoff("init", "mine.toml")
    assert code == 2
    assert "exists already" in err


def test_plan_goes_by_the_rounds_that_are_kept(bakeoff, store):
    code, out, _ = bakeoff("plan", "--difference", "0.05", "--workers", "3")
    out = " ".join(out.split())
    assert code == 0
    assert "rounds find a true difference of 0.05 points in 80 of 100 studies" in out
    assert "points at most, as 8 rounds of" in out
    assert "on 3 workers: bakeoff run ablation --seed 1 --rounds " in out
    assert "they are of another --seed, as those that stand are a pilot and stay out" in out
    assert re.search(r"At the ends of its 80 % interval \d+ to \d+ would do", out)
    given = " ".join(bakeoff("plan", "--std", "4", "--difference", "2")[1].split())
    assert "standard deviation of 4 points, as given" in given


def test_the_command_of_a_plan_is_whole(bakeoff, fill, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--recipe", "published", "--epochs", "3", "--seed", "7"]
    study = attrs.evolve(ABLATION.with_recipe(find_recipe("published"), epochs=3), seed=7)
    fill("a store.sqlite", range(20, 28), study)
    fill("a store.sqlite", range(20, 28), attrs.evolve(study, seed=8))
    others = ["--workers", "2", "--store", "a store.sqlite"]
    code, out, _ = bakeoff("plan", "ablation", "--difference", "2", *options, *others)
    assert code == 0
    assert "by the anytime-valid test" in " ".join(out.split())
    command = out.splitlines()[-1]
    told = json.loads(
        bakeoff("plan", "--difference", "2", *options, *others, "--format", "json")[1]
    )
    assert told["command"] == command
    expected = ["bakeoff", "run", "ablation", *options[:-1], "9"]  # of 8 rounds stand too
    assert shlex.split(command) == [*expected, "--rounds", str(told["rounds"]), *others]
    fill("a store.sqlite", range(20, 32), attrs.evolve(study, seed=2))
    words = ("plan", "ablation", "--difference", "50", *options[:-1], "2", *others)
    out = " ".join(bakeoff(*words)[1].split())  # planned before, and enough
    assert "--seed 2 --first-round 20 --rounds 12" in out


def test_a_faulty_study_file_tells_all_faults(bakeoff, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text('name = "mine"\nrounds = 0\n[recipe]\nlr = -1\n')
    code, out, err = bakeoff("run", "mine.toml")
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert lines[0] == "bakeoff: mine.toml has 4 faults:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "recipe.lr",
        "question",
        "competitors",
        "rounds",
    ]
