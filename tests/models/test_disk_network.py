from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.data import Standardiser, fresh_points
from bakeoff.errors import ShapeError
from bakeoff.models.disk import SHIPPED, disk_network, fold_standardiser, shipped_disk
from bakeoff.nn import Linear, Sequential, Tanh, count_parameters


def test_the_network_asked_for():
    sizes = [(x.in_features, x.out_features) for x in disk_network() if isinstance(x, Linear)]
    assert sizes == [(2, 25), (25, 25), (25, 25), (25, 1)]
    assert [type(layer) for layer in disk_network()][1::2] == [Tanh] * 3
    assert count_parameters(disk_network()) == 75 + 650 + 650 + 26


numbers = st.floats(-3, 3, width=32)
scales = st.floats(0.0625, 4, width=32)


@given(mean=st.tuples(numbers, numbers), std=st.tuples(scales, scales), seed=st.integers(0, 99))
def test_folding_changes_the_inputs_and_nothing_else(mean, std, seed):
    standardiser = Standardiser(torch.tensor(mean), torch.tensor(std))
    network = Sequential(Linear(2, 4), Tanh(), Linear(4, 1)).initialise(seed)
    x = torch.randn(8, 2, generator=torch.Generator().manual_seed(seed))
    expected = network(standardiser(x)).data.clone()
    fold_standardiser(network[0], standardiser)
    assert torch.allclose(network(x).data, expected, rtol=1e-4, atol=1e-4)


def test_folding_by_hand():
    layer = Linear(2, 1)
    layer.weight.data.copy_(torch.tensor([[2.0, 3.0]]))
    layer.bias.data.fill_(1.0)
    fold_standardiser(layer, Standardiser(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 0.5])))
    assert layer.weight.data.tolist() == [[0.5, 6.0]]
    assert layer.bias.data.tolist() == [1.0 - 0.5 - 12.0]


def test_what_cannot_be_folded():
    two = Standardiser(torch.zeros(2), torch.ones(2))
    with pytest.raises(ShapeError, match=r"fold: got Linear\(2, 4, bias=False\)"):
        fold_standardiser(Linear(2, 4, bias=False), two)
    for other in (Linear(3, 4), Tanh()):
        with pytest.raises(ShapeError, match="one mean for each of its features"):
            fold_standardiser(other, two)
    with pytest.raises(ShapeError, match=r"means of shape \(\)"):
        fold_standardiser(Linear(2, 4), Standardiser(torch.zeros(()), torch.ones(())))


def test_the_shipped_network_is_the_one_asked_for_and_knows_the_disk():
    network = shipped_disk()
    assert SHIPPED.is_file()
    assert repr(network.layers) == repr(disk_network())
    assert network.epochs == 250
    for seed in (1, 2):
        assert network.accuracy(*fresh_points(10_000, seed=seed)) > 0.98
    # Not by saying the same everywhere, nor by a square: corners inside the square, outside the
    # disk, and the disk's own extremes.
    probes = torch.tensor([[0.5, 0.5], [0.5, 0.87], [0.13, 0.5], [0.83, 0.83], [0.16, 0.84]])
    assert (network.predict(probes) >= 0.5).flatten().tolist() == [True] * 3 + [False] * 2
