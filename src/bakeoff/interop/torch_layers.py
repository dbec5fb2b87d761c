"""One layer of ours as one of PyTorch's, and back: the table that both directions read.

Each pair is stated once, by the arguments that make either from the other. What PyTorch's layer can
do beyond ours (dilation, groups, ...) is checked and refused by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from attrs import field, frozen

from bakeoff import nn
from bakeoff.errors import ArgumentError, InteropError, nearest
from bakeoff.interop.layers import SWITCHES
from bakeoff.nn import Module


@frozen
class Pair:
    """Two layers that compute the same, of `bakeoff.nn` and `torch.nn`."""

    ours: type[nn.Module]
    theirs: type[torch.nn.Module]
    arguments: tuple[str, ...] = ()  # that both take, under one name
    expected: Mapping[str, Any] = field(factory=dict)  # of theirs, the only value that ours can do


NORM: tuple[str, ...] = ("num_features", "eps", "momentum", "affine")
if "bias" in inspect.signature(torch.nn.BatchNorm1d).parameters:  # since PyTorch 2.13
    NORM += ("bias",)
POOL = ("kernel_size", "stride", "padding")
PAIRS = (
    Pair(nn.Linear, torch.nn.Linear, ("in_features", "out_features", "bias")),
    Pair(
        nn.Conv2d,
        torch.nn.Conv2d,
        ("in_channels", "out_channels", "kernel_size", "stride", "padding", "bias"),
        {"dilation": (1, 1), "groups": 1, "padding_mode": "zeros"},
    ),
    Pair(
        nn.MaxPool2d,
        torch.nn.MaxPool2d,
        POOL,
        {"dilation": 1, "ceil_mode": False, "return_indices": False},
    ),
    Pair(
        nn.AvgPool2d,
        torch.nn.AvgPool2d,
        POOL,
        {"ceil_mode": False, "count_include_pad": True, "divisor_override": None},
    ),
    Pair(nn.BatchNorm1d, torch.nn.BatchNorm1d, NORM, {"track_running_stats": True}),
    Pair(nn.BatchNorm2d, torch.nn.BatchNorm2d, NORM, {"track_running_stats": True}),
    Pair(nn.Dropout, torch.nn.Dropout, ("p",)),
    Pair(nn.Flatten, torch.nn.Flatten, ("start_dim", "end_dim")),
    Pair(nn.ReLU, torch.nn.ReLU),
    Pair(nn.LeakyReLU, torch.nn.LeakyReLU, ("negative_slope",)),
    Pair(nn.Tanh, torch.nn.Tanh),
    Pair(nn.Sigmoid, torch.nn.Sigmoid),
    Pair(nn.Softmax, torch.nn.Softmax, ("dim",)),
    Pair(nn.LogSoftmax, torch.nn.LogSoftmax, ("dim",)),
    Pair(nn.Identity, torch.nn.Identity),
)
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
    _check_settings(layer, f"from_torch: layer {where!r}")
    try:
        return pair.ours(**_arguments(layer, pair))
    except ArgumentError as error:
        raise InteropError(f"from_torch: layer {where!r}: {error}") from error


def _check_settings(layer: torch.nn.Module, where: str) -> None:
    """Make sure that a layer of PyTorch's does nothing, such as dilate, that ours cannot do."""
    pair, name = FROM_THEIRS[type(layer)], type(layer).__name__
    for attribute, only in pair.expected.items():
        value = getattr(layer, attribute)
        if value not in (only, _scalar(only)):
            raise InteropError(
                f"{where}: {name} has {attribute}={value!r}, expected {only!r}, all that bakeoff's"
                " can do"
            )
    odd = {k: v for k, v in _arguments(layer, pair).items() if v is None or isinstance(v, str)}
    if odd:
        told = ", ".join(f"{k}={v!r}" for k, v in odd.items())
        raise InteropError(f"{where}: {name} has {told}, expected numbers")


def _arguments(layer: Any, pair: Pair) -> dict[str, Any]:
    found = {}
    for name in pair.arguments:
        value = getattr(layer, SWITCHES.get(name, name))
        found[name] = value is not None if name in SWITCHES else value
    return found


def _scalar(only: Any) -> Any:
    return only[0] if isinstance(only, tuple) else (only, only)


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
