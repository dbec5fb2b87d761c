"""Modules: names, modes, states, dtypes and copies."""

import copy
from collections import deque

import pytest
import torch

import bakeoff.nn as layers
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn import BatchNorm1d, Dropout, Linear, Module, Sequential, count_parameters
from bakeoff.optim import SGD
from nn.arrays import draw


class Branches(Module):
    """Modules as attributes, in a list, a tuple and a dict; one of them twice."""

    def __init__(self):
        self.first = Linear(2, 2)
        self.many = [Linear(2, 2, bias=False), "no module"]
        self.pair = (Linear(2, 2, bias=False),)
        self.named = {"left": Linear(2, 2, bias=False)}
        self.again = self.first


def network():
    layers = Linear(3, 4), BatchNorm1d(4), Dropout(0.3), Linear(4, 2)
    return Sequential(*layers).initialise(seed=2)


def test_parameters_are_found_wherever_modules_stand_each_once():
    names = [name for name, _ in Branches().named_parameters()]
    assert names == [
        "first.weight",
        "first.bias",
        "many.0.weight",
        "pair.0.weight",
        "named.left.weight",
    ]
    assert count_parameters(Branches()) == 4 + 2 + 4 + 4 + 4


def test_a_tied_parameter_is_one_parameter():
    tied = Sequential(Linear(2, 2), Linear(2, 2))
    tied[1].weight = tied[0].weight
    assert [name for name, _ in tied.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    optimizer = SGD(tied.initialise(0).parameters(), lr=0.1)
    tied(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert tied[1].weight.data is tied[0].weight.data


def test_modes_reach_every_module():
    tree = network()
    assert tree.eval() is tree
    assert not any(module.training for _, module in tree.named_modules())
    assert all(module.training for _, module in tree.train().named_modules())


def test_a_state_goes_to_another_network_and_to_pytorch_and_back():
    ours = network()
    ours(torch.randn(5, 3, generator=torch.Generator().manual_seed(0)))
    other = network().initialise(seed=9)
    other.load_state_dict(ours.state_dict())
    with torch.random.fork_rng(devices=[]):
        layers = torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.3)
        theirs = torch.nn.Sequential(*layers, torch.nn.Linear(4, 2))
    theirs.load_state_dict(ours.state_dict())
    back = network().initialise(seed=9)
    back.load_state_dict(theirs.state_dict())
    for name, value in ours.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
        assert torch.equal(value, back.state_dict()[name]), name


def test_pytorchs_parameters_load_without_their_autograd():
    with torch.random.fork_rng(devices=[]):
        theirs = torch.nn.Linear(3, 4).double()
    ours = Linear(3, 4)
    with torch.enable_grad():
        ours.load_state_dict(dict(theirs.named_parameters()))
    assert not ours.weight.data.requires_grad
    assert ours.weight.dtype == torch.float32
    assert torch.equal(ours.weight.data, theirs.weight.detach().float())


def test_a_state_is_a_copy():
    ours = network()
    state = ours.state_dict()
    state["0.weight"].fill_(7.0)
    assert not bool((ours[0].weight.data == 7.0).any())


def test_a_loaded_network_needs_no_draw():
    fresh = Sequential(Linear(3, 4))
    fresh.load_state_dict({"0.weight": torch.ones(4, 3), "0.bias": torch.zeros(4)})
    assert fresh(torch.ones(1, 3)).data.tolist() == [[3.0] * 4]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (
            {"0.weight": None},
            ArgumentError,
            r"missing \['0.weight'\], unknown \[\]; the state must",
        ),
        (
            {"0.wieght": torch.ones(4, 3), "0.weight": None},
            ArgumentError,
            r"missing \['0.weight'\], unknown \['0.wieght'\] \(did you mean '0.weight'\?\)",
        ),
        (
            {"3.bias": torch.ones(3)},
            ShapeError,
            r"3.bias: got shape \(3,\), expected \(2,\); the state must come from a network",
        ),
        ({"3.bias": [1.0, 2.0]}, DTypeError, r"3.bias: got list, expected a torch tensor"),
        ({"3.bias": torch.ones(2) * 1j}, DTypeError, r"3.bias: got torch.complex64, expected a"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, words):
    ours = network()
    before = ours.state_dict()
    state = {name: torch.zeros_like(value) for name, value in before.items()} | change
    state = {name: value for name, value in state.items() if value is not None}
    with pytest.raises(error, match=r"Sequential.load_state_dict: " + words):
        ours.load_state_dict(state)
    assert all(torch.equal(v, before[name]) for name, v in ours.state_dict().items())


# ---- dtypes ---------------------------------------------------------------------------------


def test_a_network_changes_its_dtype_but_not_what_it_counts():
    ours = network()
    (ours(torch.ones(5, 3)) ** 2).sum().backward()
    before = ours.state_dict()
    assert ours.double() is ours
    for name, value in ours.state_dict().items():
        counted = name.endswith("num_batches_tracked")
        assert value.dtype == (torch.int64 if counted else torch.float64), name
        assert torch.equal(value, before[name].to(value.dtype))
    assert all(parameter.grad is None for parameter in ours.parameters())
    assert ours(draw((5, 3))).dtype == torch.float64
    assert ours.float()(torch.ones(5, 3)).dtype == torch.float32
    assert ours.to(torch.float16)[0].weight.dtype == torch.float16


def test_the_same_dtype_leaves_an_optimiser_its_parameters():
    ours = network()
    optimizer = SGD(ours.parameters(), lr=0.1)
    (ours(torch.ones(5, 3)) ** 2).sum().backward()
    before = ours[0].weight.data.clone()
    ours.float()
    optimizer.step()
    assert not torch.equal(ours[0].weight.data, before)


@pytest.mark.parametrize("dtype", [torch.int64, "float64", float])
def test_another_kind_of_dtype_is_refused(dtype):
    with pytest.raises(DTypeError, match=r"Sequential.to: got .*expected a floating-point dtype"):
        network().to(dtype)


# ---- copies ---------------------------------------------------------------------------------


def test_a_deep_copy_shares_nothing_and_behaves_the_same():
    ours = network()
    SGD(ours.parameters())  # its parameters are now views of one block of memory
    other = copy.deepcopy(ours)
    x = torch.ones(5, 3)
    assert torch.equal(ours(x).data, other(x).data)
    before = other.state_dict()
    for parameter in ours.parameters():
        parameter.data.fill_(5.0)
    ours[1].running_mean.data.fill_(5.0)
    assert all(torch.equal(v, before[name]) for name, v in other.state_dict().items())
    other.initialise(seed=2)
    fresh = network().state_dict()
    assert all(torch.equal(v, fresh[name]) for name, v in other.state_dict().items())


def test_a_shallow_copy_of_what_a_module_holds_is_whole():
    ours = network()
    weight, mean = copy.copy(ours[0].weight), copy.copy(ours[1].running_mean)
    assert weight.data is ours[0].weight.data
    assert weight.ready
    assert weight.initialise is ours[0].weight.initialise
    mean.reset()
    assert mean.tolist() == [0.0] * 4


def test_a_forward_that_returns_no_tensor_is_told():
    class Twins(Module):
        def forward(self, x):
            return x, x

    with pytest.raises(DTypeError, match="forward returned tuple, expected a Tensor, or a mapping"):
        Twins()(torch.ones(2, 2))


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Branches has no forward"):
        Branches().initialise(0)(torch.ones(1, 2))


class Nested(layers.Module):
    """Layers and parameters in containers within containers."""

    def __init__(self):
        self.stages = {
            "a": [layers.Linear(3, 3), layers.Dropout(0.5)],
            "b": ({"c": layers.BatchNorm1d(3)},),
        }
        self.scales = [
            layers.Parameter((1,), layers.init.ones),
            [layers.Parameter((1,), layers.init.ones)],
        ]
        self.other = [[1, "two"], {}]

    def forward(self, x):
        x = self.stages["a"][1](self.stages["a"][0](x))
        return self.stages["b"][0]["c"](x) * self.scales[0] * self.scales[1][0]


def test_what_stands_in_nested_containers_is_trained_saved_and_switched():
    network = Nested().initialise(seed=0)
    assert [name for name, _ in network.named_parameters()] == [
        "scales.0",
        "scales.1.0",
        "stages.a.0.weight",
        "stages.a.0.bias",
        "stages.b.0.c.weight",
        "stages.b.0.c.bias",
    ]
    assert "stages.b.0.c.running_mean" in network.state_dict()
    assert not network.eval().stages["a"][1].training
    assert {p.dtype for p in network.double().parameters()} == {torch.float64}
    network.train()(torch.ones(4, 3, dtype=torch.float64)).sum().backward()
    assert all(p.grad is not None for p in network.parameters())
    assert [name for name, _ in network.named_streams()] == ["stages.a.1.0"]
    several = layers.lockstep(Nested(), 2).initialise(seed=0)
    assert several.scales[1][0].shape == (2, 1)
    assert [name for name, _ in several.named_streams()] == ["stages.a.1.0", "stages.a.1.1"]


class Stack(Module):
    """A network in a container that the user chooses."""

    def __init__(self, kind):
        self.linear = Linear(2, 2)
        self.stages = kind([self.linear, Dropout(), Linear(2, 2, bias=False)])

    def forward(self, x):
        return x


def test_a_container_that_holds_itself_is_entered_once():
    stack = Stack(list)
    stack.stages.append(stack.stages)
    stack.stages.append({"again": stack.stages})
    assert [name for name, _ in stack.named_parameters()] == [
        "linear.weight",
        "linear.bias",
        "stages.2.weight",
    ]
    assert stack.initialise(0)(torch.ones(1, 2)).shape == (1, 2)


def test_modules_in_a_deque_are_found_and_in_a_set_refused():
    assert "stages.2.weight" in Stack(deque).state_dict()
    for kind in (set, frozenset, lambda parts: dict(enumerate(parts)).values()):
        with pytest.raises(ArgumentError, match=r"stages: got modules or parameters in a .*, exp"):
            Stack(kind).initialise(0)
    assert Stack(lambda parts: {"names", "of", "parts"}).initialise(0).stages


class Wide(Module):
    """A forward written for samples first."""

    def __init__(self, inner):
        self.inner = inner

    def forward(self, x):
        return self.inner(x) * torch.ones(3)


def test_a_forward_written_for_samples_first_is_named_with_the_batchs_place():
    network = Sequential(Wide(Wide(layers.Identity())), Linear(3, 1)).initialise(0)
    with pytest.raises(ShapeError, match=r"^Wide: mul: got .* \(the batch is the last axis of"):
        network(torch.ones(5, 3))
    with pytest.raises(ShapeError, match=r"^Linear\(3, 1, bias=True\): got a batch of shape"):
        Wide(Linear(3, 1)).initialise(0)(torch.ones(5, 4))
