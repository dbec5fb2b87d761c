import json
import math
import pickle

import attrs
import pytest

import records
from bakeoff.errors import DataError
from bakeoff.study.record import from_plain, to_plain

RECORD = records.record(
    "a",
    3,
    parameters=10,
    train_loss=(0.5, 0.25),
    train=(0.5, 0.75),
    test=(0.5, 0.625),
    auxiliary={"second": [1.0, 2.0], "first": [0.5, 0.25]},
    seconds=1.5,
    predictions=b"\x00\x01",
)


def test_what_has_names_is_frozen_in_one_order():
    names = [
        "test_accuracy",
        "train_accuracy",
        "train_loss",
        "train_loss/first",
        "train_loss/second",
    ]
    assert [name for name, _ in RECORD.curves] == names
    assert RECORD.curve("train_loss/second") == (1.0, 2.0)
    assert attrs.evolve(RECORD, curves=dict(reversed(RECORD.curves))) == RECORD


def test_a_record_is_hashable_and_crosses_process_borders():
    diverged = records.diverged(RECORD, 2)
    assert pickle.loads(pickle.dumps(diverged)) == diverged
    assert len({diverged, RECORD, RECORD}) == 2


def test_what_is_not_there_is_told_as_such():
    assert (RECORD.score("test_accuracy"), RECORD.score("seconds")) == (0.625, 1.5)
    assert math.isnan(RECORD.score("test_r2"))
    assert (RECORD.curve("test_r2"), RECORD.fact("x"), RECORD.attachment("weights")) == (
        (),
        None,
        None,
    )
    assert math.isnan(records.diverged(RECORD).score("seconds"))
    assert (RECORD.parameters, attrs.evolve(RECORD, facts={}).parameters) == (10, None)


def test_a_record_comes_back_from_json():
    for one in (RECORD, records.diverged(RECORD, 2), attrs.evolve(RECORD, scores={"loss": 1e9})):
        told = json.loads(json.dumps(to_plain(one, attachments=True)))
        assert from_plain(told, "a") == one
    assert from_plain(to_plain(RECORD), "a") == attrs.evolve(RECORD, attachments={})


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("round", -1, "round is not what a round has there"),
        ("round", 10**9, "round is not"),
        ("seed", 0.5, "seed is not"),
        ("status", "lost", "status is not"),
        ("scores", {"test_accuracy": math.nan}, "scores is not"),
        ("scores", {}, "it has no score, though it finished"),
        ("scores", [1], "cannot convert"),
        ("curves", {"test_accuracy": ["0.5"]}, "curves is not"),
        ("curves", {"test_accuracy": 1}, "not iterable"),
        ("seconds", -1.0, "seconds is not"),
        ("seconds", 10**400, "seconds is not"),
        ("note", 3, "note is not"),
        ("facts", {"parameters": 10**15}, "facts is not"),
        ("facts", {"parameters": 0.5}, "facts is not"),
        ("attachments", {"weights": "é"}, "ASCII"),
        ("other", 1, "unexpected keyword argument 'other'"),
    ],
)
def test_what_no_record_has_is_refused(field, value, told):
    with pytest.raises(DataError, match=told):
        from_plain(to_plain(RECORD, attachments=True) | {field: value}, "a")
    with pytest.raises(DataError):
        from_plain([], "a")
