"""Groups of rounds in lockstep: each round as if it were alone, with data and order of its own."""

import time

import attrs
import pytest
import torch
from safetensors.torch import load

from bakeoff.training import trainer
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import epoch_rows, train_group
from records import auxiliary

ONE = NetworkStudy(
    name="small",
    question="Does it help to share?",
    competitors=(
        NetworkCompetitor("model2"),
        NetworkCompetitor(
            "digits",
            network="model1",
            options={"auxiliary": "digits"},
            loss_weights={"first": 0.5, "second": 0.5},
        ),
    ),
    train_size=60,
    test_size=50,
    seed=7,
).with_recipe(Recipe(batch_size=16, epochs=2))
TOGETHER = ONE.with_recipe(Recipe(batch_size=16, epochs=2, rounds_per_group=3))


def trained(study, name, group, **options):
    return train_group(study, study.competitor(name), group, **options)


def near(a, b, tolerance=1e-4):
    assert len(a) == len(b)
    return a == pytest.approx(b, rel=tolerance)


@pytest.mark.parametrize("name", ["model2", "digits"])
def test_a_group_of_rounds_is_its_rounds_one_by_one(name):
    """The second group: rounds 3 to 5, each with the streams of its own number."""
    together = trained(TOGETHER, name, 1)
    assert [result.round for result in together] == [3, 4, 5]
    for result in together:
        (alone,) = trained(ONE, name, result.round)
        assert near(result.curve("train_loss"), alone.curve("train_loss"))
        assert result.curve("train_accuracy") == alone.curve("train_accuracy")
        assert result.curve("test_accuracy") == alone.curve("test_accuracy")
        assert result.attachment("predictions") == alone.attachment("predictions")
        assert result.parameters == alone.parameters
        assert auxiliary(result).keys() == auxiliary(alone).keys()
        for key, curve in auxiliary(alone).items():
            assert near(auxiliary(result)[key], curve)
    losses = {result.curve("train_loss") for result in together}
    assert len(losses) == 3, "rounds must differ in data and start"


def test_the_kept_weights_are_those_of_round_0_alone():
    first, *others = trained(TOGETHER, "model2", 0)
    assert all(result.attachment("weights") is None for result in others)
    (alone,) = trained(ONE, "model2", 0)
    expected = load(alone.attachment("weights"))
    got = load(first.attachment("weights"))
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        assert got[name].shape == value.shape
        torch.testing.assert_close(got[name], value, rtol=1e-3, atol=1e-5)


def test_a_group_is_the_same_to_the_bit_by_plan_and_by_tape_and_again():
    planned, again = trained(TOGETHER, "digits", 0), trained(TOGETHER, "digits", 0)
    by_tape = trained(TOGETHER, "digits", 0, plan=False)
    still = [
        [attrs.evolve(result, seconds=0.0) for result in results]
        for results in (planned, again, by_tape)
    ]
    assert still[0] == still[1] == still[2]


def test_a_round_that_diverges_does_not_disturb_the_others(monkeypatch):
    good = trained(TOGETHER, "model2", 0)
    drawn = trainer.round_data

    def spoilt(study, round_, *args):
        data = drawn(study, round_, *args)
        if round_ == 1:
            data.train_input[7] = float("inf")
        return data

    monkeypatch.setattr(trainer, "round_data", spoilt)
    first, wild, last = trained(TOGETHER, "model2", 0)
    assert not wild.finished
    assert wild.fact("diverged_in_epoch") == 1
    assert wild.curve("train_loss") == wild.curve("test_accuracy") == ()
    assert wild.attachment("predictions") is None
    for result, expected in ((first, good[0]), (last, good[2])):
        assert result.finished
        assert attrs.evolve(result, seconds=0.0) == attrs.evolve(expected, seconds=0.0)


def test_a_group_ends_when_all_its_rounds_have_diverged():
    wild = TOGETHER.with_recipe(
        attrs.evolve(TOGETHER.competitors[0].recipe, lr=1e8, epochs=50, batch_size=60)
    )
    results = trained(wild, "model2", 0)
    assert all(not result.finished for result in results)
    assert max(result.fact("diverged_in_epoch") for result in results) < 50


def test_the_time_of_a_group_is_shared_by_its_rounds():
    before = time.perf_counter()
    results = trained(TOGETHER, "model2", 0)
    elapsed = time.perf_counter() - before
    assert len({result.seconds for result in results}) == 1
    assert 0.0 < sum(result.seconds for result in results) <= elapsed


def test_rows_of_an_epoch_name_each_sample_of_each_round_once_in_an_order_of_its_own():
    def orders():
        return [torch.Generator().manual_seed(seed) for seed in (1, 2)]

    together = list(epoch_rows(10, orders(), 4))
    assert [len(rows) for rows in together] == [8, 8, 4]
    rounds = [torch.cat([rows.view(2, -1)[r] for rows in together]) for r in range(2)]
    for r, (rows, order) in enumerate(zip(rounds, orders(), strict=True)):
        assert sorted(rows.tolist()) == list(range(10 * r, 10 * r + 10))
        alone = torch.cat(list(epoch_rows(10, [order], 4)))
        assert torch.equal(rows - 10 * r, alone)
    assert not torch.equal(rounds[0], rounds[1] - 10)
