"""PyTorch's functions of tensors on ours: what the forward of someone's torch.nn.Module may call.

Each takes its arguments as PyTorch's does, with axes counted N-first, and works batch-last: see
`Batched.axis`. Only a function that mixes the samples is turned, and turned back.
"""

from __future__ import annotations

import builtins
import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import torch
from attrs import frozen
from torch.nn import functional

from bakeoff import nn
from bakeoff.autodiff import Tensor, concat, leaky_relu
from bakeoff.errors import InteropError, ShapeError
from bakeoff.interop.layers import LAYERS
from bakeoff.nn import Buffer, Module, Parameter
from bakeoff.nn.layout import n_first, turn_in, turn_out
from bakeoff.nn.pointwise import Pointwise

Function = Callable[..., Any]


@frozen
class Batched:
    """Where the axes of a batch lie: the rounds in front, if any are in lockstep, and N last."""

    rounds: int | None

    @property
    def lead(self) -> int:
        """How many axes stand in front of a sample's."""
        return 0 if self.rounds is None else 1

    def shape(self, x: Tensor) -> tuple[int, ...]:
        """Return the shape as PyTorch's forward would see it: N first."""
        return n_first(x, self.rounds)[self.lead :]

    def seen(self, x: Tensor) -> Any:
        """Return what PyTorch's forward would see, but for the numbers."""
        return torch.empty(self.shape(x), device="meta")

    def axis(self, x: Tensor, dim: int) -> int:
        """Return which of our axes PyTorch's `dim` means: its first is our last."""
        axes = x.ndim - self.lead
        if not -axes <= dim < axes:
            raise ShapeError(f"got axis {dim}, expected one of {axes} axes")
        return self.lead + (dim - 1) % axes

    def turned(self, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Return what a function makes of x N-first, batch-last again."""
        return turn_in(function(turn_out(x, self.rounds)), self.rounds)


# ---- moving elements --------------------------------------------------------------------------


def _reshaped(method: str, at: Batched, input: Tensor, *args: Any, **named: Any) -> Tensor:
    before, lead = at.shape(input), input.shape[: at.lead]
    shape = _shape_after(method, before, *args, **named)
    if shape[:1] == before[:1]:
        return input.reshape(*lead, *shape[1:], *shape[:1])
    return at.turned(input, lambda x: x.reshape(*lead, *shape))


def _permuted(method: str, at: Batched, input: Tensor, *args: Any, **named: Any) -> Tensor:
    # Where each axis is as long as its number, the shape tells the order.
    order = _shape_after(method, range(len(at.shape(input))), *args, **named)
    first, *others = (at.axis(input, dim) for dim in order)
    return input.permute(*range(at.lead), *others, first)


def _shape_after(method: str, shape: Sequence[int], *args: Any, **named: Any) -> tuple[int, ...]:
    """Return the shape that PyTorch's method gives a tensor of a shape."""
    try:
        made = getattr(torch.empty(tuple(shape), device="meta"), method)(*args, **named)
    except (RuntimeError, IndexError, TypeError) as error:
        raise ShapeError(f"{method}: {str(error).partition(chr(10))[0]}") from error
    return tuple(made.shape)


def _getitem(at: Batched, input: Any, index: Any) -> Any:
    if not isinstance(input, Tensor):
        return input[index]
    parts = [*index] if isinstance(index, tuple) else [index]
    taken = sum(part is not None and part is not ... for part in parts)
    if parts[0] is ... and taken < len(at.shape(input)):
        parts.insert(0, slice(None))
    if ... not in parts:
        parts.append(...)
    lead = (slice(None),) * at.lead
    if parts[0] == slice(None):
        return input[(*lead, *parts[1:], slice(None))]
    return at.turned(input, lambda x: x[(*lead, *parts)])


def _cut(at: Batched, x: Tensor, method: str, how: Any, dim: int) -> tuple[Tensor, ...]:
    before = (slice(None),) * at.axis(x, dim)
    lengths = [piece.shape[dim] for piece in getattr(at.seen(x), method)(how, dim)]
    ends = zip(accumulate(lengths), lengths, strict=True)
    return tuple(x[(*before, slice(end - length, end))] for end, length in ends)


def _split(at: Batched, tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> Any:
    return _cut(at, tensor, "split", split_size_or_sections, dim)


def _unbind(at: Batched, input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    return tuple(MOVING["squeeze"](at, part, dim) for part in _split(at, input, 1, dim))


def _stack(at: Batched, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    apart = [MOVING["unsqueeze"](at, tensor, dim) for tensor in tensors]
    return concat(apart, dim=at.axis(apart[0], dim))


# ---- computing --------------------------------------------------------------------------------


def _between(function: Function, at: Batched, input: Any, other: Any) -> Any:
    a, b = _beside(at, input, other), _beside(at, other, input)
    if isinstance(a, Tensor) and isinstance(b, Tensor) and a.ndim != b.ndim:
        shapes = f"{at.shape(a)} and {at.shape(b)}"
        raise ShapeError(f"{function.__name__}: got shapes {shapes}, expected as many axes")
    return function(a, b)


def _beside(at: Batched, value: Any, other: Any) -> Any:
    """Return a value; a parameter is shaped to meet the axes of a batch."""
    if not isinstance(value, Parameter | Buffer):
        return value
    lead, own = value.shape[: at.lead], value.shape[at.lead :]
    axes = len(at.shape(other)) - 1
    if len(own) == axes + 1 and own[0] == 1:
        own = own[1:]
    return value.reshape(*lead, *[1] * (axes - len(own)), *own, 1)


def _over(method: str, at: Batched, input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    axes = tuple(at.axis(input, d) for d in ([dim] if isinstance(dim, int) else dim))
    out: Tensor = getattr(input, method)(axes, keepdim)
    # Without the samples' axis, the first of those that are left goes last.
    return out if keepdim or input.ndim - 1 not in axes else turn_in(out, at.rounds)


def _of_each(function: Function, at: Batched, *args: Any, **named: Any) -> Any:
    return function(*args, **named)


# ---- the table --------------------------------------------------------------------------------

MOVING: dict[str, Function] = {
    **{n: partial(_reshaped, n) for n in ("reshape", "view", "flatten", "unsqueeze", "squeeze")},
    **{n: partial(_permuted, n) for n in ("permute", "transpose", "swapaxes")},
    "contiguous": lambda at, input: input,
    "getitem": _getitem,
    "split": _split,
    "chunk": lambda at, input, chunks, dim=0: _cut(at, input, "chunk", chunks, dim),
    "unbind": _unbind,
}
"""Functions whose result may lie in their argument's memory."""
READING: dict[str, Function] = {
    "size": lambda at, input, dim=None: at.seen(input).size(dim),
    "getattr": lambda at, input, name: getattr(at.seen(input), name),
}
BETWEEN: dict[str, Function] = {
    "add": partial(_between, operator.add),
    "sub": partial(_between, operator.sub),
    "mul": partial(_between, operator.mul),
    "div": partial(_between, operator.truediv),
}
LAYER_OF: dict[str, type[Module]] = {
    **{name.lower(): kind for name, kind in LAYERS.items() if issubclass(kind, Pointwise)},
    "max_pool2d": nn.MaxPool2d,
    "avg_pool2d": nn.AvgPool2d,
}
"""Functions that a layer without weights computes: it takes the arguments that follow the input."""
EACH = ("tanh", "sigmoid", "exp", "log", "sqrt", "square", "abs", "relu", "clamp")
CALLS: dict[str, Function] = {
    **MOVING,
    **READING,
    **BETWEEN,
    **LAYER_OF,
    "cat": lambda at, tensors, dim=0: concat(tensors, dim=at.axis(tensors[0], dim)),
    "stack": _stack,
    "neg": partial(_of_each, operator.neg),
    "pow": lambda at, input, exponent: input**exponent,
    "leaky_relu": partial(_of_each, leaky_relu),
    **{name: partial(_of_each, getattr(Tensor, name)) for name in EACH},
    **{name: partial(_over, name) for name in ("sum", "mean", "logsumexp")},
    "softmax": lambda at, input, dim: input.softmax(at.axis(input, dim)),
    "log_softmax": lambda at, input, dim: input.log_softmax(at.axis(input, dim)),
}
"""By PyTorch's names, whether it is a tensor's method or a function of one of the `HOMES`."""
HOMES = (torch, functional, operator, builtins)
IN_PLACE = {"iadd": "add", "isub": "sub", "imul": "mul", "itruediv": "div"}
OTHER_NAMES = {**IN_PLACE, "truediv": "div", "true_divide": "div", "concat": "cat"}
# Arguments of PyTorch's that ours lack, and the values at which that makes no difference.
NO_DIFFERENCE: dict[str, list[Any]] = {
    "dtype": [None],
    "_stacklevel": [3],
    "inplace": [False, True],
}


def name_of(target: Any) -> str:
    """Return the name in `CALLS` of what a forward calls, or "" for what is not there."""
    told = str(getattr(target, "__name__", target))
    if not isinstance(target, str) and all(getattr(h, told, None) is not target for h in HOMES):
        return ""
    name = OTHER_NAMES.get(told, told)
    return name if name in CALLS else ""


def bound(
    function: Function, args: Sequence[Any], named: Mapping[str, Any], where: str
) -> inspect.BoundArguments:
    """Return the arguments of a call of PyTorch's as one of ours takes them."""
    known = {key: value for key, value in named.items() if value not in NO_DIFFERENCE.get(key, [])}
    if any(isinstance(value, torch.dtype) for value in (*args, *known.values())):
        raise InteropError(f"{where}: got another dtype, expected the network's own throughout")
    try:
        return inspect.signature(function).bind(None, *args, **known)
    except TypeError as error:
        raise InteropError(f"{where}: {error}") from error
