"""What a script reads: every --format json is JSON and nothing else, with these names in it."""

import json

import pytest

from bakeoff.study.store import Store
from bakeoff.study.verdicts import questions
from bakeoff.training.studies import ABLATION, STUDIES

COMPARISON = {
    "name", "kind", "weights", "verdict", "sentence", "rounds", "left_out", "corrected_p",
    "detectable", "mean", "std", "effect_size", "p", "interval", "confidence", "method", "student",
    "looks",
}  # fmt: skip


@pytest.fixture
def told(bakeoff, tmp_path, monkeypatch, fill):
    """Call a command in a folder whose store holds 8 rounds of the ablation; returns its JSON."""
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "bakeoff.sqlite", range(8))

    def call(*arguments):
        code, out, err = bakeoff(*arguments, "--format", "json")
        assert (code, err) == (0, "")
        return json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))

    return call


def test_compare_two_competitors(told):
    found = told("compare", "model2", "model1")
    assert found.keys() == {"competitors", "comparisons", "ranks", "best", "notes"}
    (comparison,) = found["comparisons"]
    assert comparison.keys() == COMPARISON
    assert comparison["weights"] == {"model2": 1.0, "model1": -1.0}
    assert comparison["rounds"] == 8
    low, high = comparison["interval"]
    assert low <= comparison["mean"] <= high
    assert comparison["verdict"] in {"better", "worse", "equivalent", "undecided"}
    (margin,) = told("compare", "model2", "model1", "--margin", "3")["comparisons"]
    assert margin.keys() == COMPARISON | {"equivalence"}
    assert margin["equivalence"].keys() == {"margin", "p", "corrected_p", "interval"}


def test_compare_a_file(told, tmp_path):
    rows = [f"{r},x,{3 + r % 3 / 10}\n{r},y,{9 + r % 2 / 10}\n" for r in range(8)]
    (tmp_path / "times.csv").write_text("round,competitor,value\n" + "".join(rows))
    found = told("compare", "times.csv", "--lower-is-better")
    assert [c["name"] for c in found["competitors"]] == ["x", "y"]
    x, y = found["competitors"]
    assert x.keys() == y.keys() == {"name", "rounds", "failed", "mean", "std", "interval"}
    assert (x["rounds"], x["mean"]) == (8, pytest.approx(3.0875))
    (comparison,) = found["comparisons"]
    means = {"x": x["mean"], "y": y["mean"]}
    assert sorted(comparison["weights"].values()) == [-1.0, 1.0]
    assert comparison["mean"] == pytest.approx(
        sum(weight * means[name] for name, weight in comparison["weights"].items())
    )
    assert comparison["verdict"] == ("better" if comparison["mean"] < 0 else "worse")


def test_plan(told):
    found = told("plan", "--difference", "0.05", "--workers", "3")
    assert found.keys() == {
        "study",
        "rounds",
        "range",
        "going_on",
        "difference",
        "power",
        "std",
        "comparisons",
        "test",
        "seconds",
        "workers",
        "command",
    }
    assert found["test"] == "sign-flip"
    assert found["range"][0] < found["rounds"] < found["range"][1]
    assert found["going_on"] > found["rounds"]
    assert found["study"] == "ablation"
    assert found["difference"] == pytest.approx(0.0005)
    assert found["comparisons"] == len(questions(ABLATION))
    assert found["workers"] == 3
    assert found["rounds"] > 1
    assert found["seconds"] > 0


def test_studies(told):
    found = told("studies")
    assert [study["study"] for study in found["shipped"]] == list(STUDIES)
    for study in found["shipped"]:
        assert study.keys() == {"study", "question", "competitors", "rounds"}
    (kept,) = found["kept"]
    with Store("bakeoff.sqlite", read_only=True) as store:
        (known,) = store.studies()
    assert kept == {
        "study": "ablation",
        "identity": known.identity,
        "last_run": known.last_run,
        "seed": ABLATION.seed,
        "competitors": list(ABLATION.competitor_names),
        "rounds": 8,
        "planned": 8,
    }


def test_rounds_list(told):
    found = told("rounds", "list")
    assert found.keys() == {"rounds"}
    assert [row["competitor"] for row in found["rounds"]] == list(ABLATION.competitor_names)
    for row in found["rounds"]:
        assert row["study"] == "ablation"
        assert (row["rounds"], row["of older sources"]) == (8, 0)


def test_an_unknown_format_is_told(bakeoff):
    for command in (["compare", "a"], ["plan"], ["studies"], ["rounds", "list"]):
        code, out, err = bakeoff(*command, "--format", "jsn")
        assert (code, out) == (2, "")
        assert "did you mean 'json'?" in err
