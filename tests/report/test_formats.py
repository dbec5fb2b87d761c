import csv
import io
import json
import math

import attrs
import pytest

import records
import trainers
from bakeoff.report.formats import WRITERS, Content, as_csv, as_json, as_markdown
from bakeoff.runs.reading import read
from bakeoff.study.machine import Machine
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import judge
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "s_1", "Which & why?", [NetworkCompetitor("a"), NetworkCompetitor("bb+d_1")], [("bb+d_1", "a")]
)
MACHINE = Machine(cpu="c", torch="2", python="3", bakeoff="0")


def content(rounds=8, study=STUDY, **judging):
    results = StudyResults.of_rounds(
        study, [trainers.result(study, c, r) for c in study.competitors for r in range(rounds)]
    )
    return Content(results, judge(results, **judging), MACHINE, ("mind this.",))


def test_json_holds_rounds_and_comparisons():
    told = json.loads(as_json(content(margin=0.5)))
    assert set(told) == {
        *("study", "versions", "recipe", "competitors"),
        *("comparisons", "best", "ranks", "notes"),
    }
    (comparison,) = told["comparisons"]
    assert comparison["name"] == "bb+d_1 - a"
    assert comparison["weights"] == {"bb+d_1": 1.0, "a": -1.0}
    low, high = comparison["interval"]
    assert low < comparison["mean"] < high
    assert comparison["p"] == 2**-7
    assert comparison["equivalence"]["margin"] == 0.5
    assert comparison["student"]["df"] == 7
    assert told["notes"][1:] == ["Note: mind this."]


def test_json_has_null_for_an_interval_without_end():
    (comparison,) = json.loads(as_json(content(3)))["comparisons"]
    assert comparison["interval"] == [None, None]
    (comparison,) = json.loads(as_json(content(1)))["comparisons"]
    assert "interval" not in comparison


def test_csv_reads_back_as_a_table(tmp_path):
    shown = content()
    rounds = list(shown.results.results)
    rounds[3] = records.diverged(rounds[3])
    results = StudyResults.of_rounds(STUDY, rounds)
    path = tmp_path / "a.csv"
    path.write_text(as_csv(attrs.evolve(shown, results=results)))
    table = read([path]).values
    assert table.names == STUDY.competitor_names
    assert math.isnan(table.values[3, 0])
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert float(rows[0]["value"]) == shown.results.results[0].score("test_accuracy")


def test_markdown_is_a_table_with_its_verdicts():
    lines = as_markdown(content()).splitlines()
    assert lines[0] == "## s_1"
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") - line.count("\\|") for line in table} == {7}
    assert any(line.startswith("| bb+d\\_1 | 6 |") for line in table)
    assert any(line.startswith("- bb+d\\_1 is better than a by") for line in lines)
    assert lines[-1] == "Note: mind this."


@pytest.mark.parametrize("name", sorted(WRITERS.keys() - {"methods"}))
def test_an_effect_shows_its_weights(name):
    cells = [NetworkCompetitor(n, levels={"f": n}) for n in ("a", "bb")]
    text = WRITERS[name](content(study=NetworkStudy("s", "Which?", cells)))
    if name in {"markdown", "latex"}:
        assert "Weights: -1 a +1 bb." in text
    assert text.endswith("\n")
