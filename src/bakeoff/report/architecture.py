"""What a network is made of, found by running it: layers, shapes, shared weights, branches.

Nothing here knows an architecture. `bakeoff.interop.trace` runs the network and tells its steps,
each layer being one; the steps become boxes, and what reads what arrows. An activation is written
into the box before it, and the calls of one set of weights become one box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

import torch
from attrs import evolve, frozen

from bakeoff.errors import InteropError
from bakeoff.interop.trace import Batch, Step, Trace, Value
from bakeoff.interop.trace import trace as trace_steps
from bakeoff.nn import Conv2d, Linear, Module, count_parameters

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
    """Run a network, which is initialised anew and left in training mode, on inputs of a shape.

    Of networks that give several outputs `main` names the main one.
    """
    network.initialise(0).train()
    example = torch.empty(1, *shape).normal_(generator=torch.Generator().manual_seed(0))
    layers = {
        name: module
        for name, module in network.named_modules()
        if name and next(iter(module.named_children()), None) is None
    }
    try:
        found = trace_steps(network, example, layers)
    except InteropError:  # what a network draws at random in training is no step for any batch
        found = trace_steps(network.eval(), example, layers)
        network.train()
    outputs = found.outputs if isinstance(found.outputs, Mapping) else {main: found.outputs}
    drawing = _Drawing(found, layers, outputs.values())
    drawing.add_output(main, outputs[main])
    needed, needed_arrows = range(len(drawing.boxes)), set(drawing.arrows)
    for name, out in outputs.items():
        if name != main:
            drawing.add_output(name, out)
    return drawing.finished(needed, needed_arrows)


def _sources(step: Step) -> list[int]:
    """Return the numbers of the steps that a step reads, -1 for the network's input."""
    return [x.step for x in step.inputs if isinstance(x, Value)]


class _Drawing:
    """Boxes and arrows as they are found."""

    def __init__(self, found: Trace, layers: Mapping[str, Module], ends: Iterable[Value]) -> None:
        self.boxes = [Box("input", "", _one(found.input_shape), role="input")]
        self.arrows: dict[tuple[int, int], None] = {}
        self._steps = found.steps
        self._layers = layers
        self._of_weights: dict[tuple[int, str], int] = {}
        # The boxes that a step's values come from: its own, or those that it was moved from.
        self._places: dict[int, list[int]] = {-1: [0]}
        readers = Counter(source for step in found.steps for source in _sources(step))
        readers.update(end.step for end in ends)
        # The activations that are written into the box of the layer before, by its step.
        self._activations = {
            source: name
            for step in found.steps
            if (name := self._activation(step))
            for source in _sources(step)
            if readers[source] == 1 and source >= 0 and self._steps[source].operation == "layer"
        }

    def add_output(self, name: str, out: Value) -> None:
        """Add an output, and what it was made from."""
        needed, waiting = {-1}, [out.step]
        while waiting:
            if (number := waiting.pop()) not in needed:
                needed.add(number)
                waiting += _sources(self._steps[number])
        for number in sorted(needed - self._places.keys()):
            before = [p for source in _sources(self._steps[number]) for p in self._places[source]]
            self._places[number] = self._add(number, list(dict.fromkeys(before)))
        shape = self._steps[out.step].shape if out.step >= 0 else self.boxes[0].shape
        self._put(Box(name, "", _one(shape), role="output"), None, self._places[out.step])

    def _add(self, number: int, before: list[int]) -> list[int]:
        """Add a step's box; a constant has none, nor an activation, nor what only moved values."""
        step, activation = self._steps[number], self._activations.get(number, "")
        sources = _sources(step)
        if len(sources) == 1 and sources[0] in self._activations:
            return before
        images = next((n.times for n in step.shape if isinstance(n, Batch)), 1)
        if step.operation == "layer":
            module = self._layers[step.params["layer"]]
            kind = described(module) + (activation and f", {activation}")
            count = count_parameters(module)
            box = Box(step.params["layer"], kind, _one(step.shape), count, images)
            return [self._put(box, (id(module), kind) if count else None, before)]
        if not before or step.operation in MOVES:
            return before
        box = Box(step.operation, "", _one(step.shape), 0, images, role="operation")
        return [self._put(box, None, before)]

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

    def _activation(self, step: Step) -> str:
        """Return what an activation is called, "" for any other step."""
        name = step.operation
        if name == "layer":
            module = self._layers[step.params["layer"]]
            name = "" if count_parameters(module) else type(module).__name__
        return {"relu": "ReLU"}.get(name, name) if name.lower() in ACTIVATIONS else ""

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


def _one(shape: tuple[int | Batch, ...]) -> tuple[int, ...]:
    """Return a shape without the batch."""
    return tuple(n for n in shape if not isinstance(n, Batch))


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
