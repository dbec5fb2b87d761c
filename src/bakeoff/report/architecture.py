"""What a network is made of, found by running it: layers, shapes, shared weights, branches.

Nothing here knows an architecture. A network runs once, with its layers watched; then the tape is
walked back from each output to the input, and what lies between two layers is told by the
operations that it recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import torch
from attrs import field, frozen

from bakeoff.autodiff.tensor import Tensor
from bakeoff.nn import Conv2d, Linear, Module, batch_last, count_parameters

BATCH = 3
"""Pairs in the run; a layer whose batch is twice as long has both images in it."""

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
    """One set of weights, or one operation without any.

    Attributes:
        name: the module's dotted name; "input", an output's name, or the operation's.
        kind: the layer's class with its arguments, "" for inputs and outputs.
        shape: of what comes out, for one image or pair, without the batch.
        parameters: numbers that training changes.
        images: 2 where both images of each pair go through it as one batch, else 1.
        uses: how often it is used in one forward pass.
        role: "input", "layer", "operation" or "output".
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int = 0
    images: int = 1
    uses: int = 1
    role: str = "layer"

    @property
    def shared(self) -> bool:
        """Whether several inputs go through the same weights."""
        return self.parameters > 0 and self.images * self.uses > 1


@frozen
class Architecture:
    """A network as boxes and arrows.

    Attributes:
        boxes: in an order in which every arrow points forward.
        arrows: pairs of places in `boxes`, from and to.
        main: places of the boxes that the main output needs; the others are auxiliary branches.
        main_arrows: the arrows that the main output needs.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int], ...]
    main: frozenset[int]
    main_arrows: frozenset[tuple[int, int]]


@frozen(eq=False)
class _Step:
    """Something that was run: a layer's call, an operation, the input, or an output."""

    box: Box
    owner: int | None = None  # the module's identity, where it has weights
    sources: list[_Step] = field(factory=list)


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
    with _watched(network) as calls, batch_last():
        given = network(x)
    outputs: Mapping[str, Tensor] = given if isinstance(given, Mapping) else {main: given}
    made = {id(x): _Step(Box("input", "", shape, role="input"))}
    ends = {
        name: _Step(
            Box(name, "", tuple(out.shape[:-1]), role="output"), sources=_sources(out, calls, made)
        )
        for name, out in outputs.items()
    }
    return _merged(list(ends.values()), ends[main])


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


_watched = _Calls


def _is_leaf(module: Module) -> bool:
    return next(iter(module.named_children()), None) is None


def _sources(out: Tensor, calls: _Calls, made: dict[int, _Step]) -> list[_Step]:
    """Return what a tensor was made from, each as a step; made by walking back, without recursion.

    A tensor's steps are its own, if a layer or operation made it, or those of what it was moved
    from.
    """
    steps: dict[int, list[_Step]] = {key: [step] for key, step in made.items()}
    waiting = [out]
    while waiting:
        tensor = waiting[-1]
        if id(tensor) in steps:
            waiting.pop()
            continue
        parents = list(_parents(tensor, calls))
        missing = [p for p in parents if id(p) not in steps]
        if missing:
            waiting += missing
            continue
        before = _unique(step for p in parents for step in steps[id(p)])
        step = _step(tensor, calls, before)
        steps[id(tensor)] = before if step is None else [step]
        if step is not None:
            made[id(tensor)] = step
        waiting.pop()
    return steps[id(out)]


def _parents(tensor: Tensor, calls: _Calls) -> Iterator[Tensor]:
    if id(tensor) in calls.by_output:
        inputs: tuple[Any, ...] = calls.by_output[id(tensor)][2]
    else:
        inputs = tensor.node.inputs if tensor.node is not None else ()
    return (x for x in inputs if isinstance(x, Tensor))


