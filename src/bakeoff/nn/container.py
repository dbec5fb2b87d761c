"""Layers one after the other, and branches side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from bakeoff.autodiff import concat
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn.activation import Activation, Differentiable
from bakeoff.nn.layout import n_first
from bakeoff.nn.module import Module

Layer = Module | Differentiable


class Sequential(Module):
    """Layers run in order; the output of each is the input of the next.

    Args:
        *layers: modules, or objects with an evaluation and a derivative (see `Activation`); named
            "0", "1", ... in `named_parameters`, as in PyTorch.

    Raises:
        DTypeError: for a layer that is neither.
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers: list[Module] = []
        self.add(*layers)

    def add(self, *layers: Layer) -> Self:
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


class Parallel(Module):
    """Runs several branches on the same input; joins their outputs, or returns them by name.

        Parallel(Linear(4, 2), Linear(4, 3))                 # (N, 4) -> (N, 5)
        Parallel(target=Linear(4, 2), digits=Linear(4, 10))  # (N, 4) -> {"target": (N, 2), ...}

    Branches without names are joined along the axis after the batch: features of (N, F), channels
    of (N, C, H, W). Named ones give a mapping from name to output, as a network with auxiliary
    outputs returns. For other ways to join (a sum, for example) write a `forward`.

    Args:
        *branches: modules, or objects with an evaluation and a derivative (see `Activation`);
            named "0", "1", ... in `named_parameters`.
        **named: the same, with names of your own.

    Raises:
        ArgumentError: for no branch, or some with and some without a name.
        DTypeError: for a branch that is no layer.
        ShapeError: when called, if outputs that are to be joined do not fit each other.
    """

    def __init__(self, *branches: Layer, **named: Layer) -> None:
        if bool(branches) == bool(named):
            raise ArgumentError(
                f"Parallel: got {len(branches)} branches without and {len(named)} with a name,"
                " expected at least one, and all of one kind"
            )
        self.joins = bool(branches)
        given = {str(i): branch for i, branch in enumerate(branches)} | named
        self.branches = {name: as_module("Parallel", branch) for name, branch in given.items()}

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        """Run the branches in order: (..., N) to (..., N), joined or by name."""
        outputs = {name: branch(x) for name, branch in self.branches.items()}
        return self._joined(list(outputs.values())) if self.joins else outputs

    def _joined(self, outputs: list[Tensor]) -> Tensor:
        axis = self._lead
        rests = [(*y.shape[:axis], *y.shape[axis + 1 :]) for y in outputs]
        if min(y.ndim for y in outputs) < axis + 2 or len(set(rests)) > 1:
            shapes = ", ".join(str(n_first(y, self.rounds)) for y in outputs)
            raise ShapeError(
                f"Parallel: got outputs of shapes {shapes} (N first), expected (N, F, ...) that"
                " differ in F alone; name the branches to have them one by one"
            )
        return concat(outputs, dim=axis)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, branch), in order."""
        yield from self.branches.items()

    def __len__(self) -> int:
        return len(self.branches)

    def __getitem__(self, name: str | int) -> Module:
        return self.branches[str(name)]


def as_module(where: str, layer: Layer) -> Module:
    """Return a layer that is given to a container, as a Module."""
    if isinstance(layer, Module):
        return layer
    if isinstance(layer, Differentiable) and not isinstance(layer, type):
        return Activation(layer)
    hint = f"; write {layer.__name__}()" if isinstance(layer, type) else ""
    raise DTypeError(
        f"{where}: got {layer!r}, expected a Module such as Linear(2, 25), or an object with"
        f" evaluation(x) and derivative(x){hint}"
    )
