"""Small steps that the tests of plans capture."""

from contextlib import contextmanager

import torch

from bakeoff.autodiff import Tensor
from bakeoff.nn import BatchNorm1d, Dropout, Linear, MSELoss, ReLU, Sequential
from bakeoff.optim import SGD


def draw(*shape, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


def leaf(*shape, seed=0):
    return Tensor(draw(*shape, seed=seed), requires_grad=True)


class Training:
    """A network with an optimiser, and `step`, which trains on a batch x (N, 3), y (N, 2)."""

    def __init__(self, *layers, seed=3, make=SGD, **arguments):
        layers = layers or (Linear(3, 5), ReLU(), Linear(5, 2))
        self.network = Sequential(*layers).initialise(seed)
        self.optimizer = make(self.network.parameters(), **({"lr": 0.1} | arguments))
        self.loss = MSELoss()

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.network(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

    def step_and_forget(self, x, y):
        """A step that leaves no gradients."""
        self.loss(self.network(x), y).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def state(self):
        """Everything that training changes."""
        return [
            *self.network.state_dict().values(),
            *self.optimizer.state_dict().values(),
            *(generator.get_state() for _, generator in self.network.named_streams()),
        ]


def everything():
    """Layers with parameters, running statistics and a random stream."""
    return Linear(3, 6), BatchNorm1d(6), ReLU(), Dropout(0.3), Linear(6, 2)


def batch(seed=0, n=4):
    return draw(n, 3, seed=seed), draw(n, 2, seed=seed + 1000)


def assert_same(got, expected):
    """Assert that two lists of arrays are the same to the bit."""
    assert len(got) == len(expected)
    for i, (a, b) in enumerate(zip(got, expected, strict=True)):
        assert a.dtype == b.dtype
        assert torch.equal(a, b), f"array {i}"


@contextmanager
def unchanged(training):
    """Assert that a block leaves a training as it was, and no gradient behind."""
    before = training.state()
    yield
    assert_same(training.state(), before)
    assert all(p.grad is None for p in training.network.parameters())
