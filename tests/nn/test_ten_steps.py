"""Ten steps of training with every layer and every loss agree with PyTorch, to 1e-8."""

import pytest
import torch

from bakeoff import optim
from nn import namesakes
from nn.networks import NETWORKS, train_twins


def test_every_layer_and_loss_takes_its_turn():
    layers = {name for network in NETWORKS.values() for name, _ in network.layers}
    losses = {network.loss[0] for network in NETWORKS.values()}
    assert layers == {*namesakes.LAYERS}
    assert losses == {*namesakes.LOSSES}


@pytest.mark.parametrize("name", NETWORKS)
def test_ten_steps_agree(name):
    train_twins(
        NETWORKS[name],
        lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9),
        lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    )
