"""A network as boxes and arrows, made from the steps that were run.

An activation is written into the box before it, and the calls of one set of weights become one box.
"""

from __future__ import annotations

from collections import Counter

import attrs
from attrs import field, frozen

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
class Step:
    """Something that was run: a layer's call, an operation, the input, or an output."""

    box: Box
    owner: int | None = None  # the module's identity, where it has weights
    sources: list[Step] = field(factory=list)


def merged(ends: list[Step], main: Step) -> Architecture:
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


def _in_order(ends: list[Step]) -> list[Step]:
    """Return all steps, each after its sources."""
    order: dict[int, Step] = {}
    waiting = list(reversed(ends))
    while waiting:
        step = waiting[-1]
        missing = [source for source in step.sources if id(source) not in order]
        waiting += reversed(missing)
        if not missing:
            order[id(waiting.pop())] = step
    return list(order.values())


def _without_activations(order: list[Step]) -> list[Step]:
    """Write each activation into the only step that it follows, if it is that step's only reader.

    The steps are changed in place and returned without those that were written into others.
    """
    readers = Counter(id(source) for step in order for source in step.sources)
    became: dict[int, Step] = {}
    kept: list[Step] = []
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


def _groups(steps: list[Step]) -> list[list[Step]]:
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


def _topological(groups: list[list[Step]]) -> list[list[Step]]:
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
