"""A network of ours as a torch.nn.Module: the same layers, weights, outputs and gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import fx

from bakeoff.autodiff import no_grad
from bakeoff.errors import ArgumentError, InteropError
from bakeoff.interop.layers import check_network
from bakeoff.interop.modes import evaluating, modes_kept
from bakeoff.interop.torch_layers import torch_layer
from bakeoff.interop.torch_steps import Writer
from bakeoff.interop.trace import Trace, alike, leaves, trace
from bakeoff.nn import Activation, Module, Sequential

TOLERANCE = 1e-4  # for outputs of about 1, where the two add up in another order


def to_torch(network: Module, example: torch.Tensor | None = None) -> torch.nn.Module:
    """Return the network as PyTorch would hold it, with weights of its own, equal to ours.

    A `Sequential` becomes a `torch.nn.Sequential`. Any other network is run on the example, and
    what it does becomes the `forward` of a `torch.fx.GraphModule`, whose `.code` can be read.
    Parameters keep their names, so that either's `state_dict` loads into the other.

    Args:
        network: drawn, a single round. It is left as it is.
        example: (N, ...) float32, a batch that fits the network, N at least 1; needed unless the
            network is a layer or a Sequential of layers.

    Returns:
        A module that takes (N, ...) and gives what the network gives, in the network's mode.

    Raises:
        InteropError: for a layer or operation without a counterpart, which is named.
        ArgumentError: for rounds in lockstep, weights never drawn, or no example where it is
            needed.
    """
    check_network(network, "to_torch")
    if _is_in_a_row(network):
        return _in_a_row(network, "")
    if example is None:
        raise ArgumentError(
            f"to_torch: {type(network).__name__} has a forward of its own, expected example=, a"
            " batch that fits it"
        )
    return _traced(network, example)


# ---- layers in a row --------------------------------------------------------------------------


def _is_in_a_row(network: Module) -> bool:
    """Tell whether a network is layers and Sequentials alone."""
    inner = [module for _, module in network.named_modules() if type(module) is not Sequential]
    return all(not list(module.named_children()) and _is_ours(module) for module in inner)


def _is_ours(module: Module) -> bool:
    return type(module).__module__.startswith("bakeoff.nn.") or isinstance(module, Activation)


def _in_a_row(
    network: Module, where: str, made: dict[int, torch.nn.Module] | None = None
) -> torch.nn.Module:
    made = {} if made is None else made
    if id(network) not in made:
        if isinstance(network, Sequential):
            children = network.named_children()
            row = [_in_a_row(child, f"{where}{name}.", made) for name, child in children]
            made[id(network)] = torch.nn.Sequential(*row).train(network.training)
        else:
            made[id(network)] = torch_layer(network, where.removesuffix("."))
    return made[id(network)]


# ---- a forward of its own ---------------------------------------------------------------------


def _traced(network: Module, example: torch.Tensor) -> torch.nn.Module:
    traces = traces_of(network, example)
    layers = {name: torch_layer(layer, name) for name, layer in leaves(network).items()}
    state = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    kept = {
        name: torch.nn.Parameter(tensor.data.clone()) if tensor.requires_grad else tensor.data
        for name, tensor in state.items()
        if not any(name.startswith(f"{layer}.") for layer in layers)
    }
    training, evaluation = (_graph_module(t, layers, kept) for t in traces)
    made = training if alike(*traces) else ByMode(training, evaluation)
    made.train(network.training)
    _check(network, made, example)
    return made


def traces_of(network: Module, example: torch.Tensor) -> tuple[Trace, Trace]:
    """Return the steps of a network in training and in evaluation; it is left in its mode.

    Raises:
        InteropError: see `trace`.
    """
    with modes_kept(network):
        return trace(network.train(), example), trace(network.eval(), example)


def _graph_module(
    steps: Trace, layers: Mapping[str, torch.nn.Module], kept: Mapping[str, torch.Tensor]
) -> fx.GraphModule:
    """Return the steps as a module that has every layer, those too that no step calls."""
    written = Writer(steps)
    root = torch.nn.Module()
    for name, layer in layers.items():
        _put(root, name, layer)
    for name, tensor in kept.items():
        _put(root, name, tensor)
    for name, values in written.constants.items():
        _put(root, name, values)
    made = fx.GraphModule(root, written.graph)
    for name, layer in layers.items():
        made.add_submodule(name, layer)
    present = made.state_dict()
    for name, tensor in kept.items():
        if name not in present:
            _put(made, name, tensor)
    for name in written.constants:
        # The graph's copy would be part of the state, which ours is not.
        place, _, last = name.rpartition(".")
        inner = made.get_submodule(place)
        inner.register_buffer(last, inner.get_buffer(last), persistent=False)
    return made


def _put(root: torch.nn.Module, name: str, part: torch.nn.Module | torch.Tensor) -> None:
    """Put a layer, parameter or buffer at its dotted name below a module."""
    *path, last = name.split(".")
    for step in path:
        if not hasattr(root, step):
            root.add_module(step, torch.nn.Module())
        root = getattr(root, step)
    if isinstance(part, torch.nn.Module):
        root.add_module(last, part)
    elif isinstance(part, torch.nn.Parameter):
        root.register_parameter(last, part)
    else:
        root.register_buffer(last, part)


class ByMode(torch.nn.Module):
    """Two graphs on the same layers: one for training, one for evaluation."""

    def __init__(self, training: fx.GraphModule, evaluation: fx.GraphModule) -> None:
        super().__init__()
        for name, child in training.named_children():
            self.add_module(name, child)
        self.graphs = (evaluation, training)  # in a tuple, so that no layer has two names

    def forward(self, x: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:
        """(N, ...) to what the network gives in this mode."""
        out: torch.Tensor | dict[str, torch.Tensor] = self.graphs[self.training](x)
        return out


def _check(network: Module, made: torch.nn.Module, example: torch.Tensor) -> None:
    """Raise unless both give the same on batches that the steps were not written from.

    Large and small numbers, positive and negative ones, and zeros: what a forward may decide by.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((4, *example.shape[1:]), generator=generator).to(example.dtype)
    for batch in (x, -3.0 * x, x.abs() / 16.0, -x.abs(), 1e3 * x[:1], 0.0 * x):
        with evaluating(network), evaluating(made), no_grad(), torch.no_grad():
            ours, theirs = network(batch), made(batch)
        _compare(network, ours, theirs)


def _compare(network: Module, ours: Any, theirs: Any) -> None:
    for name, out in (ours if isinstance(ours, Mapping) else {"": ours}).items():
        other = theirs[name] if isinstance(ours, Mapping) else theirs
        if not torch.allclose(out.data, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            raise InteropError(
                f"to_torch: {type(network).__name__}: its output {name!r} depends on the batch in a"
                " way that the tape does not remember, such as a comparison or a Python number"
            )
