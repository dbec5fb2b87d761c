import tomllib

import peaks
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peaks import peaked, study_of

from bakeoff.study.files import load_study, study_from_toml
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import STUDIES
from bakeoff.training.tune.search import TuneOptions, tune_study
from bakeoff.training.tune.toml import study_toml, tuning_toml


def read(text):
    return study_from_toml(tomllib.loads(text), "file")


@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda study: study.name)
def test_every_shipped_study_can_be_written_and_read(study):
    assert read(study_toml(study)) == study


@given(
    question=st.text(),
    options=st.dictionaries(
        st.text(min_size=1).filter(str.isprintable),
        st.text()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False),
    ),
    rates=st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=3),
    seed=st.integers(),
)
def test_any_study_can_be_written_and_read(question, options, rates, seed):
    schedules = ("OneCycleLR", None, None)
    competitors = [
        NetworkCompetitor(f"c{i}", options=options, recipe=Recipe(lr=lr, schedule=schedule))
        for i, (lr, schedule) in enumerate(zip(rates, schedules, strict=False))
    ]
    study = NetworkStudy("s", question, competitors, seed=seed)
    text = study_toml(study)
    assert read(text) == study
    assert all(map(str.isprintable, text.split("\n"))), "a character does not show"


def test_a_tuned_study_is_a_study_with_its_evidence(tmp_path):
    study = study_of(peaked("a", -1, diverges_at=0.08), peaked("b", 1))
    options = TuneOptions(prepare=peaks.prepare, rounds=3)
    tuning = tune_study(study, options, pools=peaks.threads)
    file = tmp_path / "s.tuned.toml"
    file.write_text(tuning_toml(tuning, "bakeoff tune 's x.toml'"))
    assert load_study(file) == tuning.tuned_study()
    evidence = tomllib.loads(file.read_text())["tuning"]
    assert evidence["command"] == "bakeoff tune 's x.toml'"
    assert (evidence["rounds"], evidence["places"]) == (3, [-2, 2])
    assert [machine["rounds"] for machine in evidence["machines"]] == [30]
    first = evidence["competitors"][0]
    assert (first["name"], first["lr_before"], first["lr"]) == ("a", 0.02, 0.01)
    accuracies = [0.9004, 0.9014, 0.9024]
    assert first["tried"][1] == {
        "place": -1,
        "lr": 0.01,
        "epochs": 4,
        "mean": pytest.approx(sum(accuracies) / 3, abs=1e-6),
        "standard_error": pytest.approx(0.001 / 3**0.5, abs=1e-6),
        "diverged": 0,
        "tied": True,
    }
    assert [trial["tied"] for trial in first["tried"]].count(True) < 5
    assert not first["tried"][4]["tied"], "it diverged"
    assert [trial["diverged"] for trial in first["tried"]] == [0, 0, 0, 0, 3]
