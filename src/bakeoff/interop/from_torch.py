"""A torch.nn.Module as a network of ours: the same layers, weights, outputs and gradients."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from functools import partialmethod
from typing import Any

import torch
from torch import fx
from torch.fx.node import map_arg

from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError, InteropError
from bakeoff.interop import torch_calls as calls
from bakeoff.interop.torch_layers import FROM_THEIRS, modes_kept, our_layer
from bakeoff.nn import Buffer, Dropout, Flatten, Identity, Module, Parameter, Sequential


def from_torch(module: torch.nn.Module) -> Module:
    """Return the module as a network of ours, with weights of its own, equal to the module's.

    A `torch.nn.Sequential` becomes a `Sequential`. Of any other module, `torch.fx` reads the
    `forward`: it may call layers and the common functions of tensors in any order, take several
    ways and join them, but must do the same whatever the values are. Parameters keep their names,
    so that either's `state_dict` loads into the other.

    Args:
        module: any module. It is left as it is.

    Returns:
        A network that takes (N, ...) and gives what the module gives, in the module's mode.

    Raises:
        InteropError: for a layer, function or setting that bakeoff does not have, which is named.
    """
    _check(module)
    network = _in_a_row(module, "") or Traced(module)
    state = state_of(module)
    floating = [tensor for tensor in state.values() if tensor.is_floating_point()]
    dtypes = {tensor.dtype for tensor in [*module.parameters()] or floating}
    if len(dtypes) == 1:
        network.to(*dtypes)
    network.load_state_dict({name: state[name] for name in network.state_dict()})
    return _with_modes(network, module)


def state_of(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return a module's parameters and buffers by name, those too that it does not save."""
    return {**dict(module.named_buffers()), **module.state_dict()}


def _check(module: torch.nn.Module) -> None:
    """Refuse what a copy of layers and weights would lose."""
    owners: dict[int, str] = {}
    for where, part in module.named_modules():
        hooks = (part._forward_hooks, part._forward_pre_hooks, part._backward_hooks)
        if any(hooks):
            raise InteropError(f"from_torch: layer {where!r}: has hooks, expected none")
        for name, parameter in part.named_parameters(recurse=False):
            full = f"{where}.{name}" if where else name
            if not parameter.requires_grad:
                raise InteropError(
                    f"from_torch: parameter {full!r}: has requires_grad=False, expected parameters"
                    " that are all trained"
                )
            if id(parameter) in owners:
                raise InteropError(
                    f"from_torch: parameter {full!r}: is {owners[id(parameter)]!r} too, expected"
                    " layers that share nothing; call one layer twice"
                )
            owners[id(parameter)] = full


def _with_modes(network: Module, module: torch.nn.Module) -> Module:
    """Return the network, each layer in the mode of its counterpart."""
    network.train(module.training)
    theirs = dict(module.named_modules())
    for name, layer in network.named_modules():
        if name in theirs:
            layer.training = theirs[name].training
    return network


def _in_a_row(module: torch.nn.Module, where: str) -> Module | None:
    """Return a layer, or Sequentials of layers; None for a module with a forward of its own."""
    if type(module) is torch.nn.Sequential:
        children = list(module.named_children())
        if [name for name, _ in children] != [str(i) for i in range(len(module))]:
            return None  # names of its own, or one layer in two places
        made = [_in_a_row(child, f"{where}{name}.") for name, child in children]
        found = [layer for layer in made if layer is not None]
        return Sequential(*found) if len(found) == len(made) else None
    return our_layer(module, where.removesuffix(".")) if is_torchs(module) else None


# ---- a forward of its own -----------------------------------------------------------------------


