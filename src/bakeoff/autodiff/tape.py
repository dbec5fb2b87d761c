"""The tape: what each tensor was made from, and the walk back over it.

Reverse-mode differentiation (Griewank & Walther 2008, "Evaluating Derivatives", section 3.2): visit
the tensors from the output to the leaves, each only after all that was made from it, and hand each
operation's gradient on to its inputs by the operation's rules. The walk is iterative, so a chain
of 100,000 operations needs no deep recursion.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from bakeoff.autodiff import kernels
from bakeoff.errors import GraphError, ShapeError

if TYPE_CHECKING:
    from bakeoff.autodiff.operation import Operation
    from bakeoff.autodiff.tensor import Tensor


class Node:
    """One step on the tape: the operation that made a tensor, its inputs and fixed parameters.

    Attributes:
        arrays: what the inputs and the result held, numbers as they are; None for arrays that were
            made under `torch.inference_mode`, which have no count.
        versions: how often each array had been changed in place by then, by torch's count.
        scope: while a plan is captured, the module that the step belongs to.
    """

    __slots__ = ("arrays", "freed", "inputs", "operation", "params", "scope", "versions")

    def __init__(
        self,
        operation: Operation,
        inputs: tuple[Any, ...],
        params: dict[str, Any],
        arrays: tuple[Any, ...] = (),
    ) -> None:
        self.operation = operation
        self.inputs = inputs
        self.params = params
        self.freed = False
        self.scope: object = None
        if torch.is_inference_mode_enabled():  # leaves alone can have been made outside of it
            held = zip(inputs, arrays)  # noqa: B905 - what is made here has no count
            arrays = tuple(
                [
                    None if getattr(x, "node", 0) is not None or a.is_inference() else a
                    for x, a in held
                ]
            )
        try:
            self.versions = tuple([getattr(a, "_version", 0) for a in arrays])
        except RuntimeError:
            arrays = tuple([None if getattr(a, "is_inference", bool)() else a for a in arrays])
            self.versions = tuple([getattr(a, "_version", 0) for a in arrays])
        self.arrays = arrays

    def parents(self) -> Iterator[tuple[int, Tensor]]:
        """Yield (position, tensor) of each input that wants a gradient."""
        for position, value in enumerate(self.inputs):
            if getattr(value, "requires_grad", False):
                yield position, value

    def changed(self, out: Tensor) -> Sequence[int]:
        """Return the positions of inputs that hold something else now; the result is the last."""
        for x, array, version in zip((*self.inputs, out), self.arrays, self.versions):  # noqa: B905
            # A number is itself; None has no count.
            if x is array or array is None or (x.data is array and array._version == version):
                continue
            break
        else:
            return ()
        held = enumerate(zip((*self.inputs, out), self.arrays))  # noqa: B905
        return [
            i
            for i, (x, array) in held
            if x is not array
            and array is not None
            and (x.data is not array or array._version != self.versions[i])
        ]

    def free(self) -> None:
        """Let go of the inputs, so that their memory can be used again."""
        self.inputs = self.arrays = ()
        self.freed = True


class _Mode(threading.local):
    recording = True


_mode = _Mode()


def grad_enabled() -> bool:
    """Return whether operations are being remembered in this thread."""
    return _mode.recording


@contextmanager
def set_grad(enabled: bool) -> Iterator[None]:
    """Remember operations, or not, inside a `with` block; also usable as a decorator."""
    before = _mode.recording
    _mode.recording = enabled
    try:
        yield
    finally:
        _mode.recording = before


def no_grad() -> Any:
    """Compute without remembering: `with no_grad(): ...`, or `@no_grad()` on a function."""
    return set_grad(False)


def consumers_first(root: Tensor, stop: frozenset[int]) -> list[Tensor]:
    """Return the tensors that `root` was made from, each after everything made from it.

    Tensors whose `id` is in `stop` are listed but not walked past. A freed graph is refused.
    """
    order: list[Tensor] = []
    seen = {id(root)}
    stack: list[tuple[Tensor, Iterator[tuple[int, Tensor]] | None]] = [(root, None)]
    while stack:
        tensor, parents = stack.pop()
        if parents is None:
            node = tensor.node if id(tensor) not in stop else None
            if node is not None and node.freed:
                raise GraphError(
                    f"backward: the graph through {node.operation.name} was already used and freed;"
                    " call the first backward with retain_graph=True, or run the forward again"
                )
            parents = node.parents() if node is not None else iter(())
        for _, parent in parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack += [(tensor, parents), (parent, None)]
                break
        else:
            order.append(tensor)
    order.reverse()
    return order


def pull_back(
    root: Tensor,
    cotangent: Tensor,
    *,
    stop: frozenset[int] = frozenset(),
    create_graph: bool = False,
    retain_graph: bool = False,
) -> list[tuple[Tensor, Tensor]]:
    """Return (tensor, gradient) for every leaf, and every tensor in `stop`, that `root` depends on.

    Args:
        root: the tensor to differentiate, of any shape.
        cotangent: the gradient of the final loss with respect to `root`, of root's shape.
        stop: ids of tensors to treat as leaves.
        create_graph: remember the walk itself, so that the gradients can be differentiated.
        retain_graph: keep the graph for another walk.
    """
    recorder = kernels.state.recorder
    gradients = {id(root): cotangent}
    ends: list[tuple[Tensor, Tensor]] = []
    with set_grad(create_graph):
        for tensor in consumers_first(root, stop):
            g = gradients.pop(id(tensor), None)
            if g is None:
                continue
            node = tensor.node
            if node is None or id(tensor) in stop:
                ends.append((tensor, g))
                continue
            if recorder is not None:
                recorder.scope = node.scope  # whose derivative rules run now
            changed = node.changed(tensor)
            for position, parent in node.parents():
                part = node.operation.gradient(position, g, tensor, node, changed)
                if part is None:
                    continue
                # The one place where broadcasting, of shapes and of dtypes, is undone.
                if part.data.shape != parent.data.shape:
                    part = _sum_to(parent.shape, part, node, position)
                if part.data.dtype != parent.data.dtype:
                    part = part.to(parent.dtype)
                earlier = gradients.get(id(parent))
                gradients[id(parent)] = part if earlier is None else earlier + part
            if not (retain_graph or create_graph):
                node.free()
        if recorder is not None:
            recorder.scope = None
    return ends


def _sum_to(shape: Sequence[int], part: Tensor, node: Node, position: int) -> Tensor:
    try:
        return part.sum_to(shape)
    except ShapeError as error:
        raise ShapeError(
            f"backward: {node.operation.name}: the rule of input {position} gave a gradient of"
            f" shape {tuple(part.shape)}, expected {tuple(shape)} or what it broadcasts to"
        ) from error
