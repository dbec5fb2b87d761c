"""docs/report.md: the tables that tools/report_tables.py makes of the runs in results/."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import attrs
import pytest

from bakeoff.study.document import document, to_json
from bakeoff.study.machine import this_machine
from bakeoff.study.results import StudyResults
from bakeoff.training.studies import find_study
from records import curves, record

ROOT = Path(__file__).parents[2]


def write_run(folder, study, accuracies, trainer="", **changes):
    """Write a run as `bakeoff run --json` would; an accuracy of None is a divergence."""
    rounds = [
        record(
            competitor,
            r,
            parameters=5,
            **curves(study.network(competitor).recipe, value),
            seconds=90.0,
            diverged=3 if value is None else None,
        )
        for competitor, values in accuracies.items()
        for r, value in enumerate(values)
    ]
    told = document(StudyResults.of_rounds(study, rounds), this_machine())
    told["recipe"] |= changes
    (folder / f"{study.name}{trainer}.json").write_text(to_json(told))


@pytest.fixture
def study():
    return find_study("ablation")


def test_every_claim_and_cost_is_a_comparison_that_its_study_declares(tool):
    said = tool("report_tables").SAID
    asked = [asked for _, _, again, _, right in said["claims"] for asked in (again, right)]
    asked += [cost[1:] for cost in said["costs"]]
    for name, a, b in asked:
        assert (a, b) in find_study(name).comparisons, (name, a, b)
    declared = {(s, *c) for s in ("published", "published-deep") for c in find_study(s).comparisons}
    assert declared <= set(map(tuple, asked)), "a comparison of the report's studies is not told"
    for _, _, again, right in said["figures"]:
        for name, competitor in (again, right):
            find_study(name).competitor(competitor)
    for _, _, name, a, b in said["times"]:
        find_study(name).only([a, b])


def test_figures_are_those_of_the_rounds(tool, tmp_path, study):
    values = [0.85 + 0.01 * (r % 3) for r in range(30)]
    better = [value + 0.02 + 0.001 * (r % 2) for r, value in enumerate(values)]
    write_run(tmp_path, study, {"model1": values, "model2": better})
    runs = tool("report_tables").Runs(tmp_path)
    assert runs.accuracy("ablation", "model1") == "86.00 ± 0.83 (85.7 to 86.3)"
    told = runs.difference("ablation", "model2", "model1")
    assert re.fullmatch(r"\+2\.050 \(2\.03\d to 2\.0[67]\d\), better, p (= 0\.000|< 0\.).*", told)
    assert runs.difference("ablation", "model3", "model1") == "not run yet"
    assert runs.accuracy("deep", "model4") == "not run yet"


def test_fewer_rounds_than_planned_are_judged_as_a_look_in_between(tool, tmp_path, study):
    rounds = {"model1": [0.85, 0.86, 0.84, 0.85], "model2": [0.86, 0.87, 0.86, 0.86]}
    write_run(tmp_path, study, rounds)
    run = tool("report_tables").Runs(tmp_path)["ablation"]
    assert any("anytime-valid" in note for note in run.notes)
    assert "undecided" in tool("report_tables").Runs(tmp_path).difference(
        "ablation", "model2", "model1"
    )
    told = tool("report_tables").provenance(tool("report_tables").Runs(tmp_path))
    assert "| `ablation` | 4 | 0.2 |" in told
    assert "anytime-valid" in told


def test_a_rival_with_fewer_rounds_takes_none_away(tool, tmp_path, study):
    better = [0.88 + 0.001 * (r % 2) for r in range(30)]
    write_run(tmp_path, study, {"model1": [0.85] * 30, "model2": better, "model3": [0.8] * 2})
    run = tool("report_tables").Runs(tmp_path)["ablation"]
    assert run.comparison("model2", "model1").estimate.rounds == 30
    assert run.comparison("model3", "model1").estimate.rounds == 2
    assert len(run.verdicts.rounds) == 2


def test_rounds_of_another_recipe_do_not_count(tool, tmp_path, study):
    write_run(tmp_path, study, {"model1": [0.85] * 3}, momentum=0.8)
    assert tool("report_tables").Runs(tmp_path)["ablation"] is None


def test_another_trainers_rounds_are_paired_with_ours(tool, tmp_path, study):
    write_run(tmp_path, study, {"model1": [0.85, 0.86, 0.84, 0.9], "model2": [0.9] * 4})
    write_run(tmp_path, study, {"model1": [0.84, 0.86, None, 0.9]}, trainer=".torch")
    told = tool("report_tables").trainers(tool("report_tables").Runs(tmp_path))
    assert "| `model1` | 3 | 0 | 87.00 | 86.67 | +0.33 (−1.10 to 1.77) |" in told
    assert "model2" not in told
    assert "| `deep` | not run yet |" in told


def test_rounds_from_before_a_field_of_the_recipe_count_by_its_default(tool, tmp_path, study):
    write_run(tmp_path, study, {"model1": [0.85] * 3})
    path = tmp_path / "ablation.json"
    told = json.loads(path.read_text())
    assert told["recipe"].pop("schedule", "gone") is None
    assert told["recipe"]["augmentation"].pop("sharp", "gone") is False
    path.write_text(json.dumps(told))
    assert tool("report_tables").Runs(tmp_path).accuracy("ablation", "model1").startswith("85.00")


def test_divergence_is_a_result(tool, tmp_path, study):
    write_run(tmp_path, study, {"model1": [None] * 30, "model2": [0.8, None] * 15})
    runs = tool("report_tables").Runs(tmp_path)
    assert runs.accuracy("ablation", "model1") == "all 30 rounds diverged"
    assert runs.accuracy("ablation", "model2").endswith("; 15 rounds diverged")
    told = runs.difference("ablation", "model2", "model1")
    assert told.startswith("+40.0 (")
    assert told.endswith("; 15 of model2 and 30 of model1 diverged and count as 0 %")


def test_times_are_told_as_changes(tool, tmp_path):
    pair = {"study": "published", "a": "report-model3", "b": "report-model1-60"}
    pair |= {"ratio": 1.26, "low": 0.99, "high": 1.304}
    (tmp_path / "times.json").write_text(json.dumps({"pairs": [pair]}))
    told = tool("report_tables").times(tool("report_tables").Runs(tmp_path))
    assert "| `report-model3` / `report-model1-60` | +26 % (−1 % to +30 %) |" in told
    assert told.count("not run yet") == 5


def test_two_networks_are_timed_in_turn(tool, monkeypatch):
    timing, order = tool("benchmarks.times"), []

    def timed(study, competitor, round_):
        order.append((competitor, round_))
        assert {c.recipe.epochs for c in study.competitors} == {4}
        return {"model3": 6.0, "model1": 4.0}[competitor] * (1 + round_)

    monkeypatch.setattr(timing, "timed", timed)
    told = timing.time_pair("ablation", "model3", "model1", repeats=3, epochs=4)
    assert order == [(c, r) for r in range(3) for c in ("model3", "model1")[:: 1 - 2 * (r % 2)]]
    assert told["seconds_a"] == [1.5, 3.0, 4.5]
    assert math.isclose(told["ratio"], 1.5)
    assert told["low"] == pytest.approx(1.5)


def test_a_timing_is_that_of_a_round(tool):
    study = attrs.evolve(find_study("ablation"), train_size=100, test_size=100)
    assert tool("benchmarks.times").timed(study.with_recipe(epochs=1), "model2", 0) > 0
