"""What a network of ours does to a batch, as a list of steps that no longer needs the network.

The forward pass runs once with the tape on. Layers of `bakeoff.nn` are steps of their own; between
them stand the operations that the network's own `forward` calls. It runs a second time with a batch
of another size: a length that has changed with it is a multiple of the number of samples, and is
written so. Shapes and axes are those of the inside: batch-last.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from attrs import fields, frozen

from bakeoff.autodiff import Tensor
from bakeoff.autodiff.operation import Operation
from bakeoff.autodiff.tape import Node, consumers_first, set_grad
from bakeoff.errors import InteropError
from bakeoff.interop.torch_layers import FROM_OURS
from bakeoff.nn import Activation, Module, batch_last

SIZES = (3, 5)
LAYER = Operation(lambda *inputs: inputs[0])
LAYER.name = "layer"


@frozen
class Batch:
    """A length that is `times` the number of samples."""

    times: int


@frozen
class Value:
    """The result of the step of that number; -1 is the network's input."""

    step: int


@frozen(eq=False)
class Constant:
    """An array that a step reads: a parameter or buffer by its name, or unnamed values."""

    name: str
    values: torch.Tensor


@frozen(eq=False)
class Step:
    """One step of a network, and the shape of its result."""

    operation: str  # its name, or "layer" for a call of the layer `params["layer"]`
    inputs: tuple[Any, ...]  # values, constants and Python numbers
    params: Mapping[str, Any]
    shape: tuple[int | Batch, ...]


@frozen(eq=False)
class Trace:
    """All steps, in order, and which values are the outputs: by name, or a single one."""

    steps: tuple[Step, ...]
    outputs: Mapping[str, Value] | Value
    input_shape: tuple[int | Batch, ...]


def trace(
    network: Module, example: torch.Tensor, layers: Mapping[str, Module] | None = None
) -> Trace:
    """Return the steps of a network in its present mode, training or evaluation.

    Args:
        network: drawn, a single round.
        example: (N, ...), a batch that fits it, N at least 1; its values do not matter.
        layers: what is one step, by its dotted name; by default, what `leaves` finds.

    Raises:
        InteropError: for a network whose steps depend on the number of samples, or whose modules
            draw random numbers of their own.
    """
    layers = leaves(network) if layers is None else layers
    first, second = (
        _record(network, example[torch.arange(size) % len(example)], layers) for size in SIZES
    )
    try:
        merged: Trace = _merge(first, second)
    except _DifferentError as error:
        raise InteropError(
            f"{type(network).__name__}: its steps depend on the number of samples (with"
            f" {SIZES[0]} and {SIZES[1]} of them: {error}), expected the same ones for any batch"
        ) from None
    return merged


def leaves(network: Module) -> dict[str, Module]:
    """Return the layers that are steps of their own, by their dotted names."""
    found = {}
    for name, module in network.named_modules():
        if type(module) in FROM_OURS or isinstance(module, Activation):
            found[name] = module
        elif type(module).set_streams is not Module.set_streams:
            raise InteropError(
                f"layer {name!r}: {type(module).__name__} draws random numbers of its own, which"
                " no other tool would draw alike, expected Dropout alone to do so"
            )
    return found


# ---- recording --------------------------------------------------------------------------------


class _Watched(Module):
    """Stands in a copy of the network for a layer, and leaves a mark on the tape."""

    def __init__(self, name: str, layer: Module) -> None:
        self.name, self.layer = name, layer

    def forward(self, *inputs: Tensor) -> Any:
        mode = self.layer.training
        self.layer.training = False  # so that neither statistics nor streams move
        try:
            given = self.layer(*inputs)
        finally:
            self.layer.training = mode
        if not isinstance(given, Tensor):
            return given
        out = Tensor(given.data.clone(), requires_grad=True)
        out.node = Node(LAYER, inputs, {"layer": self.name})
        return out


