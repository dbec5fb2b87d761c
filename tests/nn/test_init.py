"""Initialisations: the same numbers as torch.nn.init from the same generator."""

import math

import pytest
import torch

from bakeoff import nn
from bakeoff.errors import ArgumentError, ShapeError
from bakeoff.nn import init

RIVALS = {
    "default": lambda w, g: torch.nn.init.kaiming_uniform_(w, a=math.sqrt(5), generator=g),
    "xavier_uniform": lambda w, g: torch.nn.init.xavier_uniform_(w, generator=g),
    "xavier_normal": lambda w, g: torch.nn.init.xavier_normal_(w, generator=g),
    "kaiming_uniform": lambda w, g: torch.nn.init.kaiming_uniform_(
        w, nonlinearity="relu", generator=g
    ),
    "kaiming_normal": lambda w, g: torch.nn.init.kaiming_normal_(
        w, nonlinearity="relu", generator=g
    ),
}
RIVALS |= {f"he_{kind}": RIVALS[f"kaiming_{kind}"] for kind in ("uniform", "normal")}


def generator():
    return torch.Generator().manual_seed(11)


def test_every_initialiser_has_a_rival():
    assert RIVALS.keys() == init.INITIALISERS.keys()


@pytest.mark.parametrize("name", RIVALS)
@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2, 5), (1, 1)])
def test_the_numbers_are_pytorchs(name, shape):
    ours, theirs = (torch.empty(shape, dtype=torch.float64) for _ in range(2))
    init.by_name(name)(ours, generator())
    RIVALS[name](theirs, generator())
    torch.testing.assert_close(ours, theirs, rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", RIVALS)
def test_layers_start_as_they_are_told(name):
    layer = nn.Conv2d(2, 3, 5, init=name, generator=generator())
    theirs = torch.empty(3, 2, 5, 5)
    RIVALS[name](theirs, generator())
    torch.testing.assert_close(layer.weight.data, theirs, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda g: nn.Linear(7, 3, generator=g), lambda: torch.nn.Linear(7, 3)),
        (lambda g: nn.Conv2d(3, 2, (2, 3), generator=g), lambda: torch.nn.Conv2d(3, 2, (2, 3))),
    ],
)
def test_a_layer_starts_as_pytorchs_from_the_same_seed(ours, theirs):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        expected = theirs().state_dict()
    for name, value in ours(generator()).state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-6, atol=0, msg=name)


def test_a_function_is_an_initialiser_too():
    layer = nn.Linear(2, 3, init=init.ones, generator=generator())
    assert torch.equal(layer.weight.data, torch.ones(3, 2))


def test_what_is_none_is_refused():
    with pytest.raises(ArgumentError, match=r"got init='he_norml', expected one of .*he_normal"):
        nn.Linear(2, 3, init="he_norml")
    with pytest.raises(ShapeError, match=r"init: got a weight of shape \(3,\), expected \(out, in"):
        init.fans(torch.Size([3]))
