"""A torch.nn.Module as a network of ours: the same layers, weights, outputs and gradients."""

from __future__ import annotations

import torch

from bakeoff.errors import InteropError
from bakeoff.interop.torch_graph import Traced, is_torchs
from bakeoff.interop.torch_layers import our_layer
from bakeoff.nn import Module, Sequential


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
    dtypes = {tensor.dtype for tensor in module.parameters()}
    if len(dtypes) == 1:
        network.to(*dtypes)
    state = state_of(module)
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
