"""A captured step replays to the bit what the tape does, with every optimiser and network."""

import copy

import pytest
import torch

from bakeoff import optim
from bakeoff.autodiff import Tensor
from bakeoff.autodiff.plan import capture
from bakeoff.errors import PlanError
from bakeoff.nn import BatchNorm1d, Dropout, Linear, MSELoss, Sequential, Tanh, lockstep
from nn.namesakes import OPTIMISERS, SCHEDULES, Rule
from nn.networks import NETWORKS, Network, our_step

FEATURES = NETWORKS["features"]
DROPPING = Network(
    (*FEATURES.layers[:3], ("Dropout", {"p": 0.4}), *FEATURES.layers[4:]),
    FEATURES.loss,
    FEATURES.shape,
)


def check_captured(network, make, schedule=None, steps=12):
    """Train by tape and by plan, in float32, and compare parameters, statistics and state."""
    runs = []
    for plan in (False, True):
        ours = network.ours().float()
        optimizer = make(ours.parameters())
        step = our_step(ours, network.losses()[0], optimizer)
        x, target = (t.float() if t.is_floating_point() else t for t in network.batch(0))
        step = capture(step, x, target) if plan else step
        moved = None if schedule is None else schedule.ours(optimizer)
        losses = []
        for i in range(steps):
            x, target = (t.float() if t.is_floating_point() else t for t in network.batch(i))
            losses.append(step(Tensor(x), Tensor(target)).data.clone())
            if moved is not None:
                moved.step(*([float(i)] if schedule.name == "ReduceLROnPlateau" else []))
        runs.append([*losses, *ours.state_dict().values(), *optimizer.state_dict().values()])
    assert all(torch.equal(a, b) for a, b in zip(*runs, strict=True))
    assert all(torch.isfinite(a).all() for a in runs[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_and_loss(name):
    check_captured(NETWORKS[name], Rule("SGD", {"lr": 0.05, "momentum": 0.9}).ours)


@pytest.mark.parametrize("rule", OPTIMISERS, ids=str)
def test_every_optimiser_with_dropout(rule):
    check_captured(DROPPING, rule.ours)


@pytest.mark.parametrize("schedule", [s for s in SCHEDULES if len(s.arguments) < 3], ids=str)
def test_every_schedule(schedule):
    steps = schedule.arguments.get("total_steps", 12)
    # A schedule that moves a momentum needs one from before the capture.
    momentum = {"SGD": {"momentum": 0.9}, "RMSprop": {"momentum": 0.9}}
    arguments = {"lr": 0.05, **momentum.get(schedule.with_optimiser, {})}
    check_captured(FEATURES, Rule(schedule.with_optimiser, arguments).ours, schedule, steps)


def test_a_schedule_inside_a_captured_step_is_refused():
    parameter = Tensor(torch.zeros(2), requires_grad=True)
    optimizer = optim.SGD([parameter])
    schedule = optim.StepLR(optimizer, 100)

    def step(g):
        parameter.grad = g
        optimizer.step()
        schedule.step()

    with pytest.raises(PlanError, match=r"StepLR.step\(\)"):
        capture(step, torch.ones(2))


def test_rounds_in_lockstep_train_as_they_would_alone():
    """With batch norm, dropout, clipping and Adam, all of them captured."""
    rounds = 3

    def network():
        return Sequential(
            Linear(3, 6, bias=False), BatchNorm1d(6), Tanh(), Dropout(0.3), Linear(6, 2)
        )

    def step_of(ours, loss):
        optimizer = optim.Adam(ours.parameters(), lr=0.05)

        def step(x, y):
            optimizer.zero_grad()
            loss(ours(x), y).sum().backward()
            optim.clip_grad_norm_(ours.parameters(), 0.3, rounds=ours.rounds)
            optimizer.step()

        return step

    together = lockstep(network(), rounds).initialise(seed=4, round_=2).double()
    singles = [network().initialise(seed=4, round_=2 + r).double() for r in range(rounds)]
    x, y = (torch.zeros(rounds, 7, n, dtype=torch.float64) for n in (3, 2))
    step = capture(step_of(together, lockstep(MSELoss(), rounds)), x, y)
    single_steps = [step_of(single, MSELoss()) for single in singles]
    for i in range(8):
        generator = torch.Generator().manual_seed(i)
        x, y = (t.normal_(generator=generator) for t in (x, y))
        step(x, y)
        for r, single_step in enumerate(single_steps):
            single_step(copy.copy(x[r]), copy.copy(y[r]))
    for name, value in together.state_dict().items():
        for r, single in enumerate(singles):
            expected = single.state_dict()[name]
            torch.testing.assert_close(value[r], expected, rtol=0, atol=1e-10, msg=name)
