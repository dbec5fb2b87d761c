"""Constructors under PyTorch's names: same arguments at the same places, with the same defaults."""

from __future__ import annotations

import contextlib
import inspect
import math

import pytest
import torch

from bakeoff import nn, optim
from bakeoff.errors import ArgumentError, BakeoffError

OWN = {"init", "generator"}
"""Keyword arguments of ours that PyTorch has not."""
NOT_THEIRS = {"Buffer", "Module", "Parameter", "LRScheduler", "Optimizer"}
"""Base classes and tensors, which no user makes as PyTorch's."""
DTYPES = {"device", "dtype"}


def shared():
    for room, theirs in ((nn, [torch.nn]), (optim, [torch.optim, torch.optim.lr_scheduler])):
        for name in room.__all__:
            for place in theirs:
                if inspect.isclass(getattr(room, name)) and hasattr(place, name):
                    yield name, getattr(room, name), getattr(place, name)


CLASSES = {name: pair for name, *pair in shared() if name not in NOT_THEIRS}


def arguments(kind, *kinds):
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return [p for p in parameters if p.kind in kinds]


@pytest.mark.parametrize("name", CLASSES)
def test_positional_arguments_stand_where_pytorchs_do(name):
    ours, theirs = CLASSES[name]
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    mine, others = arguments(ours, positional), arguments(theirs, positional)
    assert len(mine) <= len(others)
    for a, b in zip(mine, others, strict=False):
        assert (a.name, a.default) == (b.name, b.default)


@pytest.mark.parametrize("name", CLASSES)
def test_keyword_arguments_mean_what_pytorchs_do(name):
    ours, theirs = CLASSES[name]
    known = inspect.signature(theirs.__init__).parameters
    for a in arguments(ours, inspect.Parameter.KEYWORD_ONLY):
        if a.name not in OWN and a.name != "bias":  # of BatchNorm: PyTorch's since 2.13
            assert a.default == known[a.name].default


def needed_of(kind):
    """The arguments without which a constructor cannot be tried, by name."""
    needed = {"in_features": 2, "out_features": 2, "in_channels": 1, "out_channels": 1}
    needed |= {"kernel_size": 2, "num_features": 2, "dim": 1, "step_size": 2, "T_max": 2}
    needed |= {"max_lr": 0.1, "total_steps": 2, "params": nn.Linear(1, 1).parameters()}
    needed["optimizer"] = optim.SGD(nn.Linear(1, 1).parameters())
    needed |= {"num_embeddings": 2, "embedding_dim": 2, "num_groups": 1, "num_channels": 2}
    needed |= {"normalized_shape": 2, "size": 2, "threshold": 0.0, "value": 0.0}
    needed |= {"shape": (2,), "initialise": nn.init.default_, "start": 0.0}
    return {k: v for k, v in needed.items() if k in inspect.signature(kind.__init__).parameters}


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_not_offered_is_refused_in_a_sentence(name):
    ours, theirs = CLASSES[name]
    given = needed_of(ours)
    mine = inspect.signature(ours.__init__).parameters
    for argument in inspect.signature(theirs.__init__).parameters.values():
        if argument.name in {"self", "args", "kwargs"} | mine.keys():
            continue
        with pytest.raises(ArgumentError, match=f"{name}: .*{argument.name}"):
            ours(**given, **{argument.name: object()})


