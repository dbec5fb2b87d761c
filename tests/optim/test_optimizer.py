"""What all optimisers share: blocks of memory, accumulation, and errors that change nothing."""

import copy

import pytest
import torch

from bakeoff import optim
from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn import CrossEntropyLoss, Linear, MSELoss, Sequential, Tanh
from nn.arrays import close, draw
from nn.namesakes import OPTIMISERS


def network():
    return Sequential(Linear(3, 4), Tanh(), Linear(4, 2)).initialise(seed=2).double()


def everything(ours, optimizer):
    """Return all that training changes."""
    return [*ours.state_dict().values(), *optimizer.state_dict().values()]


def check_same(before, after):
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_parameters_lie_in_one_block_of_memory_and_keep_their_values():
    ours = network()
    before = ours.state_dict()
    optimizer = optim.SGD(ours.parameters())
    assert optimizer.flat.numel() == 3 * 4 + 4 + 4 * 2 + 2
    check_same(before.values(), ours.state_dict().values())
    optimizer.flat.fill_(3.0)
    assert all((parameter.data == 3.0).all() for parameter in ours.parameters())


@pytest.mark.parametrize("rule", OPTIMISERS, ids=str)
def test_a_parameter_without_gradient_stays_with_its_state(rule):
    """One that was frozen at first then trains as PyTorch's: its means start with it."""
    values = [draw((2, 3), 1), draw((4,), 2), draw((3,), 3)]
    ours = [Tensor(value.clone(), requires_grad=True) for value in values]
    theirs = [value.clone().requires_grad_() for value in values]
    optimizer, rival = rule.ours(ours), rule.theirs(theirs)
    for step, active in enumerate([(0, 2), (0, 2), (0, 1, 2), (1,), (0, 1, 2)]):
        for i in range(3):
            gradient = draw(values[i].shape, 10 * step + i)
            ours[i].grad = Tensor(gradient) if i in active else None
            theirs[i].grad = gradient.clone() if i in active else None
        optimizer.step()
        rival.step()
        for own, their in zip(ours, theirs, strict=True):
            close(own.data, their.detach(), 1e-10, f"step {step}")


def test_gradients_of_any_layout_are_taken():
    parameter = Tensor(torch.zeros(2, 3), requires_grad=True)
    optimizer = optim.SGD([parameter], lr=1.0)
    parameter.grad = Tensor(torch.arange(6.0).view(3, 2).T)
    optimizer.step()
    assert torch.equal(parameter.data, -torch.arange(6.0).view(3, 2).T)
    optimizer.zero_grad()
    parameter.sum().backward()  # its gradient is one number, repeated without memory
    optimizer.step()
    assert torch.equal(parameter.data, -torch.arange(6.0).view(3, 2).T - 1.0)


def test_several_backward_passes_do_the_work_of_a_large_batch():
    x, y = draw((7, 3)), draw((7, 2), 1)
    whole, parts = network(), network()
    loss = MSELoss()
    optimizers = [optim.SGD(n.parameters(), lr=0.1) for n in (whole, parts)]
    loss(whole(x), y).backward()
    for rows in (slice(0, 4), slice(4, 7)):
        (loss(parts(x[rows]), y[rows]) * (len(x[rows]) / 7)).backward()
    for optimizer in optimizers:
        optimizer.step()
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        close(a.data, b.data, 1e-12)


def test_zero_grad_forgets():
    ours = network()
    optimizer = optim.SGD(ours.parameters())
    ours(draw((2, 3))).sum().backward()
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in ours.parameters())
    before = everything(ours, optimizer)
    optimizer.step()
    check_same(before, everything(ours, optimizer))


# ---- errors leave everything as it was ------------------------------------------------------


@pytest.mark.parametrize("rule", OPTIMISERS, ids=str)
@pytest.mark.parametrize(
    ("gradient", "error", "words"),
    [
        (torch.ones(3, dtype=torch.float64), ShapeError, r"parameter 3 of shape \(2,\): got a gra"),
        (torch.ones(2), DTypeError, r"got a gradient of torch.float32, expected torch.float64"),
    ],
)
def test_a_gradient_that_does_not_fit_stops_the_step_before_it_begins(rule, gradient, error, words):
    ours = network()
    optimizer = rule.ours(ours.parameters())
    ours(draw((2, 3))).sum().backward()
    optimizer.step()
    before = everything(ours, optimizer)
    list(ours.parameters())[3].grad = Tensor(gradient)
    with pytest.raises(error, match=rf"{rule.name}.step: .*{words}"):
        optimizer.step()
    check_same(before, everything(ours, optimizer))


