"""One layer of ours as one of PyTorch's, and back: the table that both directions read.

Every layer under a name of PyTorch's is a pair, and the arguments that both constructors take make
either from the other. What PyTorch's can do beyond ours, our constructor refuses by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from attrs import frozen

from bakeoff import nn
from bakeoff.errors import ArgumentError, InteropError, nearest
from bakeoff.interop.layers import LAYERS, STARTING, SWITCHES
from bakeoff.nn import Module


@frozen
class Pair:
    """Two layers of one name that compute the same, of `bakeoff.nn` and `torch.nn`."""

    ours: type[nn.Module]
    theirs: type[torch.nn.Module]
    arguments: tuple[str, ...]  # that both take, and keep under these names


# Arguments that no layer keeps, or that make no difference to what it computes.
ASIDE = STARTING | {"inplace", "min_value", "max_value"}


def _pairs() -> Iterator[Pair]:
    for name, ours in LAYERS.items():
        theirs = getattr(torch.nn, name, None)
        if theirs is None or name == "Sequential":
            continue
        both = inspect.signature(ours).parameters.keys() & inspect.signature(theirs).parameters
        yield Pair(ours, theirs, tuple(sorted(both - ASIDE)))


PAIRS = tuple(_pairs())
FROM_OURS: dict[type, Pair] = {pair.ours: pair for pair in PAIRS}
FROM_THEIRS: dict[type, Pair] = {pair.theirs: pair for pair in PAIRS}


def torch_layer(layer: nn.Module, where: str) -> torch.nn.Module:
    """Return PyTorch's layer for one of ours, with the same weights and mode."""
    made: torch.nn.Module
    if isinstance(layer, nn.Activation):
        return OwnActivation(layer)
    pair = FROM_OURS.get(type(layer))
    if pair is None:
        raise InteropError(
            f"to_torch: layer {where!r}: {type(layer).__name__} has no counterpart in torch.nn,"
            f" expected one of {', '.join(kind.__name__ for kind in FROM_OURS)}"
        )
    # Its own weights, which PyTorch draws at once, are replaced: what they drew from is put back.
    with torch.random.fork_rng(devices=[]):
        made = pair.theirs(**_arguments(layer, pair))
    state = layer.state_dict()
    made.to(next((t.dtype for t in state.values() if t.dtype.is_floating_point), None))
    made.load_state_dict(state)
    return made.train(layer.training)


def our_layer(layer: torch.nn.Module, where: str) -> nn.Module:
    """Return our layer for one of PyTorch's, its weights not yet drawn."""
    pair = FROM_THEIRS.get(type(layer))
    name = type(layer).__name__
    if pair is None:
        known = [kind.__name__ for kind in FROM_THEIRS]
        raise InteropError(
            f"from_torch: layer {where!r}: bakeoff has no {name}{nearest(name, known)}, expected"
            f" one of {', '.join(known)}"
        )
    try:
        return pair.ours(**_arguments(layer, pair))
    except ArgumentError as error:
        raise InteropError(f"from_torch: layer {where!r}: {error}") from error


def _arguments(layer: Any, pair: Pair) -> dict[str, Any]:
    found = {}
    for name in pair.arguments:
        value = getattr(layer, SWITCHES.get(name, name))
        found[name] = value is not None if name in SWITCHES else value
    return found


class OwnActivation(torch.nn.Module):
    """Calls a user's evaluation, and in the backward pass the derivative, on PyTorch's tensors."""

    def __init__(self, layer: nn.Activation) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any shape to the same shape."""
        value: torch.Tensor = _Called.apply(x, self.layer)  # type: ignore[no-untyped-call]
        return value


class _Called(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, layer: nn.Activation) -> torch.Tensor:
        ctx.save_for_backward(x)
        ctx.layer = layer
        return torch.as_tensor(layer.evaluation(x.clone()), dtype=x.dtype).expand_as(x).clone()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return gradients[0] * ctx.layer.derivative(x.clone()), None


# ---- modes --------------------------------------------------------------------------------------


@contextmanager
def modes_kept(network: Module | torch.nn.Module) -> Iterator[None]:
    """At the end, put every layer back in the mode that it was in, training or evaluation."""
    modes = [(part, part.training) for _, part in network.named_modules()]
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextmanager
def evaluating(network: Module | torch.nn.Module) -> Iterator[None]:
    """Put every layer in evaluation mode, and at the end back in the mode that it was in."""
    with modes_kept(network):
        network.eval()
        yield
