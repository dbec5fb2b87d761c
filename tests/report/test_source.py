import json

import attrs
import made
import pytest

import records
import trainers
from bakeoff.errors import StoreError, StudyError
from bakeoff.report.formats import Content, as_json
from bakeoff.report.source import read_source
from bakeoff.study.document import document, to_json
from bakeoff.study.machine import Machine, this_machine
from bakeoff.study.results import StudyResults
from bakeoff.study.store import Store
from bakeoff.study.sweep import varied
from bakeoff.study.verdicts import judge, questions
from bakeoff.training.keys import keys_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import ABLATION

MACHINE = Machine(cpu="c", torch="2", python="3", bakeoff="0")


def of(study, rounds=3):
    made_up = [trainers.result(study, c, r) for c in study.competitors for r in range(rounds)]
    return StudyResults.of_rounds(study, made_up)


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "s.sqlite"
    results = of(ABLATION)
    with Store(path) as store:
        keys = keys_of(ABLATION)
        store.record(ABLATION, keys, range(5))
        for name in ABLATION.competitor_names:
            store.keep(keys[name].text, 0, results.of(name), this_machine())
    return path


def test_a_store_gives_all_that_it_holds(store):
    stored = read_source("ablation", store)
    assert stored.planned == range(5)
    assert stored.results == of(ABLATION)
    assert sum(stored.machines.values()) == 18


def test_the_json_of_a_run_gives_the_rounds_without_predictions(tmp_path):
    study = attrs.evolve(ABLATION.with_recipe(epochs=2), seed=5)
    path = tmp_path / "run.json"
    results = of(study)
    first = records.diverged(records.with_curve(results.results[0], "train_loss", (0.5,)), 2)
    results = StudyResults(study, (first, *results.results[1:]))
    path.write_text(to_json(document(results, MACHINE)))
    read = read_source(str(path), tmp_path / "none")
    assert read.results.study == study
    plain = [attrs.evolve(r, attachments={}) for r in results.results]
    assert list(read.results.results) == plain
    assert read.planned is None
    assert [(m.torch, n) for m, n in read.machines.items()] == [("2", 18)]


def test_a_part_of_a_shipped_study_and_another_study_are_read_too(tmp_path):
    path = tmp_path / "run.json"
    part = ABLATION.only(["model1", "model2"])
    for study in (part, attrs.evolve(part, train_size=300, test_size=300)):
        path.write_text(to_json(document(of(study), MACHINE)))
        assert read_source(str(path), tmp_path).results.study == study
    cells, sizes = (
        [NetworkCompetitor("a"), NetworkCompetitor("bb")],
        {"train_size": 500, "test_size": 500},
    )
    own = NetworkStudy("mine", "Which?", cells, [("bb", "a")], seed=2, **sizes)
    swept = varied(attrs.evolve(own, comparisons=()), {"lr": [0.01, 0.02]})
    for asked in (own, swept, varied(own, {"lr": [0.01, 0.02], "hidden": [5]})):
        results = of(asked, 8)
        path.write_text(as_json(Content(results, judge(results), MACHINE)))
        read = read_source(str(path), tmp_path)
        assert read.results.study == attrs.evolve(asked, question="")
        assert judge(read.results).analysis == judge(results).analysis
    assert (len(questions(swept)), len(questions(asked))) == (3, 2)
    on = [NetworkCompetitor("a@small"), NetworkCompetitor("a@large", train_size=700, test_size=700)]
    tasks = NetworkStudy("tasks", "", on, seed=2, **sizes)
    path.write_text(to_json(document(of(tasks), MACHINE)))
    parts = read_source(str(path), tmp_path).results.study.parts
    assert [(p.competitor_names, p.data, p.train_size, p.test_size) for p in parts] == [
        (("a@small",), "pairs", 500, 500),
        (("a@large",), "pairs", 700, 700),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"study": "s", "versions": {}, "recipe": {}, "competitors": []}',
        "3",
        "null",
    ],
)
def test_what_holds_no_results_is_refused_in_one_sentence(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(StudyError, match=r"a\.json"):
        read_source(str(path), tmp_path)


def test_names_that_no_study_may_have_are_refused(tmp_path):
    told = document(of(made.TWO), MACHINE)
    told["competitors"][0]["name"] = "<script>"
    path = tmp_path / "a.json"
    path.write_text(json.dumps(told))
    with pytest.raises(StudyError, match="<script>"):
        read_source(str(path), tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("train_accuracy", [0.5], "has other epochs than its recipe"),
        ("test_accuracy", [0.5] * 4, "has other epochs than its recipe"),
        ("seconds", 10**400, "seconds is not what a round has there"),
    ],
)
def test_rounds_that_no_run_wrote_are_refused(tmp_path, field, value, sentence):
    told = document(of(made.TWO), MACHINE)
    round_ = told["competitors"][1]["rounds"][1]
    (round_["curves"] if field in round_["curves"] else round_)[field] = value
    path = tmp_path / "a.json"
    path.write_text(json.dumps(told))
    with pytest.raises(StudyError, match=sentence):
        read_source(str(path), tmp_path)


def test_missing_files_are_told(tmp_path):
    with pytest.raises(StudyError, match="cannot be read"):
        read_source(str(tmp_path / "none.json"), tmp_path)
    with pytest.raises(StoreError):
        read_source(None, tmp_path / "none.sqlite")
