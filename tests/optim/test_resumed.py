"""A run that is saved and resumed gives the same bits as one that was not interrupted."""

import json

import pytest
import torch

from bakeoff import optim
from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn import Dropout, Linear, MSELoss, Sequential, Tanh
from bakeoff.optim import SGD, Adam, StepLR
from nn.namesakes import OPTIMISERS, SCHEDULES, Rule
from nn.networks import NETWORKS

SHAPE = NETWORKS["features"].shape


class Run:
    """A network with dropout, an optimiser and perhaps a schedule, that train together."""

    def __init__(self, rule, schedule, seed=0):
        layers = Linear(3, 5), Tanh(), Dropout(0.3), Linear(5, 2)
        self.network = Sequential(*layers).initialise(seed)
        self.optimizer = rule.ours(self.network.parameters())
        self.schedule = None if schedule is None else schedule.ours(self.optimizer)
        self.loss = MSELoss()

    def train(self, steps):
        for i in steps:
            generator = torch.Generator().manual_seed(i)
            x = torch.randn(7, 3, generator=generator)
            self.optimizer.zero_grad()
            loss = self.loss(self.network(x), torch.zeros(7, 2))
            loss.backward()
            optim.clip_grad_norm_(self.network.parameters(), 0.5)
            self.optimizer.step()
            if isinstance(self.schedule, optim.ReduceLROnPlateau):
                self.schedule.step(loss)
            elif self.schedule is not None:
                self.schedule.step()
        return self

    def save(self):
        return (
            self.network.state_dict(),
            self.optimizer.state_dict(),
            # As a file would hold it.
            None if self.schedule is None else json.dumps(self.schedule.state_dict()),
            {name: generator.get_state() for name, generator in self.network.named_streams()},
        )

    def load(self, saved):
        network, optimizer, schedule, streams = saved
        self.network.load_state_dict(network)
        self.optimizer.load_state_dict(optimizer)
        if self.schedule is not None:
            self.schedule.load_state_dict(json.loads(schedule))
        for name, generator in self.network.named_streams():
            generator.set_state(streams[name])
        return self


def check_resumed(rule, schedule=None):
    whole = Run(rule, schedule).train(range(9))
    saved = Run(rule, schedule).train(range(4)).save()
    resumed = Run(rule, schedule, seed=5).load(saved).train(range(4, 9))
    for a, b in zip(whole.save()[:2], resumed.save()[:2], strict=True):
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert whole.save()[2] == resumed.save()[2]


@pytest.mark.parametrize("rule", OPTIMISERS, ids=str)
def test_an_optimiser_goes_on_where_it_was(rule):
    check_resumed(rule)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_a_schedule_goes_on_where_it_was(schedule):
    check_resumed(Rule(schedule.with_optimiser, {"lr": 0.05}), schedule)


def test_momentum_may_come_with_the_state():
    """As when the schedule that moves it is made only after the state was loaded."""
    parameters = [Tensor(torch.zeros(2), requires_grad=True) for _ in range(2)]
    saved, fresh = SGD(parameters[:1], lr=0.5, momentum=0.9), SGD(parameters[1:], lr=0.1)
    parameters[0].grad = parameters[1].grad = Tensor(torch.ones(2))
    saved.step()
    fresh.load_state_dict(saved.state_dict())
    assert (fresh.lr, fresh.momentum) == (0.5, 0.9)
    fresh.step()
    torch.testing.assert_close(parameters[1].data, torch.full((2,), -0.95))


def test_a_state_is_a_copy_and_of_tensors_only():
    parameter = Tensor(torch.ones(2), requires_grad=True)
    optimizer = Adam([parameter])
    state = optimizer.state_dict()
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    parameter.grad = Tensor(torch.ones(2))
    optimizer.step()
    assert float(state["exp_avg"].abs().sum()) == float(state["step"]) == 0.0


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (Adam, ArgumentError, r"missing \['momentum',.*unknown \['beta1', 'beta2'"),
        (SGD, ArgumentError, r"missing \['momentum_buffer'\], unknown \[\]"),
        (
            lambda p: SGD(p, momentum=0.5, weight_decay=0.1),
            ArgumentError,
            "got weight_decay=0.1, expected 0 as this optimiser was made",
        ),
        (
            lambda p: SGD([Tensor(torch.ones(5), requires_grad=True)], momentum=0.5),
            ShapeError,
            r"momentum_buffer: got shape \(5,\), expected \(2,\)",
        ),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(make, error, words):
    parameters = [Tensor(torch.ones(2), requires_grad=True)]
    optimizer = SGD(parameters, lr=0.1, momentum=0.9)
    before = optimizer.state_dict()
    with pytest.raises(error, match=f"SGD.load_state_dict: {words}"):
        optimizer.load_state_dict(make(parameters).state_dict())
    after = optimizer.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_state_of_lists_is_refused():
    optimizer = SGD([Tensor(torch.ones(2), requires_grad=True)])
    state = {name: value.tolist() for name, value in optimizer.state_dict().items()}
    with pytest.raises(DTypeError, match=r"SGD.load_state_dict: .*got float, expected a torch ten"):
        optimizer.load_state_dict(state)


def test_a_schedules_state_that_does_not_fit_changes_nothing():
    optimizer = SGD([Tensor(torch.ones(2), requires_grad=True)], momentum=0.5)
    schedule = StepLR(optimizer, 3)
    before = schedule.state_dict()
    with pytest.raises(ArgumentError, match=r"StepLR.load_state_dict: missing \['gamma', 'step_si"):
        schedule.load_state_dict(optim.CosineAnnealingLR(optimizer, 3).state_dict())
    assert schedule.state_dict() == before
