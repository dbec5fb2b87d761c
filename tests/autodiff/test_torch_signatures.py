"""Functions and methods under PyTorch's names: same arguments at the same places, same defaults."""

from __future__ import annotations

import inspect

import pytest
import torch

import bakeoff.autodiff as ad
from bakeoff.autodiff import Operation, Tensor

PLACED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

# What stands between PyTorch's name and ours only in words: a gradient and a graph of our own.
OWN = {"Tensor", "grad", "no_grad", "backward", "data", "requires_grad"}
NO_SCHEMA = {
    "backward",
    "item",
    "tolist",
    "numel",
    "size",
    "reshape",
    "permute",
    "expand",
    "detach",
}


def theirs_of(name):
    """The forms of PyTorch's function or method of a name: [(name, default) of each place]."""
    python = getattr(torch.nn.functional, name, None)
    if inspect.isfunction(python):
        yield [
            (p.name, None if p.default is p.empty else p.default)
            for p in inspect.signature(python).parameters.values()
        ]
        return
    for schema in torch._C._jit_get_schemas_for_operator(f"aten::{name}"):
        if not any("out" in (a.name, schema.overload_name) for a in schema.arguments):
            yield [(a.name, a.default_value) for a in schema.arguments if not a.kwarg_only]


def places(f):
    """The same of ours."""
    if isinstance(f, Operation):
        parameters = inspect.signature(f.forward).parameters
        return [*((n, None) for n in f.arguments), *((n, parameters[n].default) for n in f.options)]
    parameters = inspect.signature(f).parameters.values()
    return [
        (p.name, None if p.default is p.empty else p.default)
        for p in parameters
        if p.kind in PLACED
    ]


FUNCTIONS = {
    n: getattr(ad, n)
    for n in ad.__all__
    if (hasattr(torch, n) or hasattr(torch.nn.functional, n)) and n not in OWN
}
METHODS = {
    n: f
    for n, f in vars(Tensor).items()
    if inspect.isfunction(f) and not n.startswith("_") and hasattr(torch.Tensor, n)
}
SHARED = {**FUNCTIONS, **{f"Tensor.{n}": f for n, f in METHODS.items() if n not in NO_SCHEMA}}


def test_enough_names_are_shared():
    assert len(FUNCTIONS) >= 35
    assert len(METHODS) >= 30
    assert not {"conv2d", "max_pool2d", "avg_pool2d"} & set(ad.__all__)  # ours are batch-last


@pytest.mark.parametrize("name", SHARED)
def test_arguments_stand_where_pytorchs_do(name):
    ours = places(SHARED[name])
    forms = list(theirs_of(name.removeprefix("Tensor.")))
    for place, (argument, default) in enumerate(ours):
        there = [form[place] for form in forms if len(form) > place]
        if place == 0 or (isinstance(SHARED[name], Operation) and place < count_of(name)):
            assert there  # a tensor, under any name
            continue
        defaults = [d for other, d in there if other == argument]
        assert defaults, f"{argument} at place {place}, expected one of {there}"
        # Of two forms ours is one: where the other has no such argument, its default is None.
        assert any(same(default, d) for d in defaults) or (default is None and len(forms) > 1)


def count_of(name):
    return len(SHARED[name].arguments)


def same(ours, theirs):
    empty = (None, inspect.Parameter.empty, [], ())
    return ours == theirs or (ours in empty and theirs in empty)


OVERLOADED = {
    "reshape": [((2, 3),), (2, 3)],
    "permute": [((1, 0),), (1, 0)],
    "expand": [((3, 2),), (3, 2)],
    "size": [(), (0,), (-1,)],
    "numel": [()],
    "tolist": [()],
}


@pytest.mark.parametrize("name", OVERLOADED)
def test_methods_without_a_schema_take_what_pytorchs_take(name):
    x = torch.arange(6.0).reshape(3, 2) if name != "expand" else torch.ones(3, 1)
    for args in OVERLOADED[name]:
        ours, theirs = getattr(Tensor(x), name)(*args), getattr(x, name)(*args)
        ours = ours.data if isinstance(ours, Tensor) else ours
        assert torch.equal(ours, theirs) if isinstance(theirs, torch.Tensor) else ours == theirs
