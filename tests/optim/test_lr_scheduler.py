"""Schedules: their ends, and what they refuse; test_optimisers.py has their values."""

import inspect

import pytest
import torch

from bakeoff import optim
from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.optim import SGD, CosineAnnealingLR, OneCycleLR, Optimizer, ReduceLROnPlateau, StepLR


def sgd(**more):
    return SGD([Tensor(torch.ones(2), requires_grad=True)], **({"lr": 1.0} | more))


class Plain(Optimizer):
    """Has no momentum."""

    def update(self, g, block):
        block.of(self.flat).sub_(g)


def test_they_are_found_where_pytorch_keeps_them_too():
    for name in optim.lr_scheduler.__all__:
        assert getattr(optim.lr_scheduler, name) is getattr(optim, name)
        assert hasattr(torch.optim.lr_scheduler, name)


@pytest.mark.parametrize("name", [*optim.OPTIMISERS, *optim.SCHEDULES])
def test_defaults_are_those_of_pytorch(name):
    """SGD's step size and RMSprop's among them: what both leave to the user has no default."""
    theirs = getattr(torch.optim, name, None) or getattr(torch.optim.lr_scheduler, name)
    expected = inspect.signature(theirs).parameters
    ours = inspect.signature(getattr(optim, name)).parameters
    for argument, parameter in ours.items():
        if argument in expected and parameter.default is not parameter.empty:
            assert parameter.default == expected[argument].default, argument
    # And they are in range: nothing but what has no default need be given.
    needed = {"lr": 0.1} if name == "SGD" else {"T_max": 3, "step_size": 3, "max_lr": 0.1}
    given = {k: v for k, v in needed.items() if k in ours and ours[k].default is inspect._empty}
    more = {"total_steps": 5} if name == "OneCycleLR" else {}
    target = [Tensor(torch.ones(2), requires_grad=True)] if name in optim.OPTIMISERS else sgd()
    assert getattr(optim, name)(target, **given, **more)


def test_a_plateau_counts_its_figures():
    schedule = ReduceLROnPlateau(sgd(), patience=2)
    for figure in (1.0, 1.0, 1.0):
        schedule.step(figure)
    assert (schedule.last_epoch, schedule.num_bad_epochs, schedule.optimizer.lr) == (3, 2, 1.0)
    schedule.step(1.0)
    assert schedule.optimizer.lr == pytest.approx(0.1)


def test_one_cycle_goes_up_and_down_and_ends():
    optimizer = sgd(momentum=0.9)
    schedule = OneCycleLR(optimizer, max_lr=0.5, total_steps=20)
    rates, momenta = [], []
    for _ in range(20):
        rates.append(optimizer.lr)
        momenta.append(optimizer.momentum)
        schedule.step()
    top = rates.index(max(rates))
    assert (rates[0], rates[top], top) == (0.5 / 25, 0.5, 5)
    assert rates[-1] == pytest.approx(0.5 / 25 / 1e4)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert (momenta[0], momenta[top], momenta[-1]) == (0.95, 0.85, 0.95)
    with pytest.raises(ArgumentError, match=r"OneCycleLR: got call 21 of step\(\), expected at mo"):
        schedule.step()
    assert schedule.last_epoch == 20


def test_half_a_cosine_ends_at_zero_unless_told_otherwise():
    optimizer = sgd()
    schedule = CosineAnnealingLR(optimizer, T_max=4)
    for _ in range(4):
        schedule.step()
    assert optimizer.lr == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("pct_start", [0.0, 0.1, 1.0])
def test_a_cycle_may_begin_or_end_at_its_top(pct_start):
    """PyTorch divides by zero where a phase has no length."""
    optimizer = sgd()
    schedule = OneCycleLR(optimizer, 0.5, total_steps=10, pct_start=pct_start)
    rates = [optimizer.lr]
    for _ in range(10):
        schedule.step()
        rates.append(optimizer.lr)
    assert max(rates[:10]) == pytest.approx(0.5, rel=0.1)
    assert min(rates) >= 0.0


