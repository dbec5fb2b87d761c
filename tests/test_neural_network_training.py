"""Updates are captured once and replayed, to the bits of the tape."""

import pytest
import torch

from bakeoff.autodiff import Plan, Tensor
from bakeoff.neural_network import Training
from bakeoff.nn import BatchNorm1d, Dropout, Linear, Module, MSELoss, Sequential, Tanh
from bakeoff.optim import SGD


class Counted(Module):
    """Passes on what it gets and counts how often Python did so."""

    seen: list

    def __init__(self, readable=False):
        self.readable = readable

    def forward(self, x):
        type(self).seen.append(x.shape)
        if self.readable:
            float(x.sum())  # which no plan can hold
        return x


def made(accumulate, *, readable=False):
    Counted.seen = []
    layers = Sequential(
        Linear(2, 8), BatchNorm1d(8), Tanh(), Counted(readable), Dropout(0.2), Linear(8, 1)
    ).initialise(3)
    return Training(layers, MSELoss(), SGD(layers.parameters(), lr=0.1), accumulate)


@pytest.mark.parametrize("accumulate", [1, 3])
def test_an_epoch_replays_one_plan_for_each_size_of_batch_to_the_tapes_bits(accumulate):
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(50, 2, generator=generator), torch.randn(50, 1, generator=generator)
    planned, tape = made(accumulate), made(accumulate)
    for training in (planned, tape):
        training.layers.layers.pop(3)
    tape._captured = lambda data: lambda *data: tape.step(*map(Tensor, data))
    for _ in range(5):
        batches = torch.randperm(50, generator=generator).split(8)
        assert planned.epoch(x, y, batches) == tape.epoch(x, y, batches)
    assert all(isinstance(update, Plan) for update in planned._updates.values())
    assert len(planned._updates) == 2
    for a, b in zip(
        planned.layers.state_dict().values(), tape.layers.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b)


class Gate(Module):
    """Decides by the batch's values, where no kernel sees it."""

    def forward(self, x):
        return x.tanh() if x.data.mean() > 0 else x.relu()


class Slope:
    k = 1.0

    def evaluation(self, x):
        return x * self.k

    def derivative(self, x):
        return torch.full_like(x, self.k)


@pytest.mark.parametrize("layer", [Gate, Slope])
def test_a_users_layer_is_trained_on_the_tape(layer):
    """What its code decides, a plan would freeze, and nobody asked for one."""
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(40, 2, generator=generator), torch.randn(40, 1, generator=generator)
    pair = [
        Training(layers, MSELoss(), SGD(layers.parameters(), lr=0.1), 1)
        for layers in (
            Sequential(Linear(2, 8), layer(), Linear(8, 1)).initialise(3) for _ in range(2)
        )
    ]
    for _ in range(3):
        losses = pair[0].epoch(x, y, torch.arange(40).split(8))
        total = sum(
            8 * float(pair[1].step(Tensor(x[rows]), Tensor(y[rows]))[0])
            for rows in torch.arange(40).split(8)
        )
        assert losses == total / 40
    assert not any(isinstance(update, Plan) for update in pair[0]._updates.values())


def test_a_layer_that_no_plan_can_hold_is_trained_on_the_tape():
    x, y = torch.ones(8, 2), torch.ones(8, 1)
    training = made(1, readable=True)
    first, *_, last = [training.epoch(x, y, [torch.arange(8)]) for _ in range(20)]
    assert last < first
    assert len(Counted.seen) >= 20
