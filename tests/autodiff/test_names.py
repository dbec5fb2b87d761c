"""Names: the places that a function's code looks at, and none besides."""

import math
from types import SimpleNamespace

import pytest
import torch

from bakeoff.autodiff import concat
from bakeoff.autodiff.names import MISSING, Place, is_library, places
from bakeoff.nn import Linear, ReLU, Sequential

SCALE = 2.0
UNUSED = 3.0


def labels(function):
    return sorted({place.label for place in places(function)})


def test_a_closure_a_global_and_their_attributes():
    config = SimpleNamespace(inner=SimpleNamespace(k=1), unused=2)

    def step(x):
        return x * config.inner.k * SCALE

    assert labels(step) == ["SCALE", "config", "config.inner", "config.inner.k"]
    values = {place.label: place.value() for place in places(step)}
    assert values["config.inner.k"] == 1
    assert values["SCALE"] == 2.0


def test_locals_arguments_and_unused_names_are_no_places():
    def step(x, SCALE=1.0):
        UNUSED = x.shape
        return UNUSED, SCALE, x.data.numel(), len(UNUSED)

    assert labels(step) == []


def test_code_inside_code_is_read():
    k = SimpleNamespace(a=1, b=2, c=3)

    def step(x):
        inner = lambda: k.b  # noqa: E731 - a lambda is what is to be read
        return [i * k.a for i in x], inner(), {j: (j, k.c) for j in x}

    assert labels(step) == ["k", "k.a", "k.b", "k.c"]


def test_functions_are_followed_once_each():
    def even(x):
        return odd(x - SCALE) if x else x

    def odd(x):
        return even(x - 1)

    assert labels(even) == ["SCALE", "even", "odd"]


def test_the_librarys_functions_are_not_followed():
    def step(x):
        return concat(torch.ones(2), math.sqrt(x), max(x, 1))

    assert labels(step) == ["concat"]


class Layer:
    kind = "class's"

    def __init__(self):
        self.gain = 1.0
        self._secret = 2.0
        self.table = [1.0]

    @property
    def secret(self):
        return self._secret

    @staticmethod
    def nothing():
        return 0.0

    def helper(self):
        return self.table

    def forward(self, x):
        self.count += 1
        self.last = x
        return self.gain * self.secret * self.helper()[0] * self.nothing() * len(self.kind)


def test_self_is_followed_through_methods_and_properties():
    layer = Layer()
    found = {place.label: place.value() for place in places(layer.forward)}
    assert found == {
        "Layer.gain": 1.0,
        "Layer._secret": 2.0,
        "Layer.table": [1.0],
        "Layer.kind": "class's",
        "Layer.helper": Layer.helper,
        "Layer.count": MISSING,
        "Layer.last": MISSING,
    }


def test_our_own_layers_are_looked_into():
    assert {"Linear.weight", "Linear.bias", "Linear.in_features"} <= set(
        labels(Linear(2, 3).forward)
    )
    assert "Sequential.layers" in labels(Sequential(ReLU()).forward)


def test_names_stored_to_are_places():
    last = None

    def step(x):
        nonlocal last
        global UNUSED  # noqa: PLW0603 - what is tested
        last = UNUSED = x
        return x

    step(3.0)
    assert labels(step) == ["UNUSED", "last"]


def test_what_has_no_python_code_looks_at_nothing():
    assert labels(len) == labels(torch.add) == labels(object()) == []


def test_a_place_is_empty_until_it_has_a_value():
    def step(x):
        return x * later

    assert [place.value() for place in places(step)] == [MISSING]
    later = 2.0
    assert [place.value() for place in places(step)] == [2.0]
    assert Place({}, "x", "x").value() is MISSING
    assert repr(MISSING) == "nothing"


@pytest.mark.parametrize(
    ("value", "library"),
    [(torch, True), (math, True), (Linear, True), (concat, True), (Layer, False), (labels, False)],
)
def test_what_is_the_librarys(value, library):
    assert is_library(value) == library
