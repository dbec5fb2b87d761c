"""N-first at the door, batch-last inside."""

import threading

import pytest
import torch

from bakeoff.autodiff import Tensor
from bakeoff.errors import ShapeError
from bakeoff.nn import Conv2d, Linear, Module, Sequential, batch_last, lockstep
from bakeoff.nn.layout import inside, n_first
from nn.arrays import draw


class Spy(Module):
    """Notes the shapes that reach it, and gives two outputs by name."""

    def forward(self, x):
        self.seen = tuple(x.shape), x.data.is_contiguous(), inside()
        return {"same": x, "sums": x.sum(tuple(range(x.ndim - 1)))}


def test_the_door_turns_and_turns_back():
    spy, x = Spy(), draw((5, 2, 3))
    out = spy(x)
    assert spy.seen == ((2, 3, 5), True, True)
    assert torch.equal(out["same"].data, x)
    assert out["sums"].shape == (5,)
    assert not inside()


def test_in_lockstep_the_rounds_stay_in_front():
    spy, x = lockstep(Spy(), 4), draw((4, 5, 2, 3))
    assert torch.equal(spy(x)["same"].data, x)
    assert spy.seen[0] == (4, 2, 3, 5)


def test_inside_nothing_is_turned():
    spy, x = Spy(), Tensor(draw((2, 5)))
    with batch_last():
        assert spy(x)["same"] is x
    assert spy.seen[0] == (2, 5)


def test_the_door_is_open_again_after_an_error():
    layer = Linear(2, 3).initialise(0)
    for _ in range(2):
        with pytest.raises(ShapeError, match=r"\(4, 5\) \(N first\)"):
            layer(torch.ones(4, 5))
    assert layer(torch.ones(4, 2)).shape == (4, 3)


def test_another_thread_has_a_door_of_its_own():
    shapes = []
    layer = Linear(2, 3).initialise(0)
    with batch_last():
        thread = threading.Thread(target=lambda: shapes.append(layer(torch.ones(4, 2)).shape))
        thread.start()
        thread.join()
    assert shapes == [(4, 3)]


def test_shapes_are_told_n_first():
    assert n_first(Tensor(draw((2, 3, 5))), None) == (5, 2, 3)
    assert n_first(Tensor(draw((4, 2, 3, 5))), 4) == (4, 5, 2, 3)
    assert n_first(Tensor(draw((5,))), None) == (5,)
    assert n_first(Tensor(draw((4, 5))), 4) == (4, 5)


def test_a_users_layer_is_written_batch_last_and_called_n_first():
    class Pairs(Module):
        """Both halves of the features through one layer."""

        def __init__(self):
            self.half = Linear(2, 3)

        def forward(self, x):  # x (4, N)
            return self.half(x[:2]) + self.half(x[2:])

    pairs, x = Pairs().initialise(0), draw((5, 4)).float()
    expected = pairs.half(x[:, :2]).data + pairs.half(x[:, 2:]).data
    torch.testing.assert_close(pairs(x).data, expected)
    network = Sequential(Conv2d(1, 4, 2), Spy()).initialise(0)
    assert network(torch.ones(5, 1, 2, 2))["same"].shape == (5, 4, 1, 1)
