from pathlib import Path

import pytest

import bakeoff as bo
from bakeoff.errors import ArgumentError, StatisticsError, StudyError
from bakeoff.study.results import StudyResults
from bakeoff.study.store import Store
from bakeoff.study.verdicts import judge
from records import record

MNIST = Path(bo.__file__).parent / "data" / "mnist"
STUDY = bo.NetworkStudy(
    "small",
    "Which?",
    [bo.NetworkCompetitor(name, recipe=bo.Recipe(epochs=1)) for name in ("model1", "model2")],
    [("model2", "model1")],
    rounds=2,
    train_size=40,
    test_size=40,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("front")
    return bo.run(STUDY, store=folder / "s.sqlite", workers=1), folder


def test_a_study_is_run_judged_and_kept(run, capsys):
    one, folder = run
    assert one.results.rounds == (0, 1)
    told = str(one.verdicts)
    assert told.startswith("Undecided between model2 and model1: ")
    assert "cannot reach" in told
    assert "\nNote: no round diverged" in told
    with Store(folder / "s.sqlite", read_only=True) as store:
        assert len(store.finished(store.studies()[0].keys["model1"])) == 2
    again = bo.run(STUDY, store=str(folder / "s.sqlite"), workers=1, only=["model1"])
    assert again.results.of("model1") == one.results.of("model1")
    assert "small: 1 competitor, 2 rounds in all, 2 of them in" in " ".join(
        capsys.readouterr().err.split()
    )
    assert repr(one) == "Run(study='small')"
    assert one._repr_html_() == one.results._repr_html_()


def test_its_page_is_written(run):
    one, folder = run
    page = one.report(folder / "page")
    assert page == folder / "page" / "index.html"
    assert "model2" in page.read_text("utf-8")
    assert (page.parent / "study.toml").exists()


def test_its_page_shows_the_data_that_it_was_run_with(tmp_path, monkeypatch):
    one = bo.run(STUDY, workers=1, data_dir=str(MNIST), margin=0.1)
    told = []
    monkeypatch.setattr(
        "bakeoff.report.study_page.write_study_page", lambda *_, **given: told.append(given)
    )
    one.report(tmp_path / "page")
    assert told == [{"margin": 0.1, "data_dir": str(MNIST)}]


def test_a_study_has_a_name_or_a_file(tmp_path):
    with pytest.raises(StudyError, match="did you mean 'ablation'"):
        bo.run("ablatoin")
    with pytest.raises(StudyError, match="cannot be read"):
        bo.run(tmp_path / "none.toml")
    with pytest.raises(ArgumentError, match="rounds: got 0"):
        bo.run(STUDY, rounds=0)
    with pytest.raises(StudyError, match="no competitor 'model3'"):
        bo.run(STUDY, only=["model3"])


def test_numbers_are_compared_in_either_direction():
    values = [[r / 10, r / 10 + 1 + r % 3 / 10] for r in range(8)]
    assert str(bo.compare(values, names=["a", "b"])).startswith("b is better than a by 1.09 (95 %")
    lower = str(bo.compare(values, names=["a", "b"], larger_is_better=False))
    assert lower.startswith("b is worse than a, higher by 1.09")
    assert "equivalent within 5" in str(bo.compare(values, names=["a", "b"], margin=5))
    assert "anytime" in bo.compare(values, names=["a", "b"], anytime=True).mode
    with pytest.raises(StatisticsError):
        bo.compare(values, names=["a"])


def test_what_a_reader_must_know_follows_the_verdicts():
    rounds = [
        record(name, r, test=(0.5 + r * place / 100,))
        for place, name in enumerate(STUDY.competitor_names)
        for r in range(2)
    ]
    told = str(judge(StudyResults(STUDY, tuple(rounds)), range(8))).split("\n")
    assert [line.startswith("Note: ") for line in told] == [False, *[True] * (len(told) - 1)]
    assert any("8 rounds were planned and 2 stand" in line for line in told[1:])
