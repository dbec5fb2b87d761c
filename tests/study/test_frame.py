import math
import sys
from types import SimpleNamespace

import pytest

import records
import trainers
from bakeoff.errors import MissingExtraError
from bakeoff.study.results import StudyResults
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "s",
    "?",
    [NetworkCompetitor("a"), NetworkCompetitor("bb", recipe=Recipe(epochs=5, evaluate_every=2))],
)


@pytest.fixture
def library(monkeypatch):
    """A library whose frame is the columns as they are given, in the place of pandas."""
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=dict))


def results():
    made = [trainers.result(STUDY, c, r) for c in STUDY.competitors for r in range(2)]
    made[0] = records.diverged(made[0], curves=dict(made[0].curves) | {"test_accuracy": ()})
    return StudyResults.of_rounds(STUDY, made)


def test_a_row_for_each_round(library):
    frame = results().to_frame()
    assert frame["competitor"] == ["a", "a", "bb", "bb"]
    assert frame["round"] == [0, 1, 0, 1]
    assert frame["status"] == ["diverged", "finished", "finished", "finished"]
    assert math.isnan(frame["test_accuracy"][0])
    assert frame["test_accuracy"][3] == results().of("bb")[1].score("test_accuracy")


def test_a_row_for_each_epoch(library):
    frame = results().to_frame(epochs=True)
    mine = [i for i, name in enumerate(frame["competitor"]) if name == "bb"]
    assert [frame["epoch"][i] for i in mine] == [1, 2, 3, 4, 5] * 2
    measured = [not math.isnan(frame["test_accuracy"][i]) for i in mine]
    assert measured == [False, True, False, True, True] * 2


def test_polars_takes_the_place_of_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", SimpleNamespace(DataFrame=tuple))
    assert isinstance(results().to_frame(), tuple)


def test_without_either_the_error_says_what_to_install(monkeypatch):
    for name in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        results().to_frame()
