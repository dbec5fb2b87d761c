"""The forward of someone's torch.nn.Module, read by torch.fx and taken over call by call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx

from bakeoff.errors import InteropError
from bakeoff.interop.modes import modes_kept
from bakeoff.interop.torch_calls import (
    BETWEEN,
    CALLS,
    FRESH,
    FUNCTIONS,
    IN_PLACE,
    METHODS,
    POOLS,
    bound,
)
from bakeoff.interop.torch_layers import FROM_THEIRS, our_layer
from bakeoff.interop.traced import Call, Earlier, HeldBuffer, Traced, held_parameter, replaced
from bakeoff.nn import Buffer, Module, Parameter

ALIASES = (torch.nn.Identity, torch.nn.Flatten, torch.nn.Dropout)
"""Layers that may give their input itself, not memory of its own."""


def read(module: torch.nn.Module) -> Traced:
    """Return a network that does what the module's forward does, with weights not yet copied.

    Raises:
        InteropError: for a forward that cannot be read, or calls what bakeoff does not have.
    """
    reader = _Reader(module)
    title = type(module).__name__
    return Traced(title, tuple(reader.calls), reader.output, reader.layers, reader.held)


def is_torchs(module: torch.nn.Module) -> bool:
    """Tell whether a module is a layer of PyTorch's rather than a container or a user's own."""
    if type(module) in FROM_THEIRS:
        return True
    containers = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ModuleDict, fx.GraphModule)
    return type(module).__module__.startswith("torch.") and not isinstance(module, containers)


class _Proxy(fx.Proxy):
    """Stands for a tensor; unlike fx's own, it tells `x += y` from `x = x + y`."""

    def __iadd__(self, other: Any) -> fx.Proxy:
        return self._in_place(operator.iadd, other)

    def __isub__(self, other: Any) -> fx.Proxy:
        return self._in_place(operator.isub, other)

    def __imul__(self, other: Any) -> fx.Proxy:
        return self._in_place(operator.imul, other)

    def __itruediv__(self, other: Any) -> fx.Proxy:
        return self._in_place(operator.itruediv, other)

    def _in_place(self, function: Callable[..., Any], other: Any) -> fx.Proxy:
        made: fx.Proxy = self.tracer.create_proxy("call_function", function, (self, other), {})
        return made


class _Tracer(fx.Tracer):
    """Follows a user's modules down to PyTorch's layers."""

    def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
        """Stop at PyTorch's layers."""
        return is_torchs(m)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Stand in for a tensor."""
        return _Proxy(node, self)


def _graph_of(module: torch.nn.Module) -> fx.Graph:
    name = type(module).__name__
    try:
        with modes_kept(module):
            training = _Tracer().trace(module.train())
            evaluation = _Tracer().trace(module.eval())
    except Exception as error:  # whatever a user's forward may raise on a stand-in for a tensor
        reason = str(error).strip().partition("\n")[0]
        raise InteropError(
            f"from_torch: the forward of {name} cannot be read without running it ({reason})"
        ) from error
    if str(training) != str(evaluation):
        raise InteropError(
            f"from_torch: the forward of {name} does not do the same in training and in evaluation,"
            " expected layers such as torch.nn.Dropout to tell the two apart"
        )
    if len(training.find_nodes(op="placeholder")) != 1:
        raise InteropError(f"from_torch: the forward of {name} takes not one input, expected one")
    return training


class _Reader:
    """Takes a module's graph over, a node at a time.

    Args:
        module: with a forward of its own.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module
        # Of a layer in several places, the first name.
        self.names: dict[int, str] = {}
        for name, part in module.named_modules():
            self.names.setdefault(id(part), name)
        self.layers: dict[str, Module] = {}
        self.held = _own_state(module)
        self.calls: list[Call] = []
        self.places: dict[fx.Node, int] = {}
        self.output: Any = None
        for node in _graph_of(module).nodes:
            self._take(node)
        for part in module.modules():  # those too that the forward never calls
            if type(part) in FROM_THEIRS:
                self._layer(part)

    def _take(self, node: fx.Node) -> None:
        if node.op == "output":
            self.output = self._referring(node.args[0])
            return
        if node.op != "placeholder":
            self.calls.append(self._call(node))
        self.places[node] = len(self.calls) - 1

    def _call(self, node: fx.Node) -> Call:
        if node.op == "get_attr":
            name = str(node.target)
            self.held.setdefault(name, _held(self.module, name))
            return Call("held", name)
        if node.op == "call_module":
            part = self.module.get_submodule(str(node.target))
            name = self._layer(part)
            _check_inplace(self.module, part, node, name)
        else:
            name, arguments = _function(self.module, node)
            if name not in POOLS:
                given = self._referring(arguments)
                return Call("function", name, given)
            name = self._pool(node.name, POOLS[name](None, *arguments))
        return Call("layer", name, (self._referring(node.all_input_nodes[0]),))

    def _layer(self, part: torch.nn.Module) -> str:
        """Return the name of a layer, which is ours from now on."""
        name = self.names[id(part)]
        if name not in self.layers:
            self.layers[name] = our_layer(part, name)
        return name

    def _pool(self, name: str, layer: Module) -> str:
        """Return a name that no part of the module has, for a layer of no weights."""
        while name in self.names.values():
            name += "_"
        self.layers[name] = layer
        return name

    def _referring(self, value: Any) -> Any:
        """Return a nested argument with `Earlier` in the place of nodes."""
        if isinstance(value, fx.Node):
            return Earlier(self.places[value])
        return replaced(value, self._referring)


