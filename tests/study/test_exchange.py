"""What a study's table says of its rounds, read back, gives the study's verdicts."""

import csv
import io
import re

import attrs
import numpy as np
import pytest
from test_command import study

import records
import trainers
from bakeoff.errors import DataError
from bakeoff.runs.reading import read_rows
from bakeoff.statistics.dependence import FIXED_TEST, Dependence
from bakeoff.study.exchange import exported, imported, is_exported
from bakeoff.study.metric import LOWER, RATIO, SECONDS_METRIC, Metric
from bakeoff.study.record import FAILED, Record
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import judge
from bakeoff.training.studies import STUDIES


def made(of, competitor, round_):
    """Numbers that differ between all competitors, so that none are taken for one training."""
    record = trainers.result(of, competitor, round_)
    scores = dict(record.scores)
    place = of.competitors.index(competitor)
    scores["test_accuracy"] = (scores["test_accuracy"] + round_ * place % 13 / 100) / 3
    return attrs.evolve(record, scores=scores)


def shipped(name, rounds=8, **judging):
    of = STUDIES[name]
    results = StudyResults.of_rounds(
        of, [made(of, c, r) for c in of.competitors for r in range(rounds)]
    )
    planned = judging.pop("planned", range(rounds))
    return attrs.evolve(results, planned=planned, judging=attrs.evolve(results.judging, **judging))


def of_commands(metric, values, broken=(), **changes):
    """Rounds of a command study: {competitor: values}, of which those in `broken` failed."""
    of = study("echo {seed} {k}", metrics=(metric,), **changes)
    made = [
        Record(
            competitor=name,
            round=round_,
            seed=0,
            status=FAILED if (name, round_) in broken else "finished",
            scores={metric.score: value},
            seconds=value,
            note="exit code 1" if (name, round_) in broken else "",
        )
        for name, row in values.items()
        for round_, value in enumerate(row)
    ]
    return StudyResults.of_rounds(of, made, planned=range(len(values["a"])))


def read_back(results, tmp_path, change=lambda text: text):
    path = tmp_path / "rounds.csv"
    path.write_text(change(exported(results).csv()), encoding="utf-8")
    rows = read_rows(path)
    assert is_exported(rows)
    return imported(rows)


def sentences(results, **options):
    """By what is asked: the table keeps the questions, not their order."""
    found = judge(results, **options).analysis.comparisons
    return {comparison.contrast.name: comparison.sentence for comparison in found}


@pytest.mark.parametrize("name", STUDIES)
def test_a_shipped_study_has_the_same_verdicts(name, tmp_path):
    results = shipped(name)
    again = read_back(results, tmp_path)
    assert sentences(again) == sentences(results)


RNG = np.random.default_rng(0)
VALUES = {"a": RNG.uniform(1, 2, 24).tolist(), "b": RNG.uniform(1.2, 2.4, 24).tolist()}


@pytest.mark.parametrize(
    "results",
    [
        shipped("ablation", planned=range(12)),
        shipped("ablation", planned=range(0)),
        shipped("ablation", planned=None),
        shipped("ablation", dependence=Dependence("resplit", (40, 20))),
        shipped("ablation", dependence=Dependence("folds", (4, 2))),
        shipped("ablation", dependence=FIXED_TEST),
        of_commands(Metric("loss", LOWER), VALUES),
        of_commands(SECONDS_METRIC, VALUES),
        of_commands(Metric("seconds", LOWER, RATIO), VALUES),
        of_commands(Metric('time to, "1" %', LOWER, RATIO), VALUES, seed=7),
        of_commands(Metric("x"), VALUES, broken=[("a", 3), ("b", 3), ("b", 5)]),
        of_commands(Metric("x"), VALUES, broken=[("b", 5)], failed=0.25),
    ],
)
def test_whatever_rounds_were_comes_back(results, tmp_path):
    again = read_back(results, tmp_path)
    told, mode = sentences(results), judge(results).analysis.mode
    assert sentences(again) == told
    assert judge(again).analysis.mode == mode
    assert again.judging.dependence == results.judging.dependence
    assert again.study.seed == results.study.seed
    assert sentences(again, margin=0.05) == sentences(results, margin=0.05)
    assert sentences(again, anytime=True) == sentences(results, anytime=True)


def test_a_competitor_without_rounds_is_asked_for_all_the_same(tmp_path):
    whole = shipped("ablation")
    part = [record for record in whole.results if record.competitor != "model2"]
    results = attrs.evolve(whole, results=part)
    again = read_back(results, tmp_path)
    assert sentences(again) == sentences(results)
    assert "model2" in again.study.competitor_names


def test_failed_rounds_are_told_as_the_study_tells_them(tmp_path):
    results = shipped("ablation")
    first = results.results[0]
    diverged = records.diverged(first)
    results = attrs.evolve(results, results=(diverged, *results.results[1:]))
    again = read_back(results, tmp_path)
    assert sentences(again) == sentences(results)
    assert "of 8 rounds and model1 in 1 (" in sentences(again)["model2 - model1"]


def spreadsheet(text):
    """What an office program in Germany makes of it: semicolons, commas, a byte order mark."""
    lines = list(csv.reader(io.StringIO(text)))
    lines = [[re.sub(r"^(\d+)\.(\d+)$", r"\1,\2", cell) for cell in line] for line in lines]
    order = np.random.default_rng(0).permutation(len(lines[0]))
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([line[i] for i in order] for line in lines)
    return "\ufeff" + out.getvalue()


def test_it_survives_a_spreadsheet(tmp_path):
    results = of_commands(Metric("loss", LOWER, RATIO), VALUES)
    again = read_back(results, tmp_path, spreadsheet)
    assert sentences(again) == sentences(results)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text + text.split("\n", 1)[1], "holds a round of a competitor twice"),
        (lambda text: text.replace("fresh", "folds 1x1"), "folds (1, 1), expected numbers"),
        (lambda text: text.replace("fresh", "shuffled"), "got 'shuffled', expected"),
        (lambda text: text.replace("fresh", "fixed-test", 1), "got dependence 'fixed-test' and"),
        (lambda text: text.replace("lower", "smaller"), "metric 'loss': better: got 'smaller'"),
        (lambda text: re.sub(r"\n0,a,[0-9.]+,", "\n0,a,,", text), "got 'finished' with the value"),
        (lambda text: text.replace("\n0,a", "\nfirst,a"), "got round 'first', expected a whole"),
    ],
)
def test_what_no_study_wrote_is_refused(change, told, tmp_path):
    with pytest.raises(DataError, match=re.escape(told)):
        read_back(of_commands(Metric("loss", LOWER), VALUES), tmp_path, change)
