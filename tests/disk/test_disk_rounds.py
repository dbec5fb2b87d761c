from __future__ import annotations

import json
import math

import pytest
import torch

from bakeoff.disk import DiskRecipe, document, train_rounds
from bakeoff.disk.rounds import spread
from bakeoff.errors import ArgumentError

RECIPE = DiskRecipe(points=40, epochs=2, group=3)


def test_a_round_is_the_same_however_many_are_asked_for():
    four, one = (train_rounds(RECIPE, seed=1, rounds=n) for n in (4, 1))
    assert [result.round for result in four] == [0, 1, 2, 3]
    assert len(one) == 1
    assert one[0].train_loss == four[0].train_loss
    assert (one[0].train_error, one[0].test_error) == (four[0].train_error, four[0].test_error)
    states = [result.network.state_dict() for result in (one[0], four[0])]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert len({result.train_loss for result in four}) == 4


def test_each_epoch_of_each_group_is_told():
    told = []
    results = train_rounds(RECIPE, seed=1, rounds=4, on_epoch=told.append)
    assert len(told) == 4
    mean = sum(result.train_loss[1] for result in results[:3]) / 3
    assert told[1] == pytest.approx(mean)


def test_no_rounds():
    with pytest.raises(ArgumentError, match="disk rounds: got 0, expected at least 1"):
        train_rounds(RECIPE, seed=1, rounds=0)


def test_spread():
    assert spread([0.01]) == "1.00 %"
    assert spread([0.01, 0.02, 0.03]) == "2.00 % ± 1.00 %"


def test_the_document():
    results = train_rounds(RECIPE, seed=1, rounds=3)
    told = document(RECIPE, 1, results, {"cpu": "some"})
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["machine"] == {"cpu": "some"}
    assert told["recipe"]["points"] == 40
    errors = [result.test_error for result in results]
    mean = sum(errors) / 3
    variance = sum((error - mean) ** 2 for error in errors) / 2
    assert told["test_error"] == {
        "mean": pytest.approx(mean),
        "std": pytest.approx(math.sqrt(variance)),
    }
    assert [r["test_error"] for r in told["rounds"]] == errors
    assert [len(r["train_loss"]) for r in told["rounds"]] == [2, 2, 2]
    assert document(RECIPE, 1, results[:1], {})["test_error"]["std"] is None