def _step(tensor: Tensor, calls: _Calls, before: list[_Step]) -> _Step | None:
    """Return the step that made a tensor; None for a constant, or where values only moved."""
    shape = tuple(tensor.shape[:-1])
    images = max(1, tensor.shape[-1] // BATCH) if tensor.ndim else 1
    if id(tensor) in calls.by_output:
        name, module, _, _ = calls.by_output[id(tensor)]
        count = count_parameters(module)
        kind = described(module)
        return _Step(Box(name, kind, shape, count, images), id(module) if count else None, before)
    if tensor.node is None or not before or tensor.node.operation.name in MOVES:
        return None
    box = Box(tensor.node.operation.name, "", shape, 0, images, role="operation")
    return _Step(box, None, before)


def _unique(steps: Iterator[_Step]) -> list[_Step]:
    return list({id(step): step for step in steps}.values())


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


# ---- from calls to boxes ---------------------------------------------------------------------


def _merged(ends: list[_Step], main: _Step) -> Architecture:
    """Draw activations into the box before, calls of the same weights into one box."""
    order = _in_order(ends)
    kept = _without_activations(order)
    groups = _groups(kept)
    boxes: list[Box] = []
    place: dict[int, int] = {}
    for group in _topological(groups):
        place |= {id(step): len(boxes) for step in group}
        boxes.append(attrs.evolve(group[0].box, uses=len(group)))
    needed = {id(step) for step in _in_order([kept[kept.index(main)]])}
    arrows = {
        (place[id(source)], place[id(step)]): id(step) in needed and id(source) in needed
        for step in sorted(kept, key=lambda step: id(step) in needed)
        for source in step.sources
    }
    return Architecture(
        tuple(boxes),
        tuple(sorted(arrows)),
        frozenset(place[key] for key in needed),
        frozenset(arrow for arrow, in_main in arrows.items() if in_main),
    )


def _in_order(ends: list[_Step]) -> list[_Step]:
    """Return all steps, each after its sources."""
    order: dict[int, _Step] = {}
    waiting = list(reversed(ends))
    while waiting:
        step = waiting[-1]
        missing = [source for source in step.sources if id(source) not in order]
        waiting += reversed(missing)
        if not missing:
            order[id(waiting.pop())] = step
    return list(order.values())


def _without_activations(order: list[_Step]) -> list[_Step]:
    """Write each activation into the only step that it follows, if it is that step's only reader.

    The steps are changed in place and returned without those that were written into others.
    """
    readers = Counter(id(source) for step in order for source in step.sources)
    became: dict[int, _Step] = {}
    kept: list[_Step] = []
    for step in order:
        step.sources[:] = [became.get(id(source), source) for source in step.sources]
        (first, *rest) = step.sources or [step]
        activation = _activation(step.box)
        if activation and not rest and readers[id(first)] == 1 and first.box.role == "layer":
            kind = f"{first.box.kind}, {activation}"
            written = attrs.evolve(first, box=attrs.evolve(first.box, kind=kind))
            kept[kept.index(first)] = written
            became[id(step)] = written
            readers[id(written)] = readers[id(step)]
            continue
        kept.append(step)
    return kept


def _activation(box: Box) -> str:
    """Return what an activation is called, "" for anything else."""
    name = box.name if box.role == "operation" else box.kind.partition(" ")[0]
    known = box.role in ("operation", "layer") and not box.parameters
    return {"relu": "ReLU"}.get(name, name) if known and name.lower() in ACTIVATIONS else ""


def _groups(steps: list[_Step]) -> list[list[_Step]]:
    """Put calls of the same weights together, where no arrow then turns back."""
    groups = [[step] for step in steps]
    for owner, uses in Counter(step.owner for step in steps).items():
        if owner is None or uses < 2:
            continue
        mine = [group for group in groups if group[0].owner == owner]
        if len({group[0].box.kind for group in mine}) > 1:
            continue
        joined = [*(g for g in groups if g not in mine), [step for g in mine for step in g]]
        if _topological(joined):
            groups = joined
    return groups


def _topological(groups: list[list[_Step]]) -> list[list[_Step]]:
    """Return the groups in an order in which sources come first; none if they form a circle."""
    place = {id(step): i for i, group in enumerate(groups) for step in group}
    left = {
        i: {place[id(source)] for step in group for source in step.sources}
        for i, group in enumerate(groups)
    }
    order = []
    while left:
        ready = [i for i, sources in left.items() if not sources & left.keys()]
        if not ready:
            return []
        order += [groups[i] for i in ready]
        for i in ready:
            del left[i]
    return order