def test_a_plateaus_figure_may_be_a_tensor():
    optimizer = sgd()
    schedule = ReduceLROnPlateau(optimizer, patience=0)
    for value in (1.0, 2.0):
        schedule.step(Tensor(value))
    assert optimizer.lr == 0.1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: StepLR(sgd(), 0), "StepLR: got step_size=0, expected at least 1"),
        (lambda: StepLR(sgd(), 1, -0.1), "StepLR: got gamma=-0.1, expected at least 0"),
        (lambda: CosineAnnealingLR(sgd(), 0), "CosineAnnealingLR: got T_max=0, expected at least"),
        (lambda: CosineAnnealingLR(sgd(), 5, -1.0), "CosineAnnealingLR: got eta_min=-1.0"),
        (lambda: OneCycleLR(sgd(), 0.1), "OneCycleLR: got no number of steps, expected total_st"),
        (lambda: OneCycleLR(sgd(), 0.1, epochs=3), "OneCycleLR: got no number of steps"),
        (lambda: OneCycleLR(sgd(), 0.1, 0), "OneCycleLR: got total_steps=0, expected at least 1"),
        (
            lambda: OneCycleLR(sgd(), 0.1, epochs=2, steps_per_epoch=0),
            "OneCycleLR: got steps_per_epoch=0",
        ),
        (lambda: OneCycleLR(sgd(), 0.0, 5), "OneCycleLR: got max_lr=0.0, expected more than 0"),
        (lambda: OneCycleLR(sgd(), 0.1, 5, div_factor=0), "got div_factor=0, expected more than"),
        (lambda: OneCycleLR(sgd(), 0.1, 5, pct_start=1.5), "got pct_start=1.5, expected 0 to 1"),
        (lambda: OneCycleLR(sgd(), 0.1, 5, anneal_strategy="x"), "got anneal_strategy='x', expec"),
        (lambda: OneCycleLR(sgd(), 0.1, 5, max_momentum=1.0), "got max_momentum=1.0, expected"),
        (
            lambda: OneCycleLR(Plain([Tensor(torch.ones(1))], 0.1), 0.1, 5),
            "got Plain, which has no momentum, .* pass cycle_momentum=False",
        ),
        (lambda: ReduceLROnPlateau(sgd(), mode="least"), "got mode='least', expected one of"),
        (lambda: ReduceLROnPlateau(sgd(), factor=1.0), "got factor=1.0, expected at least 0 and"),
        (lambda: ReduceLROnPlateau(sgd(), patience=-1), "got patience=-1, expected at least 0"),
        (lambda: ReduceLROnPlateau(sgd(), threshold_mode="x"), "got threshold_mode='x', expecte"),
    ],
)
def test_arguments_out_of_range_are_refused(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()


def test_an_optimiser_without_momentum_can_have_the_rest_of_the_cycle():
    optimizer = Plain([Tensor(torch.ones(1), requires_grad=True)], 0.1)
    OneCycleLR(optimizer, 0.5, 10, cycle_momentum=False).step()
    assert 0.5 / 25 < optimizer.lr < 0.5


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("steps", [2, 3, 30])
def test_an_ordinary_loop_reaches_the_last_step_of_one_cycle(strategy, steps):
    p = Tensor(torch.ones(2), requires_grad=True)
    q = torch.nn.Parameter(torch.ones(2))
    ours = optim.SGD([p], lr=0.1, momentum=0.9)
    theirs = torch.optim.SGD([q], lr=0.1, momentum=0.9)
    options = {"max_lr": 0.1, "total_steps": steps, "anneal_strategy": strategy}
    mine = optim.OneCycleLR(ours, **options)
    other = torch.optim.lr_scheduler.OneCycleLR(theirs, **options)
    for _ in range(steps):
        group = theirs.param_groups[0]
        assert (ours.lr, ours.momentum) == pytest.approx((group["lr"], group["momentum"]))
        p.grad, q.grad = Tensor(torch.ones(2)), torch.ones(2)
        ours.step(), mine.step(), theirs.step(), other.step()
    torch.testing.assert_close(p.data, q.detach())
    assert ours.lr >= 0.0  # the step size after the last step, which nobody takes
