"""What a network is made of, found by running it: layers, shapes, shared weights, branches.

Nothing here knows an architecture. A network runs once, with its layers watched; then the tape is
walked from the input to each output, and what lies between two layers is told by the operations
that it recorded. An activation is written into the box before it, and the calls of one set of
weights become one box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Any

import torch
from attrs import evolve, frozen

from bakeoff.autodiff.tensor import Tensor
from bakeoff.nn import Conv2d, Linear, Module, batch_last, count_parameters

BATCH = 3
"""Examples in the run; a layer whose batch is twice as long has both images of each pair in it."""

# Operations that only move values: an arrow passes through them.
MOVES = frozenset(
    [
        "alias",
        "contiguous",
        "cast",
        "reshape",
        "permute",
        "expand",
        "stack",
        "concat",
        "slice",
        "pad",
        "index_select",
    ]
)


# What is written into the box of the layer before, if that has no other reader.
ACTIVATIONS = frozenset(
    ["relu", "leaky_relu", "sigmoid", "tanh", "softplus", "log_softmax", "softmax"]
)


@frozen
class Box:
    """One set of weights, or one operation without any."""

    name: str  # the module's dotted name; "input", an output's name, or the operation's
    kind: str  # the layer's class with its arguments, "" for inputs and outputs
    shape: tuple[int, ...]  # of what comes out, for one image or pair, without the batch
    parameters: int = 0  # numbers that training changes
    images: int = 1  # 2 where both images of each pair go through it as one batch, else 1
    uses: int = 1  # how often it is used in one forward pass
    role: str = "layer"  # "input", "layer", "operation" or "output"

    @property
    def shared(self) -> bool:
        """Whether several inputs go through the same weights."""
        return self.parameters > 0 and self.images * self.uses > 1


@frozen
class Architecture:
    """A network as boxes and arrows."""

    boxes: tuple[Box, ...]  # in an order in which every arrow points forward
    arrows: tuple[tuple[int, int], ...]  # pairs of places in `boxes`, from and to
    # Places of the boxes that the main output needs; the others are auxiliary branches.
    main: frozenset[int]
    main_arrows: frozenset[tuple[int, int]]  # the arrows that the main output needs


def trace(network: Module, shape: tuple[int, ...], main: str = "target") -> Architecture:
    """Run a network and return its architecture.

    Args:
        network: of bakeoff's own layers; it is initialised anew, and left in training mode.
        shape: of one input, without the batch, such as (2, 14, 14).
        main: the main output's name, for networks that give several.
    """
    network.initialise(0).train()
    x = Tensor(torch.zeros(*shape, BATCH).normal_(generator=torch.Generator().manual_seed(0)))
    x.requires_grad = True
    with _Calls(network) as calls, batch_last():
        given = network(x)
    outputs: Mapping[str, Tensor] = given if isinstance(given, Mapping) else {main: given}
    drawing = _Drawing(calls, x, list(outputs.values()))
    drawing.add_output(main, outputs[main])
    needed, needed_arrows = range(len(drawing.boxes)), set(drawing.arrows)
    for name, out in outputs.items():
        if name != main:
            drawing.add_output(name, out)
    return drawing.finished(needed, needed_arrows)


class _Calls:
    """The calls of a network's layers, by the identity of what they gave; a context manager."""

    def __init__(self, network: Module) -> None:
        self.layers = {
            name: module for name, module in network.named_modules() if name and _is_leaf(module)
        }
        self.by_output: dict[int, tuple[str, Module, tuple[Any, ...], Tensor]] = {}

    def __enter__(self) -> _Calls:
        for name, module in self.layers.items():
            module.forward = self._noting(name, module)  # type: ignore[method-assign]
        return self

    def __exit__(self, *raised: object) -> None:
        for module in self.layers.values():
            del module.forward

    def _noting(self, name: str, module: Module) -> Any:
        plain = module.forward

        def forward(*inputs: Any) -> Any:
            out = plain(*inputs)
            if isinstance(out, Tensor):
                self.by_output[id(out)] = (name, module, inputs, out)
            return out

        return forward


def _is_leaf(module: Module) -> bool:
    return next(iter(module.named_children()), None) is None


def _parents(tensor: Tensor, calls: _Calls) -> list[Tensor]:
    if id(tensor) in calls.by_output:
        inputs: tuple[Any, ...] = calls.by_output[id(tensor)][2]
    else:
        inputs = tensor.node.inputs if tensor.node is not None else ()
    return [x for x in inputs if isinstance(x, Tensor)]


def _walked(ends: list[Tensor], calls: _Calls) -> list[Tensor]:
    """Return all tensors that `ends` were made from, and these, each after its parents."""
    found: dict[int, Tensor] = {}
    parents: dict[int, list[int]] = {}
    waiting = list(ends)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) not in found:
            found[id(tensor)] = tensor
            before = _parents(tensor, calls)
            parents[id(tensor)] = [id(x) for x in before]
            waiting += reversed(before)
    return [found[key] for key in TopologicalSorter(parents).static_order()]