class Traced(Module):
    """Does what a module's forward does, on layers, parameters and buffers of the same names.

    The weights of its layers are not yet copied.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        self._title, self._graph = type(module).__name__, _graph_of(module)
        inside = tuple(f"{name}." for name, part in module.named_modules() if is_torchs(part))
        state = [name for name in module.state_dict() if not name.startswith(inside)]
        state += [str(node.target) for node in self._graph.find_nodes(op="get_attr")]
        # As attributes, so that they are found like any other module's, by their dotted names.
        vars(self).update({name: _held(module, name) for name in state})
        # Of a layer in several places, the first name.
        self._layers = {
            name: our_layer(part, name)
            for name, part in module.named_modules()
            if type(part) in FROM_THEIRS
        }
        for node in self._graph.nodes:
            if node.op == "call_module":
                self._take_layer(node, module)
            elif node.op in ("call_function", "call_method"):
                self._take_call(node, module)
        self._check_memory()

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (dotted name, layer)."""
        yield from self._layers.items()

    def forward(self, x: Tensor) -> Any:
        """What the module's forward does, batch-last."""
        at = calls.Batched(self.rounds)
        values: dict[fx.Node, Any] = {}
        for node in self._graph.nodes:
            args, named = map_arg((node.args, node.kwargs), values.__getitem__)
            match node.op:
                case "placeholder":
                    values[node] = x
                case "get_attr":
                    values[node] = vars(self)[node.target]
                case "call_module":
                    values[node] = self._layers[node.target](*args)
                case "call_function":
                    values[node] = node.target(at, *args, **named)
        return list(args[0]) if isinstance(args[0], list) else args[0]

    def describe(self) -> str:
        """The class of the module."""
        return self._title

    # ---- reading --------------------------------------------------------------------------------

    def _take_layer(self, node: fx.Node, module: torch.nn.Module) -> None:
        part = module.get_submodule(str(node.target))
        name = node.target = next(n for n, p in module.named_modules() if p is part)
        if name not in self._layers:
            our_layer(part, name)  # which says what is lacking
        if getattr(part, "inplace", False):
            node.meta["overwrites"] = f"layer {name!r}: {type(part).__name__} has inplace=True"

    def _take_call(self, node: fx.Node, module: torch.nn.Module) -> None:
        """Call our function in the place of PyTorch's, or our layer without weights."""
        told, name = getattr(node.target, "__name__", str(node.target)), calls.name_of(node.target)
        where = f"from_torch: the forward calls {told}"
        if not name:
            raise InteropError(
                f"{where}, which bakeoff does not have, expected layers and functions among"
                f" {', '.join(sorted(calls.CALLS))}"
            )
        if name == "getattr" and node.args[1] not in ("shape", "ndim"):
            raise InteropError(f"from_torch: the forward reads .{node.args[1]}, expected .shape")
        held = [given.op == "get_attr" for given in node.all_input_nodes]
        if any(held) and (name not in calls.BETWEEN or all(held)):
            raise InteropError(
                f"{where} on a parameter, expected +, -, * or / between it and the batch"
            )
        if told in calls.IN_PLACE or node.kwargs.get("inplace"):
            node.meta["overwrites"] = f"the forward calls {told} in place,"
        if name in calls.LAYER_OF:
            self._take_function(node, module, calls.LAYER_OF[name], where)
        else:
            given = calls.bound(calls.CALLS[name], node.args, node.kwargs, where)
            node.op, node.target = "call_function", calls.CALLS[name]
            node.args, node.kwargs = given.args[1:], given.kwargs

    def _take_function(
        self, node: fx.Node, module: torch.nn.Module, kind: type[Module], where: str
    ) -> None:
        name = node.name
        while name in dict(module.named_modules()):
            name += "_"
        settings = {
            key: value for key, value in node.kwargs.items() if key not in ("input", "inplace")
        }
        try:
            self._layers[name] = kind(*node.args[1:], **settings)
        except ArgumentError as error:
            raise InteropError(f"{where}: {error}") from error
        node.op, node.target = "call_module", name
        node.args, node.kwargs = (node.all_input_nodes[0],), {}

    def _check_memory(self) -> None:
        """Refuse to write over what others read: ours write elsewhere, and would differ."""
        for node in self._graph.nodes:
            if "overwrites" not in node.meta:
                continue
            before = node.all_input_nodes[0]
            readers = [user for user in before.users if user.target not in calls.READING.values()]
            is_shared = before.op != "call_function" or before.target in calls.MOVING.values()
            if before.op == "call_module":
                is_shared = isinstance(self._layers[before.target], Identity | Flatten | Dropout)
            if is_shared or len(readers) > 1:
                raise InteropError(
                    f"from_torch: {node.meta['overwrites']} on what others may read, expected a new"
                    " tensor"
                )


class _Proxy(fx.Proxy):
    """Stands for a tensor; unlike fx's own, it tells `x += y` from `x = x + y`."""

    def _in_place(self, function: str, other: Any) -> fx.Proxy:
        arguments: Any = getattr(operator, function), (self, other), {}
        return self.tracer.create_proxy("call_function", *arguments)


for _name in calls.IN_PLACE:
    setattr(_Proxy, f"__{_name}__", partialmethod(_Proxy._in_place, _name))


class _Tracer(fx.Tracer):
    """Follows a user's modules down to PyTorch's layers."""

    def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
        """Stop at PyTorch's layers."""
        return is_torchs(m)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Stand in for a tensor."""
        return _Proxy(node, self)


def is_torchs(module: torch.nn.Module) -> bool:
    """Tell whether a module is a layer of PyTorch's rather than a container or a user's own."""
    if type(module) in FROM_THEIRS:
        return True
    containers = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ModuleDict, fx.GraphModule)
    return type(module).__module__.startswith("torch.") and not isinstance(module, containers)


def _graph_of(module: torch.nn.Module) -> fx.Graph:
    where = f"from_torch: the forward of {type(module).__name__}"
    try:
        with modes_kept(module):
            training = _Tracer().trace(module.train())
            evaluation = _Tracer().trace(module.eval())
    except Exception as error:  # whatever a user's forward may raise on a stand-in for a tensor
        reason = str(error).strip().partition("\n")[0]
        raise InteropError(f"{where} cannot be read without running it ({reason})") from error
    if str(training) != str(evaluation):
        raise InteropError(
            f"{where} does not do the same in training and in evaluation, expected layers such as"
            " torch.nn.Dropout to tell the two apart"
        )
    if len(training.find_nodes(op="placeholder")) != 1:
        raise InteropError(f"{where} takes not one input, expected one")
    return training


class _HeldBuffer(Buffer):
    __slots__ = ()

    def reset(self) -> None:
        """Keep the values: nothing changes such a buffer."""


def _held(module: torch.nn.Module, name: str) -> Parameter | Buffer:
    """Return a parameter or buffer that the forward reads itself, at every start as it is now."""
    *path, last = name.split(".")
    owner = module.get_submodule(".".join(path))
    tensor = getattr(owner, last)
    is_parameter = isinstance(tensor, torch.nn.Parameter)
    if not is_parameter and (last not in owner._buffers or not tensor.is_floating_point()):
        raise InteropError(
            f"from_torch: {name!r}: the forward reads a {type(tensor).__name__} of its own,"
            " expected parameters and buffers of floating-point numbers"
        )
    values = tensor.detach().clone()

    def start(part: torch.Tensor, generator: torch.Generator) -> None:
        part.copy_(values)

    shape = tuple(values.shape)
    made = Parameter(shape, start) if is_parameter else _HeldBuffer(shape, 0.0)
    made.data = values.clone()
    return made