def _own_state(module: torch.nn.Module) -> dict[str, Parameter | Buffer]:
    """Return the parameters and buffers of the module's state that belong to no layer."""
    layers = [f"{name}." for name, part in module.named_modules() if is_torchs(part)]
    names = [name for name in module.state_dict() if not name.startswith(tuple(layers))]
    return {name: _held(module, name) for name in names}


def _held(module: torch.nn.Module, name: str) -> Parameter | Buffer:
    """Return a parameter or buffer that the forward reads itself, with the module's values."""
    *path, last = name.split(".")
    owner = module.get_submodule(".".join(path))
    tensor = getattr(owner, last)
    if isinstance(tensor, torch.nn.Parameter):
        return held_parameter(tensor)
    if last in owner._buffers and tensor.dtype.is_floating_point:
        return HeldBuffer(tensor)
    raise InteropError(
        f"from_torch: {name!r}: the forward reads a {type(tensor).__name__} of its own, expected"
        " parameters and buffers of floating-point numbers"
    )


def _is_alone(node: fx.Node, module: torch.nn.Module) -> bool:
    """Tell whether nobody else reads the memory of a node's first input."""
    before = node.all_input_nodes[0]
    fresh = FUNCTIONS.get(before.target) in FRESH
    if before.op == "call_module":
        fresh = not isinstance(module.get_submodule(str(before.target)), ALIASES)
    readers = [user for user in before.users if user.target not in (getattr, "size")]
    return fresh and len(readers) == 1


def _check_inplace(
    module: torch.nn.Module, part: torch.nn.Module, node: fx.Node, name: str
) -> None:
    """Refuse a layer that overwrites what others read too."""
    if getattr(part, "inplace", False) and not _is_alone(node, module):
        raise InteropError(
            f"from_torch: layer {name!r}: {type(part).__name__} has inplace=True on what others"
            " may read, expected inplace=False"
        )


def _function(module: torch.nn.Module, node: fx.Node) -> tuple[str, tuple[Any, ...]]:
    """Return the name of the function that a node calls, and its arguments in our order.

    Raises:
        InteropError: for a function, or an argument of one, that ours cannot stand for.
    """
    told = getattr(node.target, "__name__", str(node.target))
    table: Mapping[Any, str] = METHODS if node.op == "call_method" else FUNCTIONS
    name = table.get(node.target, "")
    where = f"from_torch: the forward calls {told}"
    if not name:
        raise InteropError(
            f"{where}, which bakeoff does not have, expected layers and functions among"
            f" {', '.join(sorted(CALLS | POOLS))}"
        )
    if node.target is getattr and node.args[1] not in {"shape", "ndim"}:
        raise InteropError(f"from_torch: the forward reads .{node.args[1]}, expected .shape")
    given = bound((CALLS | POOLS)[name], (None, *node.args), node.kwargs, where)
    if (given.arguments.get("inplace") or node.target in IN_PLACE) and not _is_alone(node, module):
        raise InteropError(f"{where} in place, on what others may read, expected a new tensor")
    if name not in BETWEEN and any(n.op == "get_attr" for n in node.all_input_nodes):
        raise InteropError(
            f"{where} on a parameter, expected +, -, * or / between it and the batch"
        )
    return name, given.args[1:]
