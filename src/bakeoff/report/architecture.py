"""What a network is made of, found by running it: layers, shapes, shared weights, branches.

Nothing here knows an architecture. A network runs once, with its layers watched; then the tape is
walked back from each output to the input, and what lies between two layers is told by the
operations that it recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from bakeoff.autodiff.tensor import Tensor
from bakeoff.nn import Conv2d, Linear, Module, batch_last, count_parameters
from bakeoff.report.boxes import Architecture, Box, Step, merged

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
    made = {id(x): Step(Box("input", "", shape, role="input"))}
    ends = {
        name: Step(
            Box(name, "", tuple(out.shape[:-1]), role="output"), sources=_sources(out, calls, made)
        )
        for name, out in outputs.items()
    }
    return merged(list(ends.values()), ends[main])


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


def _sources(out: Tensor, calls: _Calls, made: dict[int, Step]) -> list[Step]:
    """Return what a tensor was made from, each as a step; made by walking back, without recursion.

    A tensor's steps are its own, if a layer or operation made it, or those of what it was moved
    from.
    """
    steps: dict[int, list[Step]] = {key: [step] for key, step in made.items()}
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


def _step(tensor: Tensor, calls: _Calls, before: list[Step]) -> Step | None:
    """Return the step that made a tensor; None for a constant, or where values only moved."""
    shape = tuple(tensor.shape[:-1])
    images = max(1, tensor.shape[-1] // BATCH) if tensor.ndim else 1
    if id(tensor) in calls.by_output:
        name, module, _, _ = calls.by_output[id(tensor)]
        count = count_parameters(module)
        kind = described(module)
        return Step(Box(name, kind, shape, count, images), id(module) if count else None, before)
    if tensor.node is None or not before or tensor.node.operation.name in MOVES:
        return None
    box = Box(tensor.node.operation.name, "", shape, 0, images, role="operation")
    return Step(box, None, before)


def _unique(steps: Iterator[Step]) -> list[Step]:
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
