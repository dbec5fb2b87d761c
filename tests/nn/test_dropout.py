"""Dropout: masks from a stream of its own, the same as PyTorch's from the same seed."""

import copy

import pytest
import torch

from bakeoff import nn
from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from nn.arrays import draw


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_mask_is_pytorchs_from_the_same_seed(p):
    layer = nn.Dropout(p, generator=torch.Generator().manual_seed(8))
    x = Tensor(draw((50, 7)), requires_grad=True)
    out = layer(x)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        # Inside, the batch is last, and so the mask is drawn.
        expected = torch.nn.functional.dropout(x.data.T.contiguous(), p).T
    assert torch.equal(out.data, expected)
    out.backward(torch.ones(50, 7, dtype=torch.float64))
    torch.testing.assert_close(x.grad.data, expected / x.data)


def test_each_call_draws_anew_and_evaluation_draws_nothing():
    generator = torch.Generator().manual_seed(1)
    layer = nn.Dropout(0.5, generator=generator)
    x = torch.ones(100, 3)
    first, second = layer(x).data, layer(x).data
    assert not torch.equal(first, second)
    assert {*first.unique().tolist()} == {0.0, 2.0}
    state = generator.get_state()
    assert torch.equal(layer.eval()(x).data, x)
    assert torch.equal(generator.get_state(), state)


def test_a_network_gives_each_dropout_a_stream_of_its_own_by_name():
    network = nn.Sequential(nn.Dropout(), nn.Dropout()).initialise(seed=3)
    names = [name for name, _ in network.named_streams()]
    assert names == ["0.0", "1.0"]
    seeds = {generator.initial_seed() for _, generator in network.named_streams()}
    assert len(seeds) == 2
    again = nn.Sequential(nn.Dropout(), nn.Dropout()).initialise(seed=3)
    x = torch.ones(10, 10)
    assert torch.equal(network(x).data, again(x).data)


def test_streams_can_be_kept_and_set_again():
    network = nn.Sequential(nn.Dropout()).initialise(0)
    x = torch.ones(20, 5)
    network(x)
    kept = {name: generator.get_state() for name, generator in network.named_streams()}
    expected = network(x).data
    for name, generator in network.named_streams():
        generator.set_state(kept[name])
    assert torch.equal(network(x).data, expected)


def test_a_copy_draws_from_a_stream_of_its_own():
    network = nn.Sequential(nn.Dropout()).initialise(0)
    other = copy.deepcopy(network)
    x = torch.ones(20, 5)
    assert torch.equal(network(x).data, other(x).data)
    network(x)
    states = [next(g for _, g in n.named_streams()).get_state() for n in (network, other)]
    assert not torch.equal(*states)


def test_it_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    nn.Sequential(nn.Linear(3, 4), nn.Dropout()).initialise(0)(torch.ones(2, 3))
    assert torch.equal(torch.get_rng_state(), before)


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ArgumentError, match=r"Dropout: got p=1.5, expected 0 to 1"):
        nn.Dropout(1.5)
    with pytest.raises(ArgumentError, match=r"Dropout: got p=nan, expected 0 to 1"):
        nn.Dropout(float("nan"))
    with pytest.raises(ArgumentError, match=r"Dropout\(p=0.5\): got 0 random streams.*initialise"):
        nn.Dropout()(torch.ones(2, 3))
    with pytest.raises(DTypeError, match=r"Dropout\(p=0.5\): got a batch of torch.int64"):
        nn.Dropout()(torch.ones(2, 3, dtype=torch.int64))


@pytest.mark.parametrize(
    ("kind", "shape"), [("1d", (40, 5, 3)), ("2d", (40, 5, 2, 3)), ("3d", (40, 5, 2, 2, 2))]
)
def test_whole_channels_are_dropped(kind, shape):
    layer = getattr(nn, f"Dropout{kind}")(0.4, generator=torch.Generator().manual_seed(0))
    out = layer(torch.ones(shape)).data.flatten(2)
    assert (out == out[..., :1]).all()
    kept = (out[..., 0] != 0).float()
    assert out.max() == pytest.approx(1 / 0.6)
    assert 0.5 < kept.mean() < 0.7
    assert (kept.std(0) > 0).all()
    assert (kept.std(1) > 0).any()
    with pytest.raises(ShapeError, match=r"expected . axes"):
        layer(torch.ones(3))
