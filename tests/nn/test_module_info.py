"""PyTorch's own database of modules: each sample means the same here, or is refused by name."""

from __future__ import annotations

import pytest
import torch

from bakeoff import nn
from bakeoff.autodiff import Tensor
from bakeoff.errors import BakeoffError
from torch_databases import module_db

SHARED = {
    name: info
    for info in module_db
    if hasattr(nn, name := info.name.removeprefix("nn.")) and info.name.startswith("nn.")
}


def samples(info, training):
    generator = torch.random.get_rng_state()
    try:
        torch.manual_seed(0)
        options = {"device": "cpu", "dtype": torch.float64, "requires_grad": True}
        return info.module_inputs_func(info, training=training, **options)
    finally:
        torch.random.set_rng_state(generator)


def leaves(arguments):
    """Copies of the arguments for PyTorch, and the same for us."""
    theirs = [
        a.detach().clone().requires_grad_(a.requires_grad) if isinstance(a, torch.Tensor) else a
        for a in arguments
    ]
    ours = [
        Tensor(a.detach().clone(), requires_grad=a.requires_grad)
        if isinstance(a, torch.Tensor)
        else a
        for a in arguments
    ]
    return theirs, ours


def assert_same(name, ours, theirs, given, also):
    """Compare values, types, gradients of arguments and parameters, and the state afterwards."""
    out, expected = ours(*given), theirs(*also)
    close = {"rtol": 1e-10, "atol": 1e-12}
    assert isinstance(out, Tensor), name
    torch.testing.assert_close(out.data, expected.detach(), **close)
    if expected.requires_grad:
        weight = torch.rand(expected.shape, dtype=torch.float64)
        (out * Tensor(weight)).sum().backward()
        (expected * weight).sum().backward()
    for a, b in zip(given, also, strict=True):
        if isinstance(b, torch.Tensor) and b.grad is not None:
            torch.testing.assert_close(a.grad.data, b.grad, **close)
    grads = {key: p.grad for key, p in theirs.named_parameters() if p.grad is not None}
    for key, p in ours.named_parameters():
        torch.testing.assert_close(p.grad.data, grads.pop(key), **close)
    assert not grads, name
    state = ours.state_dict()
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(state[key], value, **close)


@pytest.mark.filterwarnings("ignore")
@torch.enable_grad()
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", SHARED)
def test_every_sample_means_the_same_or_is_refused_by_name(name, training, record_property):
    compared = refused = 0
    for sample in samples(SHARED[name], training):
        made, called = sample.constructor_input, sample.forward_input
        theirs = getattr(torch.nn, name)(*made.args, **made.kwargs).double().train(training)
        also, given = leaves((*called.args, *called.kwargs.values()))
        try:
            ours = getattr(nn, name)(*made.args, **made.kwargs).double().train(training)
            ours.load_state_dict(theirs.state_dict())
            ours(*given)
            ours.load_state_dict(theirs.state_dict())
        except BakeoffError:  # and nothing else
            refused += 1
            continue
        assert_same(name, ours, theirs, given, also)
        compared += 1
    record_property("samples of PyTorch's modules that agree", compared)
    record_property("samples of PyTorch's modules that are refused by name", refused)
    assert compared > 0


def run(name, made, given):
    getattr(nn, name)(*made.args, **made.kwargs).initialise(0).double()(*given)


ERRORS = {name: info for name, info in SHARED.items() if info.module_error_inputs_func}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ERRORS)
def test_what_pytorch_refuses_is_refused_by_name(name):
    info = ERRORS[name]
    options = {"device": "cpu", "dtype": torch.float64, "requires_grad": True, "training": True}
    for error in info.module_error_inputs_func(info, **options):
        made = error.module_error_input.constructor_input
        called = error.module_error_input.forward_input
        with pytest.raises(BakeoffError):
            run(name, made, leaves(called.args)[1])
