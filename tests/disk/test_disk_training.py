from __future__ import annotations

import pytest
import torch

from bakeoff import rng
from bakeoff.data import generate_disk_sets
from bakeoff.disk import DiskRecipe, DiskTraining, disk_network
from bakeoff.errors import ArgumentError, DivergenceError
from bakeoff.nn import Linear

SMALL = {"points": 60, "epochs": 3, "batch_size": 25}


def train(recipe, rounds, seed=5):
    training = DiskTraining(recipe, seed, rounds)
    losses = torch.stack([training.epoch() for _ in range(recipe.epochs)])
    return training, losses


def by_pytorch(recipe, round_, seed=5):
    """Train one round with PyTorch's network, loss, optimiser and schedule; return net, losses."""
    points = torch.rand(recipe.points, 2, generator=rng.generator(seed, round_, "data", "train"))
    offset = points.double() - 0.5
    target = (offset.square().sum(1, keepdim=True) <= 1 / (2 * torch.pi)).float()
    x = (points - points.mean(0)) / points.std(0)
    network = torch.nn.Sequential(
        *[torch.nn.Tanh() if i % 2 else torch.nn.Linear(1, 1) for i in range(7)]
    )
    start = disk_network().initialise(seed, round_).state_dict()
    for i in range(0, 7, 2):
        network[i].weight = torch.nn.Parameter(start[f"{i}.weight"])
        network[i].bias = torch.nn.Parameter(start[f"{i}.bias"])
    optimizer = torch.optim.SGD(network.parameters(), lr=recipe.max_lr, momentum=recipe.momentum)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.max_lr, total_steps=recipe.steps, cycle_momentum=False
    )
    order, losses = rng.generator(seed, round_, "order"), []
    for _ in range(recipe.epochs):
        total = 0.0
        for rows in torch.randperm(recipe.points, generator=order).split(recipe.batch_size):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(network(x[rows]), target[rows])
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        losses.append(total / recipe.points)
    return network, losses


@pytest.mark.parametrize("points", [60, 50, 25])
def test_every_round_trains_as_pytorch_would_train_it_alone(points):
    recipe = DiskRecipe(**SMALL | {"points": points})
    training, losses = train(recipe, range(2, 5))
    for i, round_ in enumerate(range(2, 5)):
        network, expected = by_pytorch(recipe, round_)
        assert losses[:, i].tolist() == pytest.approx(expected, rel=1e-4)
        state = {name: tensor[i] for name, tensor in training.network.state_dict().items()}
        for name, tensor in network.state_dict().items():
            assert torch.allclose(state[name], tensor, atol=1e-5), name


def test_a_trained_network_takes_raw_points_and_has_the_errors_told():
    training, _ = train(DiskRecipe(**SMALL), range(3))
    told = zip(training.train_errors(), training.test_errors(), strict=True)
    for round_, (train_error, test_error) in enumerate(told):
        points = [
            torch.rand(60, 2, generator=rng.generator(5, round_, "data", name))
            for name in ("train", "test")
        ]
        for x, error in zip(points, (train_error, test_error), strict=True):
            inside = (x.double() - 0.5).square().sum(1) <= 1 / (2 * torch.pi)
            wrong = (training.trained(round_)(x).data[:, 0] >= 0.5) != inside
            assert int(wrong.sum()) / 60 == error


def test_the_data_are_the_seeds_own():
    training, _ = train(DiskRecipe(**SMALL | {"epochs": 1}), range(1))
    sets = generate_disk_sets(60, seed=5)
    x = sets.train_input
    expected = (x - x.mean(0)) / x.std(0)
    assert torch.allclose(training._train_points[0], expected, atol=1e-6)
    assert torch.equal(training._test_target[0], sets.test_target)


def test_the_same_training_gives_the_same_bits():
    one, two = (train(DiskRecipe(**SMALL), range(2)) for _ in range(2))
    assert torch.equal(one[1], two[1])
    states = one[0].network.state_dict(), two[0].network.state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_it_learns():
    training, losses = train(DiskRecipe(points=500, epochs=60), range(2))
    assert losses[-1].max() < 0.05 < losses[0].min()
    assert max(training.test_errors()) < 0.06


def test_the_tape_and_the_plan_agree_to_the_bit(monkeypatch):
    planned, expected = train(DiskRecipe(**SMALL), range(2))
    monkeypatch.setattr(
        "bakeoff.disk.training.capture",
        lambda step, *batch: lambda x, y: step(*map(as_tensor, (x, y))),
    )
    taped, losses = train(DiskRecipe(**SMALL), range(2))
    assert torch.equal(losses, expected)
    weights = [t.network[0].weight.data for t in (planned, taped)]
    assert torch.equal(*weights)


def as_tensor(x):
    from bakeoff.autodiff import Tensor

    return Tensor(x.clone(memory_format=torch.contiguous_format))


def test_a_round_that_diverges_is_named():
    training = DiskTraining(DiskRecipe(**SMALL), 5, range(7, 9))
    first = training.network[0]
    assert isinstance(first, Linear)
    first.weight.data[1].fill_(float("inf"))
    with pytest.raises(DivergenceError, match=r"disk: .* in round 8 .* lower max_lr=0\.2"):
        training.epoch()


@pytest.mark.parametrize("name", ["points", "epochs", "batch_size", "group"])
def test_bad_recipes(name):
    with pytest.raises(ArgumentError, match=f"disk recipe: got {name}=0, expected at least 1"):
        DiskRecipe(**{name: 0})


def test_steps():
    assert DiskRecipe().steps == 5000
    assert DiskRecipe(points=101, epochs=3, batch_size=50).steps == 9
