"""Clipping of gradients agrees with PyTorch's, round by round in lockstep."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.autodiff import Tensor
from bakeoff.autodiff.plan import capture
from bakeoff.errors import ArgumentError
from bakeoff.optim import SGD, clip_grad_norm_
from nn.arrays import close, draw


def held(shapes, seed=0):
    """Return parameters that hold gradients; the second one holds none."""
    made = [Tensor(draw(shape), requires_grad=True) for shape in shapes]
    for i, parameter in enumerate(made):
        parameter.grad = Tensor(draw(parameter.shape, seed + i)) if i != 1 else None
    return made


@given(
    shapes=st.lists(st.lists(st.integers(1, 3), max_size=3), min_size=1, max_size=4),
    max_norm=st.sampled_from([1e-3, 0.5, 1.0, 3.0, 1e3]),
    seed=st.integers(0, 100),
)
def test_it_agrees_with_pytorch(shapes, max_norm, seed):
    ours = held(shapes, seed)
    theirs = [torch.zeros(p.shape, dtype=torch.float64).requires_grad_() for p in ours]
    for own, their in zip(ours, theirs, strict=True):
        their.grad = None if own.grad is None else own.grad.data.clone()
    norm = clip_grad_norm_(ours, max_norm)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    close(norm.data, expected.double(), 1e-12)
    for own, their in zip(ours, theirs, strict=True):
        assert (own.grad is None) == (their.grad is None)
        if own.grad is not None:
            close(own.grad.data, their.grad, 1e-12)


def test_in_lockstep_each_round_has_its_own_norm():
    together = [p for p in held([(3, 2, 2), (3, 1), (3, 4)]) if p.grad is not None]
    gradients = [p.grad.data.clone() for p in together]
    norms = clip_grad_norm_(together, 1.0, rounds=3)
    assert norms.shape == (3,)
    for r in range(3):
        alone = [Tensor(g[r] * 0, requires_grad=True) for g in gradients]
        for parameter, g in zip(alone, gradients, strict=True):
            parameter.grad = Tensor(g[r])
        close(norms.data[r], clip_grad_norm_(alone, 1.0).data, 1e-12)
        for parameter, own in zip(together, alone, strict=True):
            close(parameter.grad.data[r], own.grad.data, 1e-12)


def test_one_tensor_is_taken_as_pytorch_takes_it():
    parameter = Tensor(torch.ones(2, 2), requires_grad=True)
    parameter.grad = Tensor(torch.full((2, 2), 3.0))
    assert clip_grad_norm_(parameter, 3.0).item() == 6.0
    close(parameter.grad.data, torch.full((2, 2), 1.5), 1e-5)


def test_gradients_that_are_one_array_are_scaled_once():
    a, b = (Tensor(torch.ones(2), requires_grad=True) for _ in range(2))
    a.grad = b.grad = Tensor(torch.full((2,), 3.0))
    clip_grad_norm_([a, b], 3.0)
    close(a.grad.data, torch.full((2,), 1.5), 1e-5)
    close(b.grad.data, torch.full((2,), 1.5), 1e-5)


def test_a_plan_replays_both_ways_of_it():
    """Captured where nothing is clipped, it clips where it must."""
    parameter = Tensor(torch.zeros(3, dtype=torch.float64), requires_grad=True)
    optimizer = SGD([parameter], lr=1.0)

    def step(g):
        parameter.grad = g
        norm = clip_grad_norm_([parameter], 1.0)
        optimizer.step()
        return norm

    plan = capture(step, torch.full((3,), 0.1, dtype=torch.float64))
    large = torch.tensor([3.0, 0.0, 4.0], dtype=torch.float64)
    assert float(plan(large)) == 5.0
    close(parameter.data, -large / 5.0, 1e-6)


def test_without_gradients_the_norm_is_zero():
    assert float(clip_grad_norm_([Tensor(torch.ones(2), requires_grad=True)], 1.0)) == 0.0
    assert clip_grad_norm_([], 1.0, rounds=4).shape == (4,)


@pytest.mark.parametrize("max_norm", [0.0, -1.0, float("nan")])
def test_a_norm_out_of_range_is_refused(max_norm):
    with pytest.raises(ArgumentError, match=f"clip_grad_norm_: got max_norm={max_norm}"):
        clip_grad_norm_(held([(2,)]), max_norm)
