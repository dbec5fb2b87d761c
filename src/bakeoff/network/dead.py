"""Dead ReLUs: when every unit of a ReLU is off for every sample, no gradient passes it again."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bakeoff.autodiff import no_grad
from bakeoff.autodiff.tensor import Tensor
from bakeoff.interop.modes import evaluating
from bakeoff.nn import Module, ReLU, Sequential, batch_last
from bakeoff.nn.layout import turn_in


class DeadReLUWarning(UserWarning):
    """A network's output is zero for every sample, because a ReLU lets nothing through."""


def dead_relu(layers: Sequential, x: torch.Tensor) -> str | None:
    """Return the name of the first ReLU that lets nothing of x through, or None.

    Inputs of a ReLU that are all exactly zero prove nothing, so no ReLU is blamed for them.

    Args:
        layers: a network of any depth; only containers made of layers are looked into.
        x: (N, ...), the samples.
    """
    with no_grad(), evaluating(layers), batch_last():
        hidden = turn_in(Tensor(x), None)
        for name, layer in _flat(layers):
            if isinstance(layer, ReLU) and not bool((hidden.data > 0).any()):
                return name if bool(hidden.data.any()) else None
            hidden = layer(hidden)
    return None


def _flat(layers: Sequential, prefix: str = "") -> Iterator[tuple[str, Module]]:
    for name, layer in layers.named_children():
        if isinstance(layer, Sequential):
            yield from _flat(layer, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", layer