def _record(network: Module, example: torch.Tensor, layers: Mapping[str, Module]) -> Trace:
    named: dict[int, str] = {id(t): name for name, t in network._state().items()}
    # A copy of modules alone: layers are replaced by their stand-ins, weights are shared.
    memo: dict[int, Any] = {id(tensor): tensor for tensor in network._state().values()}
    for name, layer in layers.items():
        memo[id(layer)] = _Watched(name, layer)
    watched = copy.deepcopy(network, memo)
    x = Tensor(example.movedim(0, -1).contiguous() if example.ndim > 1 else example, True)
    with set_grad(True), batch_last():
        outputs = watched(x)
    given = outputs if isinstance(outputs, Mapping) else {"": outputs}
    if not all(isinstance(out, Tensor) for out in given.values()):
        raise InteropError(
            f"{type(network).__name__}: gives a {type(outputs).__name__}, expected a tensor or a"
            " mapping of tensors"
        )
    # Every tensor stays alive in `order`, so no id is used twice.
    order = list(_in_order(given.values()))
    numbers = {id(x): -1}
    steps: list[Step] = []
    for tensor in order:
        if tensor.node is not None:
            inputs = tuple(_reference(value, numbers, named) for value in tensor.node.inputs)
            numbers[id(tensor)] = len(steps)
            params = dict(tensor.node.params)
            steps.append(Step(tensor.node.operation.name, inputs, params, tuple(tensor.shape)))
    for name, out in given.items():
        if id(out) not in numbers:
            raise InteropError(
                f"{type(network).__name__}: its output {name!r} does not follow from its input by"
                " operations that the tape remembers"
            )
    found = {name: Value(numbers[id(out)]) for name, out in given.items()}
    return Trace(tuple(steps), found if isinstance(outputs, Mapping) else found[""], tuple(x.shape))


def _in_order(outputs: Any) -> Iterator[Tensor]:
    """Yield every tensor that the outputs were made from, each once, the earliest first."""
    seen: set[int] = set()
    for out in outputs:
        for tensor in reversed(consumers_first(out, frozenset())):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                yield tensor


def _reference(value: Any, numbers: Mapping[int, int], named: Mapping[int, str]) -> Any:
    if not isinstance(value, Tensor):
        return value
    if id(value) in numbers:
        return Value(numbers[id(value)])
    return Constant(named.get(id(value), ""), value.data)


# ---- two batch sizes --------------------------------------------------------------------------


def alike(a: Trace, b: Trace) -> bool:
    """Tell whether two traces are the same steps."""
    try:
        _merge(a, b)
    except _DifferentError:
        return False
    return True


class _DifferentError(Exception):
    """Two recordings differ in more than the batch's length."""


def _merge(a: Any, b: Any) -> Any:
    """Return what is common to two recordings, with `Batch` where the batch's length stood."""
    if type(a) is not type(b):
        raise _DifferentError(f"a {type(a).__name__} and a {type(b).__name__}")
    if isinstance(a, Trace | Step):
        names = [field.name for field in fields(type(a))]
        return type(a)(*(_merge(getattr(a, name), getattr(b, name)) for name in names))
    if isinstance(a, Constant):
        if a.name == b.name and (a.name or torch.equal(a.values, b.values)):
            return a
        raise _DifferentError("an array that it makes of the batch, unknown to the tape")
    if isinstance(a, Mapping):
        values = _merge(tuple(a.values()), tuple(b.values()))
        return dict(zip(_merge(tuple(a), tuple(b)), values, strict=True))
    if isinstance(a, slice):
        return slice(*_merge((a.start, a.stop, a.step), (b.start, b.stop, b.step)))
    if isinstance(a, tuple | list):
        if len(a) != len(b):
            raise _DifferentError(f"{len(a)} and {len(b)} operations or values")
        return tuple(_merge(x, y) for x, y in zip(a, b, strict=True))
    return _merge_numbers(a, b)


def _merge_numbers(a: Any, b: Any) -> Any:
    if a == b:
        return a
    if isinstance(a, int) and a * SIZES[1] == b * SIZES[0] and a % SIZES[0] == 0:
        return Batch(a // SIZES[0])
    raise _DifferentError(f"{a!r} and {b!r}")
