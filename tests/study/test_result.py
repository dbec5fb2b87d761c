import pickle

import attrs

from bakeoff.study.result import Divergence, RoundResult

RESULT = RoundResult(
    competitor="a",
    round=3,
    seed=0,
    parameters=10,
    train_loss=(0.5, 0.25),
    train_accuracy=(0.5, 0.75),
    test_accuracy=(0.5, 0.625),
    auxiliary={"second": [1.0, 2.0], "first": [0.5, 0.25]},
    seconds=1.5,
    predictions=b"\x00\x01",
)


def test_auxiliary_curves_are_frozen_in_one_order():
    assert RESULT.auxiliary == (("first", (0.5, 0.25)), ("second", (1.0, 2.0)))
    assert attrs.evolve(RESULT, auxiliary=RESULT.auxiliary) == RESULT


def test_a_result_is_hashable_and_crosses_process_borders():
    diverged = attrs.evolve(RESULT, diverged=Divergence(2, (("train_loss", 8.0),)))
    assert pickle.loads(pickle.dumps(diverged)) == diverged
    assert len({diverged, RESULT, RESULT}) == 2