NO_EFFECT = [
    (nn.ReLU, {"inplace": True}),
    (nn.LeakyReLU, {"inplace": True}),
    (nn.Dropout, {"inplace": True}),
    (nn.MaxPool2d, {"kernel_size": 2, "ceil_mode": True}),
    (nn.MaxPool2d, {"kernel_size": 2, "dilation": 2}),
    (nn.MaxPool2d, {"kernel_size": 2, "return_indices": True}),
    (nn.AvgPool2d, {"kernel_size": 2, "count_include_pad": False}),
    (nn.AvgPool2d, {"kernel_size": 2, "divisor_override": 3}),
    (nn.Conv2d, {"in_channels": 2, "out_channels": 2, "kernel_size": 1, "groups": 2}),
    (nn.Conv2d, {"in_channels": 2, "out_channels": 2, "kernel_size": 1, "dilation": 2}),
    (nn.Conv2d, {"in_channels": 2, "out_channels": 2, "kernel_size": 1, "padding_mode": "reflect"}),
    (nn.InstanceNorm1d, {"num_features": 2, "momentum": None}),
    (nn.ELU, {"inplace": True}),
    (nn.Hardtanh, {"min_value": -1.0}),
    (nn.Hardtanh, {"min_val": 1, "max_val": 1}),
    (nn.CELU, {"alpha": 0}),
    (nn.Softshrink, {"lambd": -1}),
    (nn.Softplus, {"beta": 0}),
    (nn.GroupNorm, {"num_groups": 2, "num_channels": 3}),
    (nn.LayerNorm, {"normalized_shape": ()}),
    (nn.LayerNorm, {"normalized_shape": 2, "eps": 0}),
    (nn.Embedding, {"num_embeddings": 2, "embedding_dim": 2, "padding_idx": 2}),
    (nn.Embedding, {"num_embeddings": 2, "embedding_dim": 2, "max_norm": 1.0}),
    (nn.Embedding, {"num_embeddings": 2, "embedding_dim": 2, "scale_grad_by_freq": True}),
    (nn.Flatten, {"start_dim": 0}),
    (nn.Softmax, {}),
    (optim.SGD, {"params": nn.Linear(1, 1).parameters(), "dampening": 0.1}),
    (optim.Adam, {"params": nn.Linear(1, 1).parameters(), "amsgrad": True}),
]


@pytest.mark.parametrize(("kind", "given"), NO_EFFECT)
def test_what_only_the_default_is_offered_of_is_refused_otherwise(kind, given):
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: got .*expected"):
        kind(**given)


def test_a_users_own_module_names_its_arguments_too():
    class Net(nn.Module):
        def __init__(self, width):
            self.layer = nn.Linear(2, width)

    with pytest.raises(ArgumentError, match=r"Net: .*'depth'; expected of the arguments width"):
        Net(width=2, depth=3)
    with pytest.raises(TypeError, match="unsupported operand"):
        type("Faulty", (nn.Module,), {"__init__": lambda self: None + 1})()
    with pytest.raises(ArgumentError, match="Linear: got input by name, expected inputs by"):
        nn.Linear(2, 2).initialise(0)(input=torch.zeros(1, 2))


WRONG = ["x", b"x", None, [], {}, (), (1, 2, 3), object(), 1j, math.nan, 1.5, -1, 10**400, int]
OURS = {
    kind
    for room in (nn, optim, optim.lr_scheduler)
    for kind in map(vars(room).get, room.__all__)
    if inspect.isclass(kind)
}


@pytest.mark.parametrize("kind", sorted(OURS, key=lambda kind: kind.__name__))
def test_an_argument_of_a_wrong_type_is_taken_or_refused_in_a_sentence(kind):
    for argument in inspect.signature(kind.__init__).parameters.values():
        for wrong in [*WRONG, torch.ones(2)]:
            if argument.name == "self" or argument.kind is argument.VAR_KEYWORD:
                continue
            with contextlib.suppress(BakeoffError):  # and nothing else
                if argument.kind is argument.VAR_POSITIONAL:
                    kind(wrong)
                else:
                    kind(**{**needed_of(kind), argument.name: wrong})
    with pytest.raises(BakeoffError, match=r"expected of the arguments|expected a Module"):
        kind(no_such_argument=1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.LeakyReLU("x"), "LeakyReLU: got negative_slope='x', expected arguments of"),
        (
            lambda: optim.Adam(nn.Linear(1, 1).parameters(), betas=0.9),
            r"Adam: got betas=0.9, expected arguments of .*cannot unpack non-iterable float",
        ),
        (
            lambda: optim.StepLR(needed_of(optim.StepLR)["optimizer"], "a"),
            "StepLR: got step_size='a'",
        ),
    ],
)
def test_the_argument_of_a_wrong_type_is_told(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()
