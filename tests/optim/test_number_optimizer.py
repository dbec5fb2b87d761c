"""Numbers of optimisers: what may change between steps, and what may not."""

import pytest
import torch

from bakeoff import optim
from bakeoff.autodiff import Tensor
from bakeoff.autodiff.plan import capture
from bakeoff.errors import ArgumentError, PlanError


def parameter():
    return Tensor(torch.zeros(1), requires_grad=True)


def test_a_number_is_kept_exactly_and_used_at_the_next_step():
    p = parameter()
    optimizer = optim.SGD([p], lr=0.1)
    assert optimizer.lr == 0.1  # not its float32 neighbour
    optimizer.lr = 3
    p.grad = Tensor(torch.ones(1))
    optimizer.step()
    assert (optimizer.lr, float(p)) == (3.0, -3.0)


def test_a_value_out_of_range_leaves_the_old_one():
    optimizer = optim.Adam([parameter()], lr=0.1)
    for name, value in (("lr", -1.0), ("beta1", 1.0)):
        before = getattr(optimizer, name)
        with pytest.raises(ArgumentError, match=f"Adam: got {name}={value}"):
            setattr(optimizer, name, value)
        assert getattr(optimizer, name) == before


@pytest.mark.parametrize("name", ["weight_decay", "nesterov"])
def test_what_a_plan_would_freeze_cannot_be_set_again(name):
    optimizer = optim.SGD([parameter()])
    with pytest.raises(ArgumentError, match=f"SGD: got a new {name}, expected it to stay"):
        setattr(optimizer, name, 0.5)
    assert getattr(optimizer, name) == 0


def test_momentum_may_come_until_the_first_step_and_no_later():
    optimizer = optim.SGD([parameter()])
    optimizer.momentum = 0.5
    late = optim.RMSprop([parameter()])
    late.step()
    late.momentum = 0.0
    with pytest.raises(ArgumentError, match=r"RMSprop: got momentum=0.5 after steps without"):
        late.momentum = 0.5
    assert late.momentum == 0.0


def test_a_captured_step_reads_a_new_step_size_and_cannot_ask_for_it():
    p = parameter()
    optimizer = optim.SGD([p], lr=1.0, momentum=0.0)

    def step(g):
        p.grad = g
        optimizer.step()

    plan = capture(step, torch.ones(1))
    for lr in (1.0, 0.5, 0.0):
        optimizer.lr = lr
        plan(torch.ones(1))
    assert float(p) == -1.5

    def reading(g):
        p.grad = g * optimizer.lr
        optimizer.step()

    with pytest.raises(PlanError, match=r"capture: SGD.lr was"):
        capture(reading, torch.ones(1))


def test_the_classes_show_their_numbers():
    assert isinstance(optim.SGD.lr, type(optim.Adam.beta1))
    assert optim.Adam.beta2.below == 1.0