@pytest.mark.parametrize(
    ("x", "target", "error"),
    [
        (torch.ones(2, 4, dtype=torch.float64), torch.tensor([0, 1]), ShapeError),
        (torch.ones(2, 3), torch.tensor([0, 1]), DTypeError),
        (torch.ones(2, 3, dtype=torch.float64), torch.tensor([0, 2]), ArgumentError),
        (torch.ones(2, 3, dtype=torch.float64), torch.tensor([0.0, 1.0]), DTypeError),
        (torch.ones(0, 3, dtype=torch.float64), torch.tensor([], dtype=torch.int64), ShapeError),
    ],
)
def test_a_training_step_that_fails_changes_nothing(x, target, error):
    ours = network()
    optimizer = optim.Adam(ours.parameters())

    def step(x, target):
        optimizer.zero_grad()
        CrossEntropyLoss()(ours(x), target).backward()
        optimizer.step()

    step(torch.ones(2, 3, dtype=torch.float64), torch.tensor([0, 1]))
    before = everything(ours, optimizer)
    with pytest.raises(error):
        step(x, target)
    check_same(before, everything(ours, optimizer))


@pytest.mark.parametrize(
    "move",
    [
        lambda ours: optim.SGD(ours.parameters()),
        lambda ours: ours.float(),
        lambda ours: setattr(ours[0].bias, "data", torch.ones(4, dtype=torch.float64)),
    ],
    ids=["newer optimiser", "other dtype", "other array"],
)
def test_parameters_that_moved_away_are_noticed(move):
    ours = network()
    optimizer = optim.SGD(ours.parameters(), lr=1.0)
    move(ours)
    before = ours.state_dict()
    with pytest.raises(ArgumentError, match=r"SGD.step: parameter \d of shape .* other memory"):
        optimizer.step()
    check_same(before.values(), ours.state_dict().values())


def test_a_copy_of_an_optimiser_does_not_train_in_silence():
    ours = network()
    ours2, optimizer = copy.deepcopy((ours, optim.SGD(ours.parameters(), lr=1.0)))
    ours2(draw((2, 3))).sum().backward()
    with pytest.raises(ArgumentError, match=r"or a copy.*make the optimiser after that"):
        optimizer.step()


# ---- what an optimiser is made of -----------------------------------------------------------


@pytest.mark.parametrize("kind", optim.OPTIMISERS.values())
@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        (lambda: [], ArgumentError, "got no parameters, expected at least one"),
        (lambda: [network()[0].weight] * 2, ArgumentError, "got a parameter twice"),
        (lambda: network()[0], DTypeError, r"got Linear, expected tensors; write network.param"),
        (lambda: Tensor(torch.ones(2, 2)), DTypeError, "got Tensor, expected.* or a list of ten"),
        (network, DTypeError, r"got a Linear among the parameters.*network.parameters\(\)"),
        (lambda: [torch.ones(2)], DTypeError, "got a Tensor among the parameters, expected bakeo"),
        (lambda: [Tensor(torch.ones(2)), Tensor(draw((2,)))], DTypeError, "float32, torch.float64"),
        (lambda: [Tensor([1, 2])], DTypeError, "of torch.int64, expected one floating-point dtype"),
    ],
)
def test_what_cannot_be_trained_is_refused(kind, parameters, error, words):
    with pytest.raises(error, match=f"{kind.__name__}: .*{words}"):
        kind(parameters())


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("SGD", {"lr": -0.1}, "got lr=-0.1, expected at least 0 and finite"),
        ("SGD", {"lr": float("nan")}, "got lr=nan"),
        ("SGD", {"lr": float("inf")}, "got lr=inf"),
        ("SGD", {"momentum": 1.0}, "got momentum=1.0, expected at least 0 and less than 1"),
        ("SGD", {"weight_decay": -1.0}, "got weight_decay=-1.0, expected at least 0"),
        ("SGD", {"nesterov": True}, "got nesterov=True with momentum=0, expected a momentum"),
        ("Adam", {"betas": (1.0, 0.9)}, "got beta1=1.0, expected at least 0 and less than 1"),
        ("Adam", {"betas": (0.9, 1.0)}, "got beta2=1.0"),
        ("AdamW", {"eps": -1e-8}, "got eps=-1e-08, expected at least 0"),
        ("AdamW", {"weight_decay": -1.0}, "got weight_decay=-1.0"),
        ("Adagrad", {"lr_decay": -1.0}, "got lr_decay=-1.0, expected at least 0"),
        ("Adagrad", {"initial_accumulator_value": -1.0}, "got initial_accumulator_value=-1.0"),
        ("RMSprop", {"alpha": 1.0}, "got alpha=1.0"),
        ("RMSprop", {"momentum": -0.1}, "got momentum=-0.1"),
    ],
)
def test_numbers_out_of_range_are_refused(name, arguments, words):
    with pytest.raises(ArgumentError, match=f"{name}: {words}"):
        getattr(optim, name)(network().parameters(), **arguments)
