"""The mean of the weights over the last epochs, and the schedule through plans."""

import math

import attrs
import pytest
import torch

from bakeoff.errors import StudyError
from bakeoff.nn import BatchNorm1d, Linear, Sequential
from bakeoff.training.averaging import WeightAverage
from bakeoff.training.learner import Learner
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import train_group


def network():
    return Sequential(Linear(3, 4), BatchNorm1d(4)).initialise(0)


def test_the_average_is_the_mean_of_weights_and_running_statistics():
    net, seen = network(), []
    average = WeightAverage(net)
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        for tensor in (*net.parameters(), *(b for _, b in net.named_buffers())):
            if tensor.dtype.is_floating_point:
                tensor.data.normal_(generator=generator)
        seen.append(net.state_dict())
        average.add()
    places = [p.data.data_ptr() for p in net.parameters()]
    average.settle()
    for name, tensor in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        torch.testing.assert_close(tensor, sum(state[name] for state in seen) / 3)
    assert places == [p.data.data_ptr() for p in net.parameters()], "plans read these places"


def test_without_any_weights_taken_nothing_changes():
    net = network()
    before = net.state_dict()
    WeightAverage(net).settle()
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


STUDY = NetworkStudy(
    "small", "Which?", [NetworkCompetitor("model2")], train_size=40, test_size=40, seed=2
).with_recipe(Recipe(epochs=3, batch_size=20))


def weights(**changes):
    from safetensors.torch import load

    study = STUDY.with_recipe(attrs.evolve(STUDY.competitors[0].recipe, **changes))
    (result,) = train_group(study, study.competitors[0], 0)
    return load(result.attachment("weights"))


def test_a_round_ends_with_the_mean_of_its_last_epochs():
    after = [weights(epochs=epochs) for epochs in (2, 3)]
    averaged = weights(average_epochs=2)
    for name, tensor in averaged.items():
        torch.testing.assert_close(tensor, (after[0][name] + after[1][name]) / 2)
    assert not torch.equal(averaged["output.weight"], after[1]["output.weight"])


# ---- schedules ------------------------------------------------------------------------------


def learner(recipe, n=40):
    net = NetworkCompetitor("model2").network
    from bakeoff.models import MODELS

    images = torch.rand(n, 2, 14, 14, generator=torch.Generator().manual_seed(0))
    return Learner(MODELS[net]().initialise(0), images, {"target": torch.arange(n) % 2}, recipe, {})


@pytest.mark.parametrize(
    ("optimiser", "momentum", "cycled"),
    [("AdamW", 0.0, True), ("SGD", 0.9, True), ("SGD", 0, False)],
)
def test_one_cycle_runs_over_all_steps_as_pytorchs_does(optimiser, momentum, cycled):
    recipe = Recipe(
        optimiser=optimiser,
        lr=0.01,
        momentum=momentum,
        schedule="OneCycleLR",
        epochs=4,
        batch_size=15,
    )
    ours = learner(recipe)
    parameter = torch.nn.Parameter(torch.zeros(1))
    theirs = (
        torch.optim.AdamW([parameter])
        if optimiser == "AdamW"
        else torch.optim.SGD([parameter], lr=1, momentum=momentum)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        theirs, 0.01, total_steps=12, cycle_momentum=cycled
    )
    for step in range(12):
        assert ours.optimizer.lr == pytest.approx(theirs.param_groups[0]["lr"])
        ours.step(torch.arange(15))
        if step < 11:
            theirs.step()
            schedule.step()


def test_a_captured_step_reads_the_rate_of_the_day():
    recipe = Recipe(optimiser="SGD", lr=0.5, momentum=0.0, schedule="CosineAnnealingLR", epochs=10)
    one = learner(attrs.evolve(recipe, batch_size=4))
    assert one.schedule.T_max == 100
    for t in range(100):
        assert one.optimizer.lr == pytest.approx(0.25 * (1 + math.cos(math.pi * t / 100)))
        before = one.network.state_dict()["output.bias"].clone()
        one.step(torch.arange(4) + t % 36)
        if t == 0:
            early = (one.network.state_dict()["output.bias"] - before).norm()
    late = (one.network.state_dict()["output.bias"] - before).norm()
    assert late < 0.01 * early


def test_a_schedule_that_needs_a_figure_of_the_training_is_refused():
    with pytest.raises(StudyError, match="no schedule 'ReduceLROnPlateau'"):
        learner(Recipe(schedule="ReduceLROnPlateau"))
