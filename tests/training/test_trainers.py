import pytest

from bakeoff.errors import ArgumentError, StudyError
from bakeoff.study.document import document
from bakeoff.study.machine import this_machine
from bakeoff.study.results import StudyResults
from bakeoff.study.run import RunOptions, run_study
from bakeoff.training import torch_trainer, trainer
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import ABLATION
from bakeoff.training.trainers import check_trainer, trainer_note
from trainers import train_with


def test_each_competitor_has_its_trainer(monkeypatch):
    monkeypatch.setattr(trainer, "train_group", lambda *_, plan: f"ours, plan {plan}")
    monkeypatch.setattr(torch_trainer, "train_group", lambda *_: "torch")
    study = NetworkStudy("s", "?", [NetworkCompetitor("a"), NetworkCompetitor("b")])
    trainers = {"a": "bakeoff", "b": "torch"}
    for plan in (True, False):
        train = train_with(trainers, plan=plan)
        told = [train(study, competitor, 0, None) for competitor in study.competitors]
        assert told == [f"ours, plan {plan}", "torch"]


def test_a_name_without_a_trainer_is_refused():
    with pytest.raises(StudyError, match=r"there is no trainer 'pytorch' \(did you mean 'torch'"):
        check_trainer("pytorch")
    with pytest.raises(StudyError, match="there is no trainer 'pytorch'"):
        run_study(ABLATION, RunOptions(trainer="pytorch"))
    with pytest.raises(ArgumentError, match="--no-plan: got --trainer torch"):
        check_trainer("torch", plan=False)


def test_a_note_names_who_was_trained_by_pytorch():
    theirs = "trained with PyTorch's layers, autograd and optimisers."
    assert trainer_note({"a": "bakeoff", "b": "bakeoff"}) == ""
    assert trainer_note({"a": "torch", "b": "torch"}) == f"these rounds were {theirs}"
    assert trainer_note({"a": "torch", "b": "bakeoff"}) == f"a: {theirs}"


def test_a_document_names_the_trainer_where_it_is_not_ours():
    results = StudyResults(
        NetworkStudy("s", "?", [NetworkCompetitor("a"), NetworkCompetitor("b")]), ()
    )
    told = document(results, this_machine(), {"a": {"trainer": "torch"}, "b": {}})["competitors"]
    assert [competitor.get("trainer") for competitor in told] == ["torch", None]


class Odd(Exception):
    """One that does not come back from another process."""

    def __init__(self, one, other):
        super().__init__(f"{one} {other}")


@pytest.mark.parametrize("error", [Odd("no", "way"), SystemExit("no way"), ValueError("no way")])
def test_what_a_users_code_raises_travels_as_words(monkeypatch, error):
    def failing(*arguments, **options):
        raise error

    monkeypatch.setattr("bakeoff.training.trainer.train_group", failing)
    mine, ours = NetworkCompetitor("a", network="mine:Net"), NetworkCompetitor("model1")
    study = NetworkStudy("s", "Which?", [mine, ours])
    train = train_with({"a": "bakeoff", "model1": "bakeoff"})
    told = rf"'a': training failed: {type(error).__name__}: no way \(test_trainers.py, line \d+\)"
    with pytest.raises(StudyError, match=told):
        train(study, mine, 0, None)
    with pytest.raises(type(error)):
        train(study, ours, 0, None)
