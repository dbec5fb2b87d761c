import json

import attrs
import pytest
import trainers

from bakeoff.study.augmentation import Augmentation
from bakeoff.study.document import document, to_json
from bakeoff.study.machine import Machine
from bakeoff.study.result import Divergence
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Competitor, Recipe, Study

MACHINE = Machine(cpu="x", torch="2", python="3", bakeoff="1")


def told(study, results):
    return json.loads(to_json(document(StudyResults.of_rounds(study, results), MACHINE)))


def test_the_document_has_exactly_its_form():
    study = Study("small", "Which?", [Competitor("a", recipe=Recipe(epochs=2))], seed=5)
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
                "parameters": 1,
                "rounds": [
                    {
                        "round": 3,
                        "seed": 5,
                        "train_loss": list(one.train_loss),
                        "train_accuracy": list(one.train_accuracy),
                        "test_accuracy": list(one.test_accuracy),
                        "seconds": 0.5,
                    }
                ],
            }
        ],
    }


def test_what_differs_between_recipes_stands_with_the_competitor():
    study = Study("small", "Which?", [Competitor("a"), Competitor("b", recipe=Recipe(lr=0.5))])
    read = told(study, [])
    assert "lr" not in read["recipe"]
    assert read["recipe"]["momentum"] == 0.9
    assert [competitor["recipe"] for competitor in read["competitors"]] == [
        {"lr": 0.02},
        {"lr": 0.5},
    ]


def test_auxiliary_losses_and_divergence_stand_where_they_are():
    study = Study("small", "Which?", [Competitor("a")])
    one = attrs.evolve(
        trainers.result(study, study.competitors[0], 0),
        auxiliary={"first": [0.5]},
        diverged=Divergence(2, (("train_loss", 8.0),)),
    )
    (round_,) = told(study, [one])["competitors"][0]["rounds"]
    assert round_["auxiliary"] == {"first": [0.5]}
    assert round_["diverged"] == {"epoch": 2, "train_loss": 8.0}


def test_json_text_keeps_letters_and_knows_no_nan():
    assert to_json({"cpu": "Prozessor für 数"}) == '{\n "cpu": "Prozessor für 数"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"loss": float("nan")})
