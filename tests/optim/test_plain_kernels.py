"""Every layer, loss, optimiser and schedule trains on the listed names of torch alone."""

import pytest
import torch

from bakeoff import nn
from bakeoff.optim import SGD, clip_grad_norm_
from floors.dispatch import listed_torch
from nn.namesakes import OPTIMISERS, SCHEDULES, Rule
from nn.networks import NETWORKS, made, our_step

CHANGING = [*OPTIMISERS, *SCHEDULES]


def train(network, make, after=None):
    batches = [network.batch(seed) for seed in range(2)]
    # Fetched before: the tests' own use of torch is no business of the rule.
    loss = made(nn, [network.loss])[0]
    ours = network.ours()
    with listed_torch() as kernels:
        ours.initialise(seed=1)
        optimizer = make(ours.parameters())
        step = our_step(ours, loss, optimizer)
        for x, target in batches:
            step(x, target)
            clip_grad_norm_(ours.parameters(), 1.0)
            if after is not None:
                after(optimizer)
        ours.eval()(batches[0][0])
        ours.load_state_dict(ours.state_dict())
        optimizer.load_state_dict(optimizer.state_dict())
    assert {"aten::mm", "aten::addcmul_"} <= kernels


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_and_losses(name):
    train(NETWORKS[name], SGD)


@pytest.mark.parametrize("rule", CHANGING, ids=str)
def test_optimisers_and_schedules(rule):
    if not rule.with_optimiser:
        train(NETWORKS["logits"], rule.ours)
        return

    def after(optimizer):
        figure = [1.0] if rule.name == "ReduceLROnPlateau" else []
        rule.ours(optimizer).step(*figure)

    momentum = {"momentum": 0.5} if rule.with_optimiser in ("SGD", "RMSprop") else {}
    train(NETWORKS["logits"], Rule(rule.with_optimiser, {"lr": 0.1, **momentum}).ours, after)


def test_dropout_and_a_users_own_activation():
    class Square:
        def evaluation(self, x):
            return x * x

        def derivative(self, x):
            return x * 2.0

    x = torch.ones(4, 3)
    with listed_torch():
        network = nn.Sequential(nn.Linear(3, 4), Square(), nn.Dropout(0.4)).initialise(0)
        network(x).sum().backward()
