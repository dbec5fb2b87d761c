"""What from_torch and to_torch cannot carry over is refused in one sentence that names it."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from bakeoff import nn as ours
from bakeoff.autodiff import Tensor, gather
from bakeoff.errors import ArgumentError, BakeoffError, InteropError, ShapeError
from bakeoff.interop import from_torch, to_torch


class Forward(nn.Module):
    """A module with one linear layer and a given forward."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.linear = nn.Linear(4, 4)
        for name, part in parts.items():
            setattr(self, name, part)
        self.given = forward

    def forward(self, x):
        return self.given(self, x)


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return x + y


def tied():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    return nn.Sequential(first, second)


def frozen():
    layer = nn.Linear(4, 4)
    layer.weight.requires_grad_(False)
    return layer


def hooked():
    layer = nn.Linear(4, 4)
    layer.register_forward_hook(lambda module, inputs, output: output * 2)
    return layer


def in_place(self, x):
    y = self.linear(x)
    return torch.relu(y.add(0)) + self.relu(y) + y


def grows(self, x):
    y = self.linear(x)
    z = y
    y += x
    return y * z


REFUSED = {
    "GRU": (nn.GRU(4, 4), "layer '': bakeoff has no GRU"),
    "RReLU": (nn.Sequential(nn.Linear(4, 4), nn.RReLU()), "layer '1': bakeoff has no RReLU"),
    "near": (nn.Bilinear(4, 4, 1), "has no Bilinear .did you mean 'Linear'.."),
    "groups": (nn.Conv2d(2, 2, 1, groups=2), "Conv2d: got groups=2, expected 1"),
    "dilation": (nn.Conv2d(1, 1, 2, dilation=2), r"Conv2d: got dilation=\(2, 2\), expected 1"),
    "same": (nn.Conv2d(1, 1, 3, padding="same"), "Conv2d: got padding='same', expected"),
    "reflect": (nn.Conv2d(1, 1, 3, padding_mode="reflect"), "got padding_mode='reflect'"),
    "ceil_mode": (nn.MaxPool2d(2, ceil_mode=True), "got ceil_mode=True, expected False"),
    "count": (nn.AvgPool2d(2, count_include_pad=False), "got count_include_pad=False"),
    "max_norm": (nn.Embedding(4, 4, max_norm=1.0), "Embedding: got max_norm=1.0, expected None"),
    "flatten all": (nn.Flatten(0), "got start_dim=0, which would mix the samples"),
    "softmax": (nn.Softmax(), "Softmax: got no dim, expected one"),
    "weight norm": (parametrizations.weight_norm(nn.Linear(4, 4)), "Parametrized"),
    "tied": (tied(), "parameter '1.weight': is '0.weight' too"),
    "frozen": (frozen(), "parameter 'weight': has requires_grad=False"),
    "hooked": (hooked(), "layer '': has hooks"),
    "function": (
        Forward(lambda self, x: functional.normalize(self.linear(x))),
        "the forward calls normalize, which bakeoff does not have",
    ),
    "method": (
        Forward(lambda self, x: self.linear(x).cumsum(1)),
        "the forward calls cumsum, which bakeoff does not have",
    ),
    "branch": (
        Forward(lambda self, x: self.linear(x) if x.sum() > 0 else x),
        "the forward of Forward cannot be read without running it",
    ),
    "mode": (
        Forward(lambda self, x: self.linear(x) * (2 if self.training else 1)),
        "does not do the same in training and in evaluation",
    ),
    "dropout": (
        Forward(lambda self, x: functional.dropout(x, training=self.training)),
        "expected layers such as torch.nn.Dropout",
    ),
    "two inputs": (TwoInputs(), "the forward of TwoInputs takes not one input"),
    "in place": (
        Forward(in_place, relu=nn.ReLU(inplace=True)),
        "layer 'relu': ReLU has inplace=True on what others may read",
    ),
    "grows": (Forward(grows), "the forward calls iadd in place, on what others may read"),
    "number times parameter": (
        Forward(
            lambda self, x: self.linear(x) * (self.weight * 2), weight=nn.Parameter(torch.ones(4))
        ),
        "the forward calls mul on a parameter, expected .* between it and the batch",
    ),
    "pool": (
        Forward(lambda self, x: functional.max_pool2d(x, 2, ceil_mode=True)),
        "the forward calls max_pool2d: MaxPool2d: got ceil_mode=True",
    ),
    "dtype": (
        Forward(lambda self, x: self.linear(x).view(torch.int32)),
        "the forward calls view: got another dtype",
    ),
    "parameter": (
        Forward(lambda self, x: self.linear(x) @ self.weight, weight=nn.Parameter(torch.eye(4))),
        "the forward calls matmul, which bakeoff does not have",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_bakeoff_does_not_have_is_named(name):
    module, words = REFUSED[name]
    before = {part: part.training for part in module.modules()}
    with pytest.raises(InteropError, match=words) as raised:
        from_torch(module)
    assert str(raised.value).startswith("from_torch: ")
    assert "\n" not in str(raised.value)
    assert {part: part.training for part in module.modules()} == before


class Odd(ours.Module):
    """A network of ours with a given forward."""

    def __init__(self, forward):
        self.linear, self.given = ours.Linear(4, 4), forward

    def forward(self, x):
        return self.given(self, x)


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (
            lambda self, x: self.linear(x) * (1.0 / x.shape[-1]),
            r"depend on the number of samples \(with 3 and 5 of them: 0.33\d* and 0.2\), expected",
        ),
        (
            lambda self, x: sum([x] * x.shape[-1], start=self.linear(x)),
            r"samples \(with 3 and 5 of them: 4 and 6 operations or values\), expected the same",
        ),
        (
            lambda self, x: self.linear(x) * Tensor(torch.ones(4)),
            r"^Odd: mul: got \(4, 3\) .* last",
        ),
        (lambda self, x: self.linear(x).detach(), "does not follow from its input"),
        (lambda self, x: (self.linear(x), x), "Odd: gives a tuple, expected a tensor or a mapping"),
        (lambda self, x: self.linear(x) * (x > 0), "an array that it makes of the batch"),
        (
            lambda self, x: self.linear(x) * float(x.data.mean() > 10.0),
            "depends on the batch in a way",
        ),
        *(
            (lambda self, x, sign=sign: _gate(self.linear(x), sign * x.data), "the batch in a way")
            for sign in (1.0, -1.0)
        ),
        (lambda self, x: gather(self.linear(x), 0, ZEROS), "operation 'gather' has no"),
    ],
)
def test_a_network_of_ours_that_cannot_be_written_down_is_named(forward, words):
    network = Odd(forward).initialise(0)
    example = torch.full((2, 4), 20.0) if "way" in words else torch.ones(2, 4)
    with pytest.raises(ShapeError if "last" in words else InteropError, match=words):
        to_torch(network, example)


def _gate(x, values):
    return x.tanh() if values.mean() > 0 else x.relu()


ZEROS = torch.zeros(1, 3, dtype=torch.int64)


def test_a_network_that_is_not_ready_is_refused():
    linear = ours.Linear(2, 2)
    with pytest.raises(ArgumentError, match="parameter 'weight' was never drawn"):
        to_torch(linear)
    with pytest.raises(ArgumentError, match="got 3 rounds in lockstep"):
        to_torch(ours.lockstep(linear, 3).initialise(0))
    with pytest.raises(ArgumentError, match="expected example=, a batch that fits"):
        to_torch(Odd(lambda self, x: x).initialise(0))
    assert issubclass(InteropError, BakeoffError)
