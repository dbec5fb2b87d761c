"""Our own models trained by PyTorch: the same rounds, to the last digits but one."""

from itertools import chain, count, islice

import attrs
import pytest
import torch

from bakeoff import rng
from bakeoff.errors import InteropError, StudyError
from bakeoff.interop import to_torch
from bakeoff.models import MODELS
from bakeoff.study.run import Listener, RunOptions
from bakeoff.training.learner import Learner
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.torch_trainer import TorchLearner, output_losses
from bakeoff.training.torch_trainer import train_group as torch_train_group
from bakeoff.training.trainer import epoch_rows, make_network, round_data, train_group

SMALL = NetworkStudy(
    "small", "Alike?", [NetworkCompetitor("model2")], train_size=100, test_size=100, seed=7
)
SIMPLE = [name for name in MODELS if name.startswith(("model1", "model2", "model3"))]
DEEP = [name for name in MODELS if name.startswith(("model4", "model5"))]
ALL_OUTPUTS = ("target.conv1", "target.pool", "target.conv2", "target.conv4", "first", "second")


def weights_of(network):
    """Return a weight for every auxiliary output, none of them 1."""
    outputs = network.eval()(torch.zeros(1, 2, 14, 14))
    network.train()
    return {name: 0.5 for name in outputs if name in ALL_OUTPUTS}


def after_steps(name, steps, recipe, options=()):
    """Train twice for some steps from the same start; return both means and both weights."""
    data = round_data(SMALL, 0, recipe.standardise, None)
    ours = make_network(NetworkCompetitor("it", network=name, options=options)).initialise(7)
    theirs = to_torch(ours, data.train_input[:1])
    weights = weights_of(ours)
    learners = (
        Learner(ours, data.train_input, data.train_labels, recipe, weights, plan=False),
        TorchLearner(
            theirs, data.train_input, data.train_labels, recipe, weights, output_losses(ours)
        ),
    )
    for learner in learners:
        order = [rng.generator(7, 0, "order")]
        epochs = (epoch_rows(len(data.train_input), order, recipe.batch_size) for _ in count())
        with torch.enable_grad():
            for rows in islice(chain.from_iterable(epochs), steps):
                learner.step(rows)
    return [learner.finish_epoch() for learner in learners], [
        ours.state_dict(),
        theirs.state_dict(),
    ]


def assert_alike(means, states):
    (ours,), (theirs,) = means
    assert ours[0] == pytest.approx(theirs[0], abs=1e-4)
    assert ours[1] == pytest.approx(theirs[1], abs=0.01)
    assert ours[2] == pytest.approx(theirs[2], abs=1e-4)
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=0, atol=1e-4, msg=name)


@pytest.mark.parametrize("name", SIMPLE)
def test_twenty_steps_of_the_simple_models_agree(name):
    assert_alike(*after_steps(name, 20, Recipe(batch_size=20)))


@pytest.mark.parametrize("name", DEEP)
def test_steps_of_the_deep_models_agree(name):
    assert_alike(*after_steps(name, 4, Recipe(batch_size=10)))


def test_the_agreement_is_no_accident():
    start = make_network(NetworkCompetitor("model2")).initialise(7).state_dict()
    means, states = after_steps("model2", 20, Recipe(batch_size=20))
    moved = max(float((states[0][name] - start[name]).abs().max()) for name in start)
    assert moved > 0.02
    ((other, *_),) = after_steps("model2", 20, Recipe(batch_size=20, lr=0.021))[0][1]
    assert abs(other - means[0][0][0]) > 1e-4


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(optimiser="Adam", lr=1e-3, weight_decay=0.01),
        Recipe(optimiser="AdamW", lr=1e-3, weight_decay=0.01, schedule="OneCycleLR"),
        Recipe(optimiser="Adagrad", lr=1e-3, weight_decay=0.01),
        Recipe(optimiser="RMSprop", lr=1e-4, schedule="CosineAnnealingLR"),
        Recipe(optimiser="SGD", momentum=0.0, schedule="OneCycleLR"),
        Recipe(optimiser="SGD", schedule="OneCycleLR"),
        Recipe(
            optimiser_options={"nesterov": True},
            schedule="OneCycleLR",
            schedule_options={"pct_start": 0.5, "div_factor": 5, "three_phase": True},
        ),
        Recipe(
            optimiser="Adam",
            lr=1e-3,
            optimiser_options={"betas": [0.5, 0.9], "eps": 1e-3},
            schedule="StepLR",
            schedule_options={"step_size": 3, "gamma": 0.3},
        ),
    ],
    ids=lambda r: f"{r.optimiser}-{r.schedule}{'-options' * bool(r.optimiser_options)}",
)
def test_optimisers_and_schedules_agree(recipe):
    assert_alike(*after_steps("model2+digits", 8, attrs.evolve(recipe, batch_size=25, epochs=4)))


