"""Rounds in lockstep: every layer and loss gives each round what it would get alone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bakeoff.nn as layers
from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError, ShapeError
from bakeoff.nn import BatchNorm1d, Dropout, Linear, MSELoss, Sequential, lockstep
from nn import namesakes
from nn.arrays import classes, close, draw

ROUNDS = 3


def spread(together, seed=7):
    """Give every round values of its own, so that none can pass for another."""
    generator = torch.Generator().manual_seed(seed)
    for tensor in (*together.parameters(), *dict(together.named_buffers()).values()):
        if tensor.dtype.is_floating_point:
            tensor.data.uniform_(0.25, 1.25, generator=generator)


def alone(case, together, r):
    """Return the module of round r by itself, with the values it has in lockstep."""
    module = case.ours(round_=r)
    module.load_state_dict({name: value[r] for name, value in together.state_dict().items()})
    return module


@pytest.mark.parametrize("name", sorted(namesakes.LAYERS))
@settings(max_examples=12)
@given(data=st.data())
def test_a_layer_gives_each_round_what_it_gets_alone(name, data):
    case = data.draw(namesakes.LAYERS[name])
    together = case.ours(rounds=ROUNDS)
    spread(together)
    singles = [alone(case, together, r) for r in range(ROUNDS)]
    x = Tensor(draw((ROUNDS, *case.shape)), requires_grad=True)
    if case.whole:
        x = Tensor(classes((ROUNDS, *case.shape), case.whole))
    out = together(x)
    cotangent = draw(out.shape, 1)
    out.backward(cotangent)
    for r, single in enumerate(singles):
        own = Tensor(x.data[r], requires_grad=x.requires_grad)
        expected = single(own)
        expected.backward(cotangent[r])
        close(out.data[r], expected.data, 1e-12, "output")
        if x.requires_grad:
            close(x.grad.data[r], own.grad.data, 1e-12, "gradient of the input")
        for (key, a), b in zip(together.named_parameters(), single.parameters(), strict=True):
            close(a.grad.data[r], b.grad.data, 1e-12, f"gradient of {key}")
        for (key, a), (_, b) in zip(together.named_buffers(), single.named_buffers(), strict=True):
            close(a.data[r], b.data, 1e-12, key)


@pytest.mark.parametrize("name", sorted(namesakes.LOSSES))
@settings(max_examples=12)
@given(data=st.data())
def test_a_loss_gives_each_round_its_own(name, data):
    case = data.draw(namesakes.LOSSES[name])
    x = draw((ROUNDS, *case.shape))
    if name in namesakes.CLASS_LOSSES:
        target = classes((ROUNDS, case.shape[0]), case.shape[1])
    else:
        target = draw(x.shape, 1)
        namesakes.within_reach(name, x, target)
    together = Tensor(x, requires_grad=True)
    losses = case.ours(rounds=ROUNDS)(together, target)
    losses.sum().backward()
    for r in range(ROUNDS):
        own = Tensor(x[r], requires_grad=True)
        expected = case.ours()(own, target[r])
        expected.sum().backward()
        close(losses.data[r], expected.data, 1e-12, "loss")
        close(together.grad.data[r], own.grad.data, 1e-12, "gradient")


def test_each_round_starts_and_drops_out_as_it_would_alone():
    def network():
        return Sequential(Linear(3, 40), Dropout(0.4), Linear(40, 2))

    together = lockstep(network(), 3).initialise(seed=5, round_=7)
    x = torch.ones(3, 6, 3)
    out = together(x)
    again = together(x)
    assert not torch.equal(out.data, again.data)
    for r in range(3):
        single = network().initialise(seed=5, round_=7 + r)
        for a, b in zip(together.parameters(), single.parameters(), strict=True):
            assert torch.equal(a.data[r], b.data)
        torch.testing.assert_close(single(x[r]).data, out.data[r], rtol=0, atol=1e-5)
        torch.testing.assert_close(single(x[r]).data, again.data[r], rtol=0, atol=1e-5)


def test_a_module_keeps_its_dtype_in_lockstep():
    network = lockstep(Sequential(Linear(2, 3), BatchNorm1d(3)).double(), 2)
    dtypes = {t.dtype for t in (*network.parameters(), network[1].running_mean)}
    assert dtypes == {torch.float64}
    assert network[1].num_batches_tracked.shape == (2,)


def test_a_gradient_of_one_round_does_not_reach_the_others():
    network = Linear(2, 3).initialise()
    network(torch.ones(1, 2)).sum().backward()
    assert all(p.grad is None for p in lockstep(network, 2).parameters())


@pytest.mark.parametrize("shape", [(2, 5, 2), (5, 2), ()])
def test_a_batch_of_other_rounds_is_refused(shape):
    network = lockstep(Sequential(Linear(2, 3)), 3).initialise()
    with pytest.raises(ShapeError, match=r"Sequential: got a batch of .*expected \(3, N"):
        network(torch.ones(shape))


def test_what_cannot_go_in_lockstep_is_refused():
    with pytest.raises(ArgumentError, match="got rounds=0, expected a whole number of at least 1"):
        lockstep(Linear(2, 3), 0)
    mixed = Sequential(lockstep(Linear(2, 3), 2))
    with pytest.raises(ArgumentError, match="got a Linear in lockstep already"):
        lockstep(mixed, 2)
    assert mixed.rounds is None
    with pytest.raises(ArgumentError, match=r"parameter 'weight' was never drawn"):
        lockstep(Linear(2, 3).initialise(), 2)(torch.ones(2, 1, 2))
    dropout = lockstep(Dropout(generator=torch.Generator()), 2)
    with pytest.raises(ArgumentError, match="got 1 random streams in training, expected 2"):
        dropout(torch.ones(2, 1, 2))
    assert lockstep(MSELoss(), 2)(torch.ones(2, 4, 1), torch.zeros(2, 4, 1)).shape == (2,)


@pytest.mark.parametrize("init", [*layers.init.INITIALISERS])
@pytest.mark.parametrize(
    "make", [lambda i: layers.Linear(100, 50, init=i), lambda i: layers.Conv2d(8, 16, 3, init=i)]
)
def test_a_round_starts_alike_alone_in_a_group_of_one_and_among_others(make, init):
    alone = make(init).initialise(seed=3, round_=0).state_dict()
    for rounds in (1, 2, 3):
        many = layers.lockstep(make(init), rounds).initialise(seed=3, round_=0).state_dict()
        for name, values in alone.items():
            assert torch.equal(many[name][0], values)
