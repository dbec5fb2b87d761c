import json

import attrs
import pytest

import records
import trainers
from bakeoff.study.document import document, to_json
from bakeoff.study.machine import Machine
from bakeoff.study.results import StudyResults
from bakeoff.training.augmentation import Augmentation
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

MACHINE = Machine(cpu="x", torch="2", python="3", bakeoff="1")


def told(study, results):
    return json.loads(to_json(document(StudyResults.of_rounds(study, results), MACHINE)))


def test_the_document_has_exactly_its_form():
    study = NetworkStudy(
        "small", "Which?", [NetworkCompetitor("a", recipe=Recipe(epochs=2))], seed=5
    )
    one = trainers.result(study, study.competitors[0], 3)
    assert told(study, [one]) == {
        "study": "small",
        "versions": {"bakeoff": "1", "torch": "2", "python": "3"},
        "recipe": {
            "optimiser": "SGD",
            "lr": 0.02,
            "momentum": 0.9,
            "weight_decay": 0.0,
            "schedule": None,
            "epochs": 2,
            "batch_size": 50,
            "standardise": True,
            "rounds_per_group": 1,
            "evaluate_every": 1,
            "average_epochs": 1,
            "augmentation": attrs.asdict(Augmentation()),
        },
        "competitors": [
            {
                "name": "a",
                "rounds": [
                    {
                        "round": 3,
                        "seed": 5,
                        "scores": dict(one.scores),
                        "curves": {name: list(curve) for name, curve in one.curves},
                        "seconds": 0.5,
                        "facts": {"parameters": 1},
                    }
                ],
            }
        ],
    }


def test_what_differs_between_recipes_stands_with_the_competitor():
    study = NetworkStudy(
        "small", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b", recipe=Recipe(lr=0.5))]
    )
    read = told(study, [])
    assert "lr" not in read["recipe"]
    assert read["recipe"]["momentum"] == 0.9
    assert [competitor["recipe"] for competitor in read["competitors"]] == [
        {"lr": 0.02},
        {"lr": 0.5},
    ]


def test_auxiliary_losses_and_divergence_stand_where_they_are():
    study = NetworkStudy("small", "Which?", [NetworkCompetitor("a")])
    one = records.record(auxiliary={"first": [0.5]}, diverged=2)
    (round_,) = told(study, [one])["competitors"][0]["rounds"]
    assert round_["curves"]["train_loss/first"] == [0.5]
    assert (round_["status"], round_["note"]) == ("diverged", "diverged in epoch 2")
    assert (round_["scores"], round_["facts"]["diverged_in_epoch"]) == ({}, 2)


def test_json_text_keeps_letters_and_knows_no_nan():
    assert to_json({"cpu": "Prozessor für 数"}) == '{\n "cpu": "Prozessor für 数"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"loss": float("nan")})
