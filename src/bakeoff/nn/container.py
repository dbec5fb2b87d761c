"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import DTypeError
from bakeoff.nn.custom import Activation, Differentiable
from bakeoff.nn.module import Module


class Sequential(Module):
    """Layers run in order; the output of each is the input of the next.

    Args:
        *layers: modules, or objects with an evaluation and a derivative (see `Activation`); named
            "0", "1", ... in `named_parameters`, as in PyTorch.

    Raises:
        DTypeError: for a layer that is neither.
    """

    def __init__(self, *layers: Module | Differentiable) -> None:
        self.layers: list[Module] = []
        self.add(*layers)

    def add(self, *layers: Module | Differentiable) -> Self:
        """Append layers and return the container.

        Raises:
            DTypeError: for a layer of another kind; then none is added.
        """
        self.layers += [as_module("Sequential", layer) for layer in layers]
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Run the layers in order: what the first takes, (..., N), to what the last gives."""
        for layer in self.layers:
            x = layer(x)
        return x

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield ("0", first layer), ("1", second layer), ..."""
        for i, layer in enumerate(self.layers):
            yield str(i), layer

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Module:
        return self.layers[index]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)


def as_module(where: str, layer: Module | Differentiable) -> Module:
    """Return a layer that is given to a container, as a Module.

    Raises:
        DTypeError: naming the container, for anything else.
    """
    if isinstance(layer, Module):
        return layer
    if isinstance(layer, Differentiable) and not isinstance(layer, type):
        return Activation(layer)
    hint = f"; write {layer.__name__}()" if isinstance(layer, type) else ""
    raise DTypeError(
        f"{where}: got {layer!r}, expected a Module such as Linear(2, 25), or an object with"
        f" evaluation(x) and derivative(x){hint}"
    )
