"""Embeddings: rows out of reach, rows without a gradient, starts, single samples."""

import pytest
import torch

from bakeoff import nn
from bakeoff.errors import DTypeError, ShapeError


def made(**more):
    return nn.Embedding(5, 3, **more).initialise(0)


@pytest.mark.parametrize("rounds", [None, 2])
@pytest.mark.parametrize("row", [-1, 5])
def test_a_row_that_is_not_there_is_refused(rounds, row):
    layer = nn.Embedding(5, 3)
    if rounds:
        nn.lockstep(layer, rounds)
    x = torch.full((2, 4), row)
    with pytest.raises(ShapeError):
        layer.initialise(0)(x)


def test_what_is_no_whole_number_is_refused():
    with pytest.raises(DTypeError, match=r"Embedding\(5, 3\): got a batch of torch.float32"):
        made()(torch.ones(2))


def test_the_padding_starts_at_zero_and_takes_no_gradient():
    layer = made(padding_idx=-2)
    assert layer.padding_idx == 3
    assert (layer.weight.data == 0).all(1).tolist() == [False, False, False, True, False]
    layer(torch.tensor([[3, 0], [3, 4]])).sum().backward()
    assert layer.weight.grad.data.sum(1).tolist() == [3.0, 0.0, 0.0, 0.0, 3.0]


def test_rows_start_normal():
    weight = nn.Embedding(400, 50).initialise(0).weight.data
    assert weight.mean().abs() < 0.05
    assert weight.std() == pytest.approx(1.0, abs=0.05)


def test_one_number_and_32_bits_are_taken():
    layer = made()
    x = torch.tensor([[1, 2], [3, 4]])
    assert torch.equal(layer(x.int()).data, layer(x).data)
    assert torch.equal(layer(torch.tensor(2)).data, layer.weight.data[2])
