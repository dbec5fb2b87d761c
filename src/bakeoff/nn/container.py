"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import DTypeError
from bakeoff.nn.module import Module


class Sequential(Module):
    """Layers run in order; the output of each is the input of the next.

    Args:
        *layers: modules; named "0", "1", ... in `named_parameters`, as in PyTorch.

    Raises:
        DTypeError: for a layer that is not a Module.
    """

    def __init__(self, *layers: Module) -> None:
        self.layers: list[Module] = []
        self.add(*layers)

    def add(self, *layers: Module) -> Self:
        """Append layers and return the container.

        Raises:
            DTypeError: for a layer that is not a Module; then none is added.
        """
        for layer in layers:
            if not isinstance(layer, Module):
                raise DTypeError(
                    f"Sequential: got {layer!r}, expected a Module such as Linear(2, 25)"
                )
        self.layers += layers
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Run the layers in order."""
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