class _Drawing:
    """Boxes and arrows as they are found.

    Args:
        calls: of the network's layers.
        x: its input.
        ends: its outputs.
    """

    def __init__(self, calls: _Calls, x: Tensor, ends: list[Tensor]) -> None:
        self.boxes = [Box("input", "", tuple(x.shape[:-1]), role="input")]
        self.arrows: dict[tuple[int, int], None] = {}
        self._calls = calls
        self._of_weights: dict[tuple[int, str], int] = {}
        # The boxes that a tensor's values come from: its own, or those that it was moved from.
        self._places: dict[int, list[int]] = {id(x): [0]}
        every = _walked(ends, calls)
        readers = Counter(id(p) for t in every for p in _parents(t, calls))
        readers.update(id(end) for end in ends)
        self._activations = {
            id(parent): name
            for t in every
            if (name := _activation(t, calls))
            for parent in _parents(t, calls)
            if readers[id(parent)] == 1 and id(parent) in calls.by_output
        }

    def add_output(self, name: str, out: Tensor) -> None:
        """Add an output, and what it was made from."""
        for tensor in _walked([out], self._calls):
            if id(tensor) not in self._places:
                before = [
                    place for p in _parents(tensor, self._calls) for place in self._places[id(p)]
                ]
                self._places[id(tensor)] = self._add(tensor, list(dict.fromkeys(before)))
        end = Box(name, "", tuple(out.shape[:-1]), role="output")
        self._put(end, None, self._places[id(out)])

    def _add(self, tensor: Tensor, before: list[int]) -> list[int]:
        """Add the box of what made a tensor; a constant has none, nor what only moved values."""
        shape = tuple(tensor.shape[:-1])
        images = max(1, tensor.shape[-1] // BATCH) if tensor.ndim else 1
        parents = _parents(tensor, self._calls)
        if len(parents) == 1 and id(parents[0]) in self._activations:
            return before
        if id(tensor) in self._calls.by_output:
            name, module, _, _ = self._calls.by_output[id(tensor)]
            kind = described(module)
            if id(tensor) in self._activations:
                kind += f", {self._activations[id(tensor)]}"
            count = count_parameters(module)
            weights = (id(module), kind) if count else None
            return [self._put(Box(name, kind, shape, count, images), weights, before)]
        if tensor.node is None or not before or tensor.node.operation.name in MOVES:
            return before
        name = tensor.node.operation.name
        return [self._put(Box(name, "", shape, 0, images, role="operation"), None, before)]

    def _put(self, box: Box, weights: tuple[int, str] | None, before: list[int]) -> int:
        """Return a box's place: that of its weights' earlier calls, if no arrow then turns back."""
        place = self._of_weights.get(weights, -1) if weights else -1
        if place < 0 or any(self._leads(place, source) for source in before):
            place = len(self.boxes)
            self.boxes.append(box)
        else:
            self.boxes[place] = evolve(self.boxes[place], uses=self.boxes[place].uses + 1)
        if weights:
            self._of_weights[weights] = place
        self.arrows |= dict.fromkeys((source, place) for source in before)
        return place

    def _leads(self, start: int, end: int) -> bool:
        return start == end or any(self._leads(b, end) for a, b in self.arrows if a == start)

    def finished(self, main: range, main_arrows: set[tuple[int, int]]) -> Architecture:
        """Return all boxes in an order in which every arrow points forward."""
        sources = {b: [a for a, to in self.arrows if to == b] for b in range(len(self.boxes))}
        order = list(TopologicalSorter(sources).static_order())
        place = {box: i for i, box in enumerate(order)}
        moved = {(a, b): (place[a], place[b]) for a, b in self.arrows}
        return Architecture(
            tuple(self.boxes[i] for i in order),
            tuple(sorted(moved.values())),
            frozenset(place[i] for i in main),
            frozenset(moved[arrow] for arrow in main_arrows),
        )


def _activation(tensor: Tensor, calls: _Calls) -> str:
    """Return what an activation that made a tensor is called, "" for anything else."""
    if id(tensor) in calls.by_output:
        module = calls.by_output[id(tensor)][1]
        name = "" if count_parameters(module) else type(module).__name__
    else:
        name = tensor.node.operation.name if tensor.node is not None else ""
    return {"relu": "ReLU"}.get(name, name) if name.lower() in ACTIVATIONS else ""


def described(module: Module) -> str:
    """Return a layer's class and what shapes it, as short as a drawing needs."""
    kind = type(module).__name__
    if isinstance(module, Linear):
        return f"{kind} {module.in_features}→{module.out_features}"
    if isinstance(module, Conv2d):
        pad = "" if module.padding == (0, 0) else f", pad {_size(module.padding)}"
        step = "" if module.stride == (1, 1) else f", stride {_size(module.stride)}"
        channels = f"{module.in_channels}→{module.out_channels}"
        return f"{kind} {channels}, {_size(module.kernel_size, whole=True)}{pad}{step}"
    size = getattr(module, "kernel_size", None)
    if isinstance(size, tuple):
        return f"{kind} {_size(size, whole=True)}"
    told = module.describe().split(", ")
    # What stands without a name shapes the layer; the rest matters only where that is all.
    plain = [word for word in told if "=" not in word]
    return f"{kind} {', '.join(plain or told)}".strip()


def _size(pair: tuple[int, ...], *, whole: bool = False) -> str:
    same = len(set(pair)) == 1 and not whole
    return str(pair[0]) if same else "×".join(map(str, pair))
