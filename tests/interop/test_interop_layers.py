from __future__ import annotations

import json
import sys
import types

import pytest
import torch

from bakeoff import nn
from bakeoff.errors import ModelFileError
from bakeoff.interop.layers import LAYERS, build, describe
from bakeoff.nn import Linear, Module, Sequential, Tanh


class Scale(Module):
    """A layer that is not bakeoff's and keeps its arguments."""

    def __init__(self, factor: float = 2.0, shape: tuple[int, ...] = (1,)):
        self.factor, self.shape = factor, shape

    def forward(self, x):
        return x * self.factor


class Forgetful(Module):
    def __init__(self, factor):
        self.other = factor


class Numb(Module):
    def __init__(self, function=abs):
        self.function = function


class Power:
    """The function of an activation, with nothing of bakeoff's in it."""

    def __init__(self, exponent=2):
        self.exponent = exponent

    def evaluation(self, x):
        return x**self.exponent

    def derivative(self, x):
        return self.exponent * x ** (self.exponent - 1)


class Grown(Module):
    def __init__(self):
        self.inner = Sequential()


def through_json(network):
    """Describe a network, write that as JSON, read it and build it again."""
    return build(json.loads(json.dumps(describe(network))))


def shapes(network):
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def arguments_for(kind):
    """Return arguments that make a layer of any kind, none of them the default."""
    samples = {
        "Activation": {"function": Power(3)},
        "Dropout": {"p": 0.1},
        "Embedding": {"num_embeddings": 3, "embedding_dim": 2, "padding_idx": -1},
        "GroupNorm": {"num_groups": 2, "num_channels": 4, "affine": False},
        "LayerNorm": {"normalized_shape": (2, 3), "bias": False},
        "LocalResponseNorm": {"size": 3, "beta": 0.5},
        "RMSNorm": {"normalized_shape": 3, "eps": 0.1, "elementwise_affine": False},
        "Softmin": {"dim": 1},
        "Threshold": {"threshold": 0.5, "value": -1},
        "LeakyReLU": {"negative_slope": 0.3},
        "LogSoftmax": {"dim": -1},
        "Softmax": {"dim": 1},
    }
    if kind.__name__ in samples:
        return samples[kind.__name__]
    if kind.__name__ == "Linear":
        return {"in_features": 2, "out_features": 3, "bias": False}
    if kind.__name__ == "Conv2d":
        return {
            "in_channels": 2,
            "out_channels": 3,
            "kernel_size": (3, 2),
            "stride": 2,
            "padding": (1, 0),
            "bias": False,
        }
    if kind.__name__.endswith("Pool2d"):
        return {"kernel_size": 3, "stride": (1, 2)}
    if kind.__name__.startswith(("BatchNorm", "InstanceNorm")):
        return {"num_features": 4, "eps": 0.1, "momentum": 0.3, "affine": False}
    return {}


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_every_layer_of_ours_is_made_again(name):
    layer = LAYERS[name](**arguments_for(LAYERS[name]))
    again = through_json(layer)
    assert type(again) is type(layer)
    assert repr(again) == repr(layer)
    assert shapes(again) == shapes(layer)


def test_the_registry_holds_the_layers_and_no_losses():
    assert {"Linear", "Conv2d", "MaxPool2d", "ReLU", "Identity", "Sequential"} <= LAYERS.keys()
    assert not {"Module", "Loss", "MSELoss", "Parameter"} & LAYERS.keys()
    assert all(getattr(nn, name) is kind for name, kind in LAYERS.items())


def test_a_description_reads_well():
    network = Sequential(Linear(2, 25), Sequential(Tanh(), Linear(25, 1, bias=False)))
    assert describe(network) == {
        "class": "Sequential",
        "layers": [
            {"class": "Linear", "arguments": {"in_features": 2, "out_features": 25, "bias": True}},
            {
                "class": "Sequential",
                "layers": [
                    {"class": "Tanh"},
                    {
                        "class": "Linear",
                        "arguments": {"in_features": 25, "out_features": 1, "bias": False},
                    },
                ],
            },
        ],
    }


def test_a_shared_layer_stays_shared():
    shared = Linear(3, 3)
    network = Sequential(shared, Sequential(Tanh(), shared), shared)
    again = through_json(network)
    assert again[0] is again[1][1] is again[2]
    assert again[1][0] is not again[0]
    assert shapes(again) == shapes(network)


