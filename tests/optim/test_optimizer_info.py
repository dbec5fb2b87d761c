"""PyTorch's own database of optimisers: each sample takes the same steps, or is refused by name."""

from __future__ import annotations

import pytest
import torch

from bakeoff import optim
from bakeoff.autodiff import Tensor
from bakeoff.errors import BakeoffError
from torch_databases import optim_db

SHARED = {
    info.optim_cls.__name__: info for info in optim_db if hasattr(optim, info.optim_cls.__name__)
}
SHAPES = [(3, 2), (4,), ()]
STEPS = 10


def values(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def test_every_optimiser_is_in_the_database():
    assert SHARED.keys() == optim.OPTIMISERS.keys()


@torch.enable_grad()
@pytest.mark.parametrize("name", SHARED)
def test_every_sample_takes_the_same_steps_or_is_refused_by_name(name, record_property):
    compared = refused = 0
    for sample in SHARED[name].optim_inputs_func(device="cpu"):
        mine = [Tensor(values(s, i), requires_grad=True) for i, s in enumerate(SHAPES)]
        others = [torch.nn.Parameter(values(s, i)) for i, s in enumerate(SHAPES)]
        theirs = getattr(torch.optim, name)(others, **sample.kwargs)
        try:
            ours = getattr(optim, name)(mine, **sample.kwargs)
        except BakeoffError:  # and nothing else
            refused += 1
            continue
        for step in range(STEPS):
            for i, (a, b) in enumerate(zip(mine, others, strict=True)):
                b.grad = values(SHAPES[i], 100 * step + i)
                a.grad = Tensor(b.grad.clone())
            ours.step()
            theirs.step()
        for a, b in zip(mine, others, strict=True):
            torch.testing.assert_close(a.data, b.detach(), rtol=1e-10, atol=1e-12)
        compared += 1
    record_property("samples of PyTorch's optimisers that agree", compared)
    record_property("samples of PyTorch's optimisers that are refused by name", refused)
    assert compared > 2


@pytest.mark.parametrize("name", SHARED)
def test_what_pytorch_refuses_is_refused_by_name(name):
    errors = SHARED[name].optim_error_inputs_func(device="cpu", dtype=torch.float64)
    assert errors
    for error in errors:
        given = error.optimizer_error_input
        with pytest.raises(BakeoffError):
            getattr(optim, name)(given.params, **given.kwargs)
