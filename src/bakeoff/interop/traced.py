"""A network of ours that does what the forward of someone's torch.nn.Module was seen to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from attrs import frozen

from bakeoff.autodiff import Tensor
from bakeoff.interop.torch_calls import CALLS, Batched, Held
from bakeoff.nn import Buffer, Module, Parameter


@frozen
class Earlier:
    """What the call of that number gave; -1 is the network's input."""

    call: int


@frozen(eq=False)
class Call:
    """One call of the forward.

    Attributes:
        kind: "layer", "held" (a parameter or buffer) or "function".
        name: the layer's, the parameter's or the function's.
        arguments: numbers, tuples and so on, with `Earlier` for what calls gave.
    """

    kind: str
    name: str
    arguments: tuple[Any, ...] = ()


class Traced(Module):
    """Runs calls in order, on layers that keep the names that they have in the torch module.

    Args:
        title: the class of the module.
        calls: in order.
        output: `Earlier`, or a mapping of them by name.
        layers: by their dotted names.
        held: parameters and buffers that the calls read themselves, by their dotted names.

    Shape:
        From outside (N, ...) to whatever the module gives.
    """

    def __init__(
        self,
        title: str,
        calls: tuple[Call, ...],
        output: Any,
        layers: Mapping[str, Module],
        held: Mapping[str, Parameter | Buffer],
    ) -> None:
        self._title, self._calls, self._output = title, calls, output
        self._layers = dict(layers)
        # As attributes, so that they are found like any other module's, by their dotted names.
        vars(self).update(held)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (dotted name, layer)."""
        yield from self._layers.items()

    def forward(self, x: Tensor) -> Any:
        """What the module's forward does, batch-last."""
        at = Batched(self.rounds)
        values: dict[int, Any] = {-1: x}

        def given(argument: Any) -> Any:
            if isinstance(argument, Earlier):
                return values[argument.call]
            return replaced(argument, given)

        for number, call in enumerate(self._calls):
            arguments = given(call.arguments)
            if call.kind == "layer":
                values[number] = self._layers[call.name](*arguments)
            elif call.kind == "held":
                values[number] = Held(vars(self)[call.name])
            else:
                values[number] = CALLS[call.name](at, *arguments)
        return given(self._output)

    def describe(self) -> str:
        """The class of the module."""
        return self._title


def replaced(value: Any, by: Callable[[Any], Any]) -> Any:
    """Return a nested value with every inner one replaced."""
    if isinstance(value, tuple | list):
        return tuple(map(by, value))
    if isinstance(value, Mapping):
        return {name: by(inner) for name, inner in value.items()}
    if isinstance(value, slice):
        return slice(by(value.start), by(value.stop), by(value.step))
    return value


# ---- what the forward reads itself ------------------------------------------------------------


def held_parameter(values: torch.Tensor) -> Parameter:
    """Return a parameter that starts, whenever it is drawn, with these values."""
    kept = values.detach().clone()

    def start(tensor: torch.Tensor, generator: torch.Generator) -> None:
        tensor.copy_(kept)

    made = Parameter(tuple(kept.shape), start)
    made.data = made.data.to(kept.dtype)
    return made


class HeldBuffer(Buffer):
    """A buffer that keeps the values it was made with."""

    __slots__ = ()

    def __init__(self, values: torch.Tensor) -> None:
        super().__init__(tuple(values.shape), 0.0, values.dtype)
        self.data.copy_(values.detach())

    def reset(self) -> None:
        """Nothing changes such a buffer."""