def test_a_defect_of_the_loss_agrees():
    options = {"auxiliary": "digits", "sigmoid_digits": True}
    assert_alike(*after_steps("model2", 8, Recipe(batch_size=25), options))


def test_the_record_networks_agree():
    recipe = Recipe(optimiser="AdamW", lr=1e-3, batch_size=25)
    assert_alike(*after_steps("record", 6, recipe))


def test_a_round_is_the_same_round():
    recipe = Recipe(batch_size=20, epochs=3, average_epochs=2, augmentation={"pair_anew": True})
    study = SMALL.with_recipe(recipe)
    (ours,) = train_group(study, study.competitors[0], 0)
    before = torch.get_rng_state()
    (theirs,) = torch_train_group(study, study.competitors[0], 0)
    assert torch.equal(torch.get_rng_state(), before), "the global generator was moved"
    assert theirs.curve("train_loss") == pytest.approx(ours.curve("train_loss"), abs=1e-4)
    assert theirs.curve("test_accuracy") == pytest.approx(ours.curve("test_accuracy"), abs=0.02)
    assert (theirs.competitor, theirs.round, theirs.parameters) == ("model2", 0, 72_546)
    assert len(theirs.attachment("predictions")) == 100
    from safetensors.torch import load

    mine, others = load(ours.attachment("weights")), load(theirs.attachment("weights"))
    assert mine.keys() == others.keys()
    (again,) = torch_train_group(study, study.competitors[0], 0)
    assert attrs.evolve(again, seconds=0.0) == attrs.evolve(theirs, seconds=0.0)


def test_a_group_of_rounds_trains_one_after_the_other():
    study = SMALL.with_recipe(Recipe(epochs=1, rounds_per_group=2))
    ours = train_group(study, study.competitors[0], 1)
    theirs = torch_train_group(study, study.competitors[0], 1)
    assert [result.round for result in theirs] == [2, 3]
    assert all(result.attachment("weights") is None for result in theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert other.curve("train_loss") == pytest.approx(mine.curve("train_loss"), abs=1e-4)


@pytest.mark.parametrize("train", [train_group, torch_train_group])
@pytest.mark.parametrize(
    ("network", "given", "words"),
    [
        ("model9", {}, "competitor 'model9': there is no network 'model9' .did you mean"),
        ("model2", {"recipe": Recipe(optimiser="SDG")}, "no optimiser 'SDG' .did you mean 'SGD'"),
        ("model2", {"recipe": Recipe(optimiser="StepLR")}, "no optimiser 'StepLR'"),
        ("model2", {"recipe": Recipe(schedule="ReduceLROnPlateau")}, "no schedule 'ReduceLROnPla"),
        ("model2", {"loss_weights": {"frist": 1.0}}, "of 'frist': the network gives target"),
    ],
)
def test_what_does_not_fit_is_named(train, network, given, words):
    with pytest.raises(StudyError, match=words):
        train(SMALL, NetworkCompetitor(network, **given), 0)


def test_a_layer_that_draws_its_own_numbers_has_no_counterpart():
    redrawn = NetworkCompetitor("model3", options={"redrawn": True})
    words = "layer 'branch_hidden1.0': RedrawnLinear draws random numbers of its own"
    with pytest.raises(InteropError, match=words):
        torch_train_group(SMALL, redrawn, 0)


def test_a_round_whose_data_and_order_are_held_is_the_same_with_another_start():
    def scored(**held):
        competitor = NetworkCompetitor("disk", recipe=Recipe(epochs=2), **held)
        study = NetworkStudy("s", "", [competitor], data="disk", train_size=20, test_size=20)
        made = study.prepare(RunOptions(trainer="torch"), Listener())["disk"]
        return [r.curves for r in made.run(range(10))]

    own, init = scored(), scored(redraw=["init"], world=5)
    assert [a == b for a, b in zip(own, init, strict=True)] == [r % 5 == 0 for r in range(10)]
    every = scored(redraw=["data", "init", "order"], world=5)
    assert every == own
