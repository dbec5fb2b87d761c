"""Sequential: its layers, their names, and PyTorch's Sequential."""

import pytest
import torch

from bakeoff.errors import DTypeError
from bakeoff.nn import Flatten, Linear, ReLU, Sequential


def test_layers_are_added_found_and_named():
    network = Sequential(Linear(2, 3))
    assert network.add(ReLU(), Linear(3, 1, bias=False)) is network
    assert len(network) == 3
    assert isinstance(network[1], ReLU)
    assert [type(layer).__name__ for layer in network] == ["Linear", "ReLU", "Linear"]
    assert list(network.initialise().state_dict()) == ["0.weight", "0.bias", "2.weight"]
    assert repr(network) == (
        "Sequential(\n  (0): Linear(2, 3, bias=True)\n  (1): ReLU()\n"
        "  (2): Linear(3, 1, bias=False)\n)"
    )


def test_it_may_stand_in_another_and_be_empty():
    network = Sequential(Flatten(), Sequential(Sequential(), Linear(4, 2))).initialise(0)
    x = torch.ones(3, 2, 2)
    assert network(x).shape == (3, 2)
    assert torch.equal(Sequential()(x).data, x)
    assert "  (1): Sequential(\n    (0): Sequential()" in repr(network)


def test_what_is_no_layer_is_refused_and_none_is_added():
    network = Sequential()
    with pytest.raises(DTypeError, match=r"Sequential: got 3, expected a Module such as Linear"):
        network.add(ReLU(), 3)
    assert len(network) == 0
