"""Batch normalisation: running statistics, starts, and what it refuses."""

import pytest
import torch

from bakeoff.autodiff import Tensor, no_grad
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn import BatchNorm1d, BatchNorm2d, Linear, Sequential
from nn.arrays import close, draw


def test_it_needs_no_draw_and_has_pytorchs_state():
    layer = BatchNorm2d(3)
    assert layer(torch.ones(2, 3, 2, 2)).shape == (2, 3, 2, 2)
    state, rival = layer.state_dict(), torch.nn.BatchNorm2d(3).state_dict()
    assert {k: (v.shape, v.dtype) for k, v in state.items()} == {
        k: (v.shape, v.dtype) for k, v in rival.items()
    }


def test_statistics_of_many_batches_are_pytorchs():
    ours, theirs = BatchNorm1d(2).double(), torch.nn.BatchNorm1d(2).double()
    for seed in range(5):
        x = draw((3, 2), seed) * 10
        ours(x)
        theirs(x)
    for name, value in theirs.state_dict().items():
        close(ours.state_dict()[name], value, 1e-12, name)
    assert int(ours.num_batches_tracked) == 5


def test_statistics_move_without_gradients_too_but_not_in_evaluation():
    layer = BatchNorm1d(2).double()
    with no_grad():
        layer(draw((3, 2)))
    moved = layer.running_mean.data.clone()
    assert moved.abs().min() > 0
    layer.eval()(draw((3, 2), 1))
    assert torch.equal(layer.running_mean.data, moved)
    assert int(layer.num_batches_tracked) == 1


def test_a_new_start_forgets_the_statistics():
    network = Sequential(Linear(3, 2), BatchNorm1d(2)).initialise(0)
    start = network.state_dict()
    network(torch.randn(5, 3, generator=torch.Generator().manual_seed(0)))
    network[1].weight.data.fill_(3.0)
    network.initialise(0)
    for name, value in network.state_dict().items():
        assert torch.equal(value, start[name]), name


def test_no_gradient_flows_through_the_statistics():
    layer = BatchNorm1d(2).double()
    x = Tensor(draw((4, 2)), requires_grad=True)
    layer(x)
    assert layer.running_mean.node is None
    assert not layer.running_mean.requires_grad


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BatchNorm1d(0), "BatchNorm1d: got num_features=0, expected a whole"),
        (lambda: BatchNorm1d(2, eps=0.0), "BatchNorm1d: got eps=0.0, expected more than 0"),
        (lambda: BatchNorm2d(2, momentum=1.5), "BatchNorm2d: got momentum=1.5, expected 0 to 1"),
    ],
)
def test_arguments_out_of_range_are_refused(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (BatchNorm1d(2), (4, 3), r"got a batch of shape \(4, 3\) .*expected \(N, 2\) or \(N, 2, L"),
        (BatchNorm1d(2), (4,), r"BatchNorm1d\(2, eps.*got a batch of shape \(4,\)"),
        (BatchNorm1d(2), (4, 2, 3, 3), r"got a batch of shape \(4, 2, 3, 3\) \(N first\)"),
        (BatchNorm2d(2), (4, 2), r"got a batch of shape \(4, 2\) .*expected \(N, 2, H, W\)"),
        (BatchNorm2d(2), (4, 3, 5, 5), r"expected \(N, 2, H, W\)"),
        (BatchNorm1d(2), (1, 2), "got 1 values a channel in training, expected at least 2"),
        (BatchNorm2d(2), (1, 2, 1, 1), "got 1 values a channel in training"),
        (BatchNorm1d(2), (0, 2), "got 0 values a channel in training"),
    ],
)
def test_batches_of_the_wrong_shape_are_refused_before_anything_moves(layer, shape, words):
    with pytest.raises(ShapeError, match=words):
        layer(torch.ones(shape))
    assert int(layer.num_batches_tracked) == 0


def test_another_dtype_is_refused():
    layer = BatchNorm1d(2)
    with pytest.raises(DTypeError, match=r"got a batch of torch.float64, expected torch.float32"):
        layer(draw((4, 2)))
    assert int(layer.num_batches_tracked) == 0
