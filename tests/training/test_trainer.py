"""Training one group of rounds: what is learnt, what is shared, what repeats."""

import math

import attrs
import pytest
import torch

from bakeoff.errors import StudyError
from bakeoff.training import trainer
from bakeoff.training.learner import Learner, check_classes
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import round_data, train_group
from records import auxiliary

SMALL = NetworkStudy(
    name="small",
    question="Does it help to share?",
    competitors=(NetworkCompetitor("model1"), NetworkCompetitor("model2")),
    train_size=200,
    test_size=200,
    seed=7,
).with_recipe(Recipe(batch_size=10, epochs=5))
MODEL1, MODEL2 = SMALL.competitors


@pytest.fixture(scope="module")
def result():
    torch.manual_seed(99)
    before = torch.get_rng_state()
    (made,) = train_group(SMALL, MODEL2, 0)
    assert torch.equal(torch.get_rng_state(), before), "the global generator was moved"
    return made


def test_a_round_learns_and_keeps_what_it_did(result):
    assert result.parameters == 72_546
    assert result.curve("train_loss")[-1] < result.curve("train_loss")[0] < 0.8
    assert len(result.curve("train_accuracy")) == len(result.curve("test_accuracy")) == 5
    assert result.seconds > 0
    assert len(result.attachment("predictions")) == 200
    data = round_data(SMALL, 0, True, None)
    right = sum(
        p == t
        for p, t in zip(result.attachment("predictions"), data.test_labels["target"], strict=True)
    )
    assert result.curve("test_accuracy")[-1] == right / 200
    assert result.curve("test_accuracy")[-1] > 0.6


def test_the_same_round_gives_the_same_bits(result):
    (again,) = train_group(SMALL, MODEL2, 0)
    assert attrs.evolve(again, seconds=0.0) == attrs.evolve(result, seconds=0.0)


def test_weights_are_kept_of_the_first_round_only(result):
    from safetensors.torch import load

    weights = load(result.attachment("weights"))
    assert sum(w.numel() for w in weights.values()) == 72_546
    (second,) = train_group(SMALL.with_recipe(epochs=1), MODEL2, 1)
    assert second.attachment("weights") is None


def test_rounds_differ_in_data_and_competitors_share_it():
    first, again = round_data(SMALL, 0, True, None), round_data(SMALL, 0, True, None)
    other = round_data(SMALL, 1, True, None)
    assert torch.equal(first.train_input, again.train_input)
    assert not torch.equal(first.train_input, other.train_input)
    assert abs(float(first.train_input.mean())) < 1e-4
    assert abs(float(first.train_input.std()) - 1) < 1e-4
    raw = round_data(SMALL, 0, False, None)
    assert float(raw.train_input.max()) > 200
    assert torch.equal(raw.train_labels["target"], first.train_labels["target"])


def test_training_figures_are_running_means():
    one_step = SMALL.with_recipe(attrs.evolve(MODEL1.recipe, epochs=1, batch_size=200, lr=1e-9))
    (whole,) = train_group(one_step, one_step.competitors[0], 0)
    halves = SMALL.with_recipe(attrs.evolve(MODEL1.recipe, epochs=1, batch_size=150, lr=1e-9))
    (parts,) = train_group(halves, halves.competitors[0], 0)
    # 150 and 50 samples weigh by their number; with no step taken, that is the mean of all 200.
    assert parts.curve("train_loss")[0] == pytest.approx(whole.curve("train_loss")[0], abs=1e-6)
    assert parts.curve("train_accuracy") == whole.curve("train_accuracy")


def test_every_class_of_the_targets_needs_a_row_of_the_output():
    check_classes("target", 3, torch.tensor([0, 2]))
    with pytest.raises(StudyError, match="has 2 classes, expected at least 3"):
        check_classes("target", 2, torch.tensor([0, 2]))
    check_classes("target", 1, torch.tensor([[0.5], [7.0]]))


def test_losses_are_added_up_in_double_precision(monkeypatch):
    """The mean of a long epoch would drift in single precision."""
    sums = []
    finish = Learner.finish_epoch
    monkeypatch.setattr(
        Learner, "finish_epoch", lambda self: (sums.append(self.losses), finish(self))[1]
    )
    one_epoch = SMALL.with_recipe(epochs=1)
    train_group(one_epoch, one_epoch.competitors[0], 0)
    assert sums[0]["target"].dtype == torch.float64


def test_auxiliary_losses_are_trained_and_reported():
    digits = NetworkCompetitor(
        "digits",
        network="model2",
        options={"auxiliary": "digits"},
        loss_weights={"first": 1.0, "second": 0.5},
        recipe=MODEL2.recipe,
    )
    (with_digits,) = train_group(SMALL, digits, 0)
    curves = auxiliary(with_digits)
    assert curves.keys() == {"first", "second"}
    for curve in curves.values():
        assert curve[-1] < curve[0] < 1.2 * math.log(10)
    # Weight 0 and no weight at all leave the output untrained and unreported.
    silent = attrs.evolve(digits, loss_weights={"first": 0.0})
    (without,) = train_group(SMALL, silent, 0)
    assert auxiliary(without) == {}


def test_a_diverging_round_ends_with_a_record():
    wild = attrs.evolve(MODEL1, recipe=attrs.evolve(MODEL1.recipe, lr=1e8, epochs=4))
    (result,) = train_group(SMALL, wild, 0)
    assert not result.finished
    assert 1 <= result.fact("diverged_in_epoch") <= 4
    assert len(result.curve("train_loss")) == result.fact("diverged_in_epoch") - 1
    assert all(math.isfinite(x) for x in result.curve("train_loss"))
    assert result.attachment("predictions") is None


@pytest.mark.parametrize(
    ("network", "options", "recipe"),
    [
        ("model2", {}, Recipe(epochs=2, optimiser="Adam", schedule="OneCycleLR", average_epochs=2)),
        ("record", {"width": 2}, Recipe(epochs=1)),
        ("model1+digits", {}, Recipe(epochs=2)),
    ],
)
def test_a_learner_that_is_kept_gives_the_bits_of_a_new_one(monkeypatch, network, options, recipe):
    """Its parameters, buffers, streams, optimiser and schedule begin anew where they lie."""
    monkeypatch.setattr(trainer, "QUICK_SECONDS", 600.0)
    competitor = NetworkCompetitor("a", network, options=options, recipe=recipe)
    study = NetworkStudy("s", "?", [competitor], train_size=60, test_size=60)
    competitor = study.networks[0]

    def trained(kept):
        records = []
        for group in (3, 0, 5):
            _, made = trainer.trained_group(study, competitor, group, kept=kept)
            records += [attrs.evolve(record, seconds=0.0) for record in made]
        return records

    kept = {}
    assert trained(kept) == trained(None)
    assert len(kept) == 1
    longer = attrs.evolve(study, train_size=80, test_size=80)
    trainer.trained_group(longer, competitor, 0, kept=kept)
    assert len(kept) == 2
