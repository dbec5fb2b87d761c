"""Random torch networks become ours, and PyTorch's again, with equal outputs and gradients."""

import inspect
from collections.abc import Mapping

import pytest
import torch
from random_networks import nearest_kink, random_network

from bakeoff import nn
from bakeoff.autodiff import Tensor
from bakeoff.interop import from_torch, to_torch

NETWORKS = 200
BLOCK = 20


def outputs_of(out):
    return out if isinstance(out, Mapping) else {"": out}


def assert_close(ours, theirs, what):
    # In float64, so that a small variance under a batch normalisation magnifies no last bits.
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-9, msg=lambda m: f"{what}: {m}")


def ours_after(network, x):
    """Return outputs, gradients by name and the input's gradient."""
    network.zero_grad()
    given = Tensor(x, requires_grad=True)
    outputs = outputs_of(network(given))
    total = sum((out * (i + 1.0)).square().sum() for i, out in enumerate(outputs.values()))
    total.backward()
    parameters = network.named_parameters()
    gradients = {name: p.grad.data for name, p in parameters if p.grad is not None}
    return {name: out.data for name, out in outputs.items()}, gradients, given.grad.data


def theirs_after(network, x):
    network.zero_grad()
    given = x.clone().requires_grad_()
    with torch.enable_grad():
        outputs = outputs_of(network(given))
        sum((out * (i + 1.0)).square().sum() for i, out in enumerate(outputs.values())).backward()
    gradients = {n: p.grad for n, p in network.named_parameters() if p.grad is not None}
    return {name: out.detach() for name, out in outputs.items()}, gradients, given.grad


def assert_same(ours, theirs, what):
    for part, other in zip(ours, theirs, strict=True):
        if isinstance(part, dict):
            assert part.keys() == other.keys(), what
            for name in part:
                assert_close(part[name], other[name], f"{what} {name}")
        else:
            assert_close(part, other, what)


@pytest.mark.parametrize("block", range(NETWORKS // BLOCK))
def test_there_and_back(block):
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        theirs, x = random_network(seed)
        ours = from_torch(theirs)
        assert isinstance(ours, nn.Module)
        assert ours.state_dict().keys() == theirs.state_dict().keys()
        for training in (True, False):
            ours.train(training)
            theirs.train(training)
            what = f"network {seed}, {'training' if training else 'evaluation'}"
            assert_same(ours_after(ours, x), theirs_after(theirs, x), what)
        back = to_torch(ours, x)
        assert back.state_dict().keys() == theirs.state_dict().keys()
        assert_same(theirs_after(back, x), theirs_after(theirs, x), f"network {seed} back")
        for name, value in theirs.state_dict().items():
            # Running statistics among them, which the pass in training has moved.
            assert_close(ours.state_dict()[name], value, f"network {seed} {name}")


def test_a_constant_channel_on_a_kink_is_noticed():
    # The border of a padded 1×1 convolution is its bias; normalised with bias 0, all of it is 0 in
    # mathematics and perhaps 1e-17 in practice, which sign it has is the processor's choice.
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(1, 2, 1, padding=1), torch.nn.BatchNorm2d(2), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers).double()
    x = torch.zeros(2, 1, 4, 4, dtype=torch.float64)
    assert nearest_kink(network, x) <= 1e-9
    torch.nn.init.constant_(network[1].bias, 0.25)
    assert nearest_kink(network, x) > 1e-9


def test_a_near_tie_in_a_pool_is_noticed():
    x = torch.arange(16.0, dtype=torch.float64).reshape(1, 1, 4, 4)
    assert nearest_kink(torch.nn.MaxPool2d(2), x) == 1.0
    x[0, 0, 0, 0] = x[0, 0, 1, 1] + 1e-12
    assert nearest_kink(torch.nn.MaxPool2d(2), x) <= 1e-9


@pytest.mark.parametrize("kind", [torch.nn.BatchNorm1d, torch.nn.BatchNorm2d])
def test_a_normalisation_without_bias_stays_without(kind):
    if "bias" not in inspect.signature(kind).parameters:
        return  # PyTorch has the argument since 2.13
    shape = (5, 4) if kind is torch.nn.BatchNorm1d else (5, 4, 2, 2)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    theirs = torch.nn.Sequential(kind(4, bias=False)).double()
    ours = from_torch(theirs)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert_same(ours_after(ours, x), theirs_after(theirs, x), "there")
    assert_same(theirs_after(to_torch(ours, x), x), theirs_after(theirs, x), "and back")
