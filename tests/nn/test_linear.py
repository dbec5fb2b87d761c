"""The fully connected layer and the flattening one: what they say and what they refuse."""

import re

import pytest
import torch

from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn import Flatten, Linear, Sequential


def layer(**more):
    return Linear(2, 3, generator=torch.Generator().manual_seed(0), **more)


def test_it_shows_itself_as_pytorchs():
    assert repr(layer(bias=False)) == "Linear(2, 3, bias=False)"


def test_without_bias_nothing_is_there_to_train():
    assert [name for name, _ in layer(bias=False).named_parameters()] == ["weight"]


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 1), (2,), ()])
def test_another_shape_is_refused_by_name(shape):
    words = f"Linear(2, 3, bias=True): got a batch of shape {shape} (N first), expected 2 features"
    with pytest.raises(ShapeError, match=re.escape(words)):
        layer()(torch.ones(shape))


def test_another_dtype_is_refused_with_both_ways_out():
    words = (
        r"Linear\(2, 3, bias=True\): got a batch of torch.float64, expected torch.float32 as its"
        r" parameters; write x.to\(torch.float32\), or network.to\(torch.float64\)"
    )
    with pytest.raises(DTypeError, match=words):
        layer()(torch.ones(4, 2, dtype=torch.float64))
    with pytest.raises(DTypeError, match=r"got a batch of torch.uint8.*x.to\(torch.float32\)$"):
        layer()(torch.ones(4, 2, dtype=torch.uint8))


@pytest.mark.parametrize("size", [0, -1, 2.5, "2", None])
def test_a_size_that_is_not_a_whole_number_of_at_least_one_is_refused(size):
    words = f"features={size!r}, expected a whole number of at least 1"
    with pytest.raises(ArgumentError, match=f"Linear: got in_{words}"):
        Linear(size, 3)
    with pytest.raises(ArgumentError, match=f"Linear: got out_{words}"):
        Linear(2, size)


@pytest.mark.parametrize("shape", [(), (3,)])
def test_a_batch_without_features_cannot_be_flattened(shape):
    words = f"got a batch of shape {shape} (N first), expected (N, C, ...) with axes 1 to -1"
    with pytest.raises(ShapeError, match=re.escape(words)):
        Flatten()(torch.ones(shape))


def test_one_that_was_never_drawn_says_what_to_do():
    with pytest.raises(
        ArgumentError, match=r"parameter '0.weight' was never drawn; call \.initial"
    ):
        Sequential(Linear(2, 3))(torch.ones(1, 2))


def test_an_empty_batch_gives_an_empty_output():
    assert layer()(torch.ones(0, 2)).shape == (0, 3)
    assert Flatten()(torch.ones(0, 2, 3)).shape == (0, 6)
