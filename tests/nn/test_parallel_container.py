"""Parallel: its two forms, its names, lockstep, plans, and what it refuses."""

import pytest
import torch

from bakeoff.autodiff.plan import capture
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn import Conv2d, Flatten, Identity, Linear, MSELoss, Parallel, ReLU, Sequential
from bakeoff.nn import lockstep as in_lockstep
from bakeoff.optim import SGD
from nn.arrays import close, draw


def joining():
    return Parallel(Linear(3, 2), Sequential(Linear(3, 4), ReLU()), Identity())


def test_branches_without_names_are_joined_and_trained_as_pytorchs_would():
    ours = joining().initialise(1).double()
    with torch.random.fork_rng(devices=[]):
        branches = [torch.nn.Linear(3, 2), torch.nn.Sequential(torch.nn.Linear(3, 4))]
        theirs = torch.nn.ModuleList(branches).double()
    theirs.load_state_dict(ours.state_dict())
    x, cotangent = draw((5, 3)), draw((5, 9), 1)
    out = ours(x)
    out.backward(cotangent)
    with torch.enable_grad():
        expected = torch.cat([theirs[0](x), theirs[1](x).relu(), x], dim=1)
    expected.backward(cotangent)
    close(out.data, expected.detach())
    rivals = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        close(parameter.grad.data, rivals[name].grad, name=name)
    back = joining()
    back.double().load_state_dict(theirs.state_dict())
    close(back(x).data, out.data)


def test_images_are_joined_by_channels():
    network = Parallel(Conv2d(2, 3, 3, padding=1), Identity()).initialise(0)
    x = torch.ones(4, 2, 5, 6)
    out = network(x)
    assert out.shape == (4, 5, 5, 6)
    assert torch.equal(out.data[:, 3:], x)


def test_named_branches_give_a_mapping():
    network = Parallel(target=Linear(3, 2), digits=Linear(3, 10)).initialise(0)
    out = network(draw((5, 3)).float())
    assert {name: tuple(value.shape) for name, value in out.items()} == {
        "target": (5, 2),
        "digits": (5, 10),
    }
    assert list(network.state_dict()) == [
        "target.weight",
        "target.bias",
        "digits.weight",
        "digits.bias",
    ]
    assert network["digits"].out_features == 10


def test_it_stands_in_other_containers_and_shows_itself():
    network = Sequential(joining(), Linear(9, 1)).initialise(0)
    assert network(torch.ones(2, 3)).shape == (2, 1)
    assert len(network[0]) == 3
    assert isinstance(network[0][1], Sequential)
    assert repr(joining()).startswith("Parallel(\n  (0): Linear(3, 2, bias=True)\n  (1): Sequ")


def test_rounds_in_lockstep_are_joined_each_by_itself():
    together = in_lockstep(joining(), 2).initialise(3).double()
    x = draw((2, 5, 3))
    out = together(x)
    for r in range(2):
        alone = joining().initialise(3, r).double()
        close(out.data[r], alone(x[r]).data, 1e-12)


def test_a_captured_step_gives_the_same_bits():
    x, y = draw((5, 3)).float(), draw((5, 9), 1).float()
    states = []
    for plan in (False, True):
        network = joining().initialise(0)
        optimizer, loss = SGD(network.parameters(), lr=0.1), MSELoss()

        def step(x, y, network=network, optimizer=optimizer, loss=loss):
            optimizer.zero_grad()
            loss(network(x), y).backward()
            optimizer.step()

        run = capture(step, x, y) if plan else step
        for _ in range(4):
            run(x, y)
        states.append(network.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


@pytest.mark.parametrize("arguments", [((), {}), ((ReLU(),), {"a": ReLU()})])
def test_no_branches_or_of_both_kinds_are_refused(arguments):
    with pytest.raises(ArgumentError, match=r"Parallel: got \d branches without and \d with a n"):
        Parallel(*arguments[0], **arguments[1])


def test_what_is_no_layer_is_refused():
    with pytest.raises(DTypeError, match="Parallel: got 3, expected a Module"):
        Parallel(ReLU(), 3)


def test_outputs_that_do_not_fit_are_refused():
    words = r"\(2, 3\), \(2, 3, 1\) \(N first\), expected \(N, F, ...\) that differ in F alone"
    with pytest.raises(ShapeError, match=f"Parallel: got outputs of shapes {words}"):
        Parallel(Flatten(), Identity())(torch.ones(2, 3, 1))