def test_a_layer_that_is_not_ours():
    again = through_json(Sequential(Scale(0.5, shape=(2, 3))))
    assert type(again[0]) is Scale
    assert (again[0].factor, again[0].shape) == (0.5, (2, 3))


def test_a_function_of_an_activation():
    again = through_json(Sequential(Linear(2, 2), Power(3)))
    assert type(again[1].function) is Power
    assert again[1].function.exponent == 3
    with pytest.raises(ModelFileError, match="is a Power, expected a layer"):
        build({"class": f"{__name__}:Power"})


def test_nothing_is_imported_to_find_a_class():
    name = "wave"  # of the standard library, and imported by nobody here
    assert name not in sys.modules
    with pytest.raises(ModelFileError, match=r"neither one of bakeoff's layers nor imported.*wave"):
        build({"class": f"{name}:Wave_read"})
    assert name not in sys.modules


@pytest.fixture
def lazy_module(monkeypatch):
    module = types.ModuleType("lazy_module")
    module.__getattr__ = lambda name: pytest.fail("a module's code ran")
    module.number = 3
    module.Alias = Linear
    module.join = "".join
    monkeypatch.setitem(sys.modules, "lazy_module", module)


@pytest.mark.parametrize(
    "name",
    [
        "lazy_module:Missing",
        "lazy_module:number",
        "lazy_module:number.real",
        "lazy_module:Alias",
        "lazy_module:Alias.forward",
        "lazy_module:join",
        "lazy_module:",
        "lazy_module",
        "os:system",
        "builtins:eval",
        "bakeoff.nn.module:Parameter",
        "bakeoff.nn:Linear",
        ":Linear",
        ":",
        "",
        "Module",
        "MSELoss",
    ],
)
@pytest.mark.usefixtures("lazy_module")
def test_only_layer_classes_under_their_own_names_are_found(name):
    with pytest.raises(ModelFileError, match="neither one of bakeoff's layers nor imported"):
        build({"class": name})


def test_a_misspelt_class_names_the_nearest():
    with pytest.raises(ModelFileError, match=r"did you mean 'Linear'\?"):
        build({"class": "Linaer"})


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (None, "layer '': is not a class and its arguments"),
        ([], "is not a class"),
        ({}, "is not a class"),
        ({"class": 3}, "is not a class"),
        ({"class": "Tanh", "more": 1}, "is not a class"),
        ({"class": "Tanh", "arguments": []}, "is not a class"),
        ({"class": "Sequential", "layers": {}}, "is not a class"),
        ({"class": "Sequential", "layers": [{"class": "Tanh"}, 1]}, "layer '1': is not a class"),
        ({"class": "Sequential", "layers": [{"same": "1"}]}, "layer '0': is the same as '1'"),
        ({"class": "Sequential", "layers": [{"same": ""}]}, "layer '0': is the same as ''"),
        ({"class": "Tanh", "arguments": {"x": 1}}, "Tanh: got an unexpected keyword argument 'x'"),
        (
            {"class": "Linear", "arguments": {"in_features": 2}},
            "missing a required argument: 'out_f",
        ),
        (
            {"class": "Linear", "arguments": {"in_features": 0, "out_features": 1}},
            "layer '': Linear: got in_features=0, expected a whole number of at least 1",
        ),
        (
            {"class": "Linear", "arguments": {"in_features": "2", "out_features": 1}},
            "layer '': Linear: got in_features='2', expected a whole number of at least 1",
        ),
        (
            {"class": "Linear", "arguments": {"in_features": 10**15, "out_features": 10**15}},
            "cannot be made",
        ),
    ],
)
def test_anything_else_is_refused(description, words):
    with pytest.raises(ModelFileError, match=words) as told:
        build(description)
    assert "\n" not in str(told.value)


def test_a_layer_that_could_not_be_made_again_is_refused_at_the_save():
    class Local(Module):
        pass

    with pytest.raises(ModelFileError, match=r"layer '1': .*Local cannot be found by that name"):
        describe(Sequential(Tanh(), Local()))
    with pytest.raises(ModelFileError, match="does not keep its argument 'factor'"):
        describe(Forgetful(3))
    with pytest.raises(ModelFileError, match="Numb has function=<built-in function abs>, expected"):
        describe(Numb())
    with pytest.raises(ModelFileError, match=r"Scale has factor=nan"):
        describe(Scale(float("nan")))
    grown = Grown()
    grown.inner.add(Linear(2, 2, generator=torch.Generator()))
    with pytest.raises(ModelFileError, match="it has other parameters"):
        describe(grown)
