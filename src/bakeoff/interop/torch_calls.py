"""PyTorch's functions of tensors on ours: what the forward of someone's module may call.

Each takes its arguments as PyTorch's does, with axes counted N-first, and works batch-last. Where a
function leaves the batch's axis alone, it is one operation; any other is turned and turned back.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from attrs import frozen
from torch.nn import functional

from bakeoff.autodiff import Tensor, concat, leaky_relu
from bakeoff.errors import InteropError, ShapeError
from bakeoff.nn import AvgPool2d, MaxPool2d
from bakeoff.nn.layout import n_first


@frozen(eq=False)
class Held:
    """A parameter or buffer, which has no batch axis."""

    tensor: Tensor


@frozen
class Batched:
    """Where the axes of a batch lie: `rounds` in front in lockstep, N last.

    Args:
        rounds: how many rounds are in lockstep; None for a single one.
    """

    rounds: int | None

    @property
    def lead(self) -> int:
        """How many axes stand in front of a sample's."""
        return 0 if self.rounds is None else 1

    def shape(self, x: Tensor) -> tuple[int, ...]:
        """Return the shape as PyTorch's forward would see it: N first."""
        return n_first(x, self.rounds)[self.lead :]

    def axis(self, x: Tensor, dim: int, more: int = 0) -> int:
        """Return which of our axes PyTorch's `dim` means, of a tensor with `more` axes than x."""
        axes = x.ndim - self.lead + more
        if not -axes <= dim < axes:
            raise ShapeError(f"got axis {dim}, expected one of {axes} axes")
        return self.lead + (dim % axes - 1) % axes

    def turned(self, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Return what a function makes of x N-first, batch-last again."""
        out = function(x.movedim(-1, self.lead))
        return out.movedim(self.lead, -1)


# ---- shapes -----------------------------------------------------------------------------------


def size(at: Batched, input: Tensor, dim: int | None = None) -> Any:
    """N-first, as PyTorch's."""
    shape = at.shape(input)
    return shape if dim is None else shape[dim]


def attribute(at: Batched, input: Tensor, name: str) -> Any:
    """The attribute `shape` or `ndim`."""
    shape = at.shape(input)
    return shape if name == "shape" else len(shape)


def reshape(at: Batched, input: Tensor, *shape: Any) -> Tensor:
    """To an N-first shape; one length may be -1."""
    wanted = list(shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)
    before = at.shape(input)
    if -1 in wanted:
        others = -torch.Size(wanted).numel() or 1
        wanted[wanted.index(-1)] = torch.Size(before).numel() // others
    lead = input.shape[: at.lead]
    if len(wanted) > 1 and wanted[0] == before[0]:
        return input.reshape(*lead, *wanted[1:], before[0])
    return at.turned(input, lambda x: x.reshape(*lead, *wanted))


def flatten(at: Batched, input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from `start_dim` to `end_dim` merged."""
    shape = at.shape(input)
    start, end = start_dim % len(shape), end_dim % len(shape)
    merged = torch.Size(shape[start : end + 1]).numel()
    return reshape(at, input, (*shape[:start], merged, *shape[end + 1 :]))


def permute(at: Batched, input: Tensor, *dims: Any) -> Tensor:
    """The axes in another order."""
    order = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    axes = input.ndim - at.lead
    moved = [*range(at.lead), *(at.lead + d % axes for d in order)]
    return at.turned(input, lambda x: x.permute(moved))


def transpose(at: Batched, input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged."""
    order = list(range(input.ndim - at.lead))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute(at, input, order)


def unsqueeze(at: Batched, input: Tensor, dim: int) -> Tensor:
    """A new axis of length 1."""
    shape = list(at.shape(input))
    shape.insert(dim % (len(shape) + 1), 1)
    return reshape(at, input, shape)


def squeeze(at: Batched, input: Tensor, dim: int) -> Tensor:
    """Without an axis, if it has length 1."""
    shape = list(at.shape(input))
    if shape[dim] != 1:
        return input
    del shape[dim]
    return reshape(at, input, shape)


def contiguous(at: Batched, input: Tensor) -> Tensor:
    """The same tensor: where its elements lie is nobody's business but ours."""
    return input


def getitem(at: Batched, input: Any, index: Any) -> Any:
    """Integers and slices of a tensor; an element of a tuple."""
    if not isinstance(input, Tensor):
        return input[index]
    parts = list(index) if isinstance(index, tuple) else [index]
    if ... in parts:
        place, taken = parts.index(...), sum(p is not None and p is not ... for p in parts)
        parts[place : place + 1] = [slice(None)] * (len(at.shape(input)) - taken)
    whole = (slice(None),) * at.lead
    if None not in parts and parts[0] == slice(None):
        rest = len(at.shape(input)) - len(parts)
        return input[(*whole, *parts[1:], *[slice(None)] * (rest + 1))]
    return at.turned(input, lambda x: x[(*whole, *parts)])


def cat(at: Batched, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """One after the other along an axis."""
    return concat(*tensors, dim=at.axis(tensors[0], dim))


def stack_(at: Batched, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Side by side along a new axis."""
    dim = dim % (len(at.shape(tensors[0])) + 1)
    return cat(at, [unsqueeze(at, tensor, dim) for tensor in tensors], dim)


def split(
    at: Batched, tensor: Tensor, split_size_or_sections: Any, dim: int = 0
) -> tuple[Tensor, ...]:
    """Pieces along an axis."""
    length = at.shape(tensor)[dim]
    sizes = split_size_or_sections
    if isinstance(sizes, int):
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    axis = at.axis(tensor, dim)
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    before = (slice(None),) * axis
    return tuple(tensor[(*before, slice(e - n, e))] for e, n in zip(ends, sizes, strict=True))


def chunk(at: Batched, input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """So many equal pieces along an axis."""
    return split(at, input, -(-at.shape(input)[dim] // chunks), dim)


def unbind(at: Batched, input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis."""
    return tuple(squeeze(at, part, dim) for part in split(at, input, 1, dim))


# ---- arithmetic -------------------------------------------------------------------------------


def _between(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def call(at: Batched, input: Any, other: Any) -> Any:
        a, b = _beside(at, input, other), _beside(at, other, input)
        if isinstance(a, Tensor) and isinstance(b, Tensor) and a.ndim != b.ndim:
            raise ShapeError(
                f"{function.__name__}: got shapes {at.shape(a)} and {at.shape(b)}, expected as"
                " many axes"
            )
        return function(a, b)

    return call


def _beside(at: Batched, value: Any, other: Any) -> Any:
    """Return a value; a parameter is shaped to meet the axes of a batch."""
    if not isinstance(value, Held):
        return value
    tensor = value.tensor
    lead, own = tensor.shape[: at.lead], tensor.shape[at.lead :]
    axes = len(at.shape(other)) - 1
    if len(own) == axes + 1 and own[0] == 1:
        own = own[1:]
    return tensor.reshape(*lead, *[1] * (axes - len(own)), *own, 1)


def _of(method: str) -> Callable[..., Any]:
    def call(at: Batched, input: Any) -> Any:
        return getattr(input, method)()

    return call


def relu(at: Batched, input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return input.relu()


def leaky_relu_(
    at: Batched, input: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    """Positive numbers as they are, others times the slope."""
    return leaky_relu(input, negative_slope=float(negative_slope))


def pow_(at: Batched, input: Any, exponent: float) -> Any:
    """To the power of a number."""
    return input**exponent


def clamp(at: Batched, input: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """Moved into [min, max]."""
    return input.clamp(min, max)


def neg(at: Batched, input: Any) -> Any:
    """-x."""
    return -input


# ---- along axes -------------------------------------------------------------------------------


def _over(method: str) -> Callable[..., Tensor]:
    def call(at: Batched, input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
        dims = [dim] if isinstance(dim, int) else list(dim)
        axes = [at.axis(input, d) for d in dims]
        if input.ndim - 1 not in axes:
            return getattr(input, method)(tuple(axes), keepdim)  # type: ignore[no-any-return]
        n = input.ndim - at.lead
        turned = tuple(at.lead + d % n for d in dims)
        return at.turned(input, lambda x: getattr(x, method)(turned, keepdim))

    return call


def _softened(method: str) -> Callable[..., Tensor]:
    def call(at: Batched, input: Tensor, dim: int) -> Tensor:
        return getattr(input, method)(at.axis(input, dim))  # type: ignore[no-any-return]

    return call


# ---- images: layers without weights -----------------------------------------------------------


def max_pool2d(
    at: None, input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0
) -> MaxPool2d:
    """Return the layer that does it."""
    return MaxPool2d(kernel_size, stride or None, padding)


def avg_pool2d(
    at: None, input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0
) -> AvgPool2d:
    """Return the layer that does it."""
    return AvgPool2d(kernel_size, stride or None, padding)


POOLS: dict[str, Callable[..., AvgPool2d | MaxPool2d]] = {
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
}
CALLS: dict[str, Callable[..., Any]] = {
    "size": size,
    "getattr": attribute,
    "reshape": reshape,
    "flatten": flatten,
    "permute": permute,
    "transpose": transpose,
    "unsqueeze": unsqueeze,
    "squeeze": squeeze,
    "contiguous": contiguous,
    "getitem": getitem,
    "cat": cat,
    "stack": stack_,
    "split": split,
    "chunk": chunk,
    "unbind": unbind,
    "add": _between(operator.add),
    "sub": _between(operator.sub),
    "mul": _between(operator.mul),
    "div": _between(operator.truediv),
    "neg": neg,
    "pow": pow_,
    "relu": relu,
    "leaky_relu": leaky_relu_,
    "clamp": clamp,
    **{name: _of(name) for name in ("tanh", "sigmoid", "exp", "log", "sqrt", "square", "abs")},
    **{name: _over(name) for name in ("sum", "mean", "logsumexp")},
    **{name: _softened(name) for name in ("softmax", "log_softmax")},
}
BETWEEN = frozenset(["add", "sub", "mul", "div"])
FRESH = BETWEEN | {"neg", "pow", "relu", "leaky_relu", "tanh", "sigmoid", "cat", "stack", "mean"}
"""Functions whose result lies in memory of its own, with no other name."""
IN_PLACE = frozenset([operator.iadd, operator.isub, operator.imul, operator.itruediv])
DEFAULTS = {
    "ceil_mode": False,
    "return_indices": False,
    "dilation": 1,
    "count_include_pad": True,
    "divisor_override": None,
    "dtype": None,
    "mode": "constant",
    "_stacklevel": 3,
}
"""Arguments of PyTorch's that ours lack, and the value at which that makes no difference."""


def bound(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], where: str
) -> inspect.BoundArguments:
    """Return the arguments of a call of PyTorch's as one of ours takes them, its defaults too.

    Args:
        function: ours.
        args: the arguments without a name.
        kwargs: those by PyTorch's names.
        where: what begins the message.

    Raises:
        InteropError: for an argument that ours lacks, unless it makes no difference.
    """
    known = {name: value for name, value in kwargs.items() if DEFAULTS.get(name, ...) != value}
    try:
        made = inspect.signature(function).bind(*args, **known)
    except TypeError as error:
        raise InteropError(f"{where}: {error}") from error
    made.apply_defaults()
    return made


METHODS = {name: name for name in CALLS if name not in {"cat", "stack", "getattr", "getitem"}} | {
    "view": "reshape",
    "swapaxes": "transpose",
    "true_divide": "div",
    "concat": "cat",
}
FUNCTIONS: dict[Any, str] = {
    getattr(torch, name): name for name in METHODS.values() if hasattr(torch, name)
} | {
    torch.cat: "cat",
    torch.concat: "cat",
    torch.stack: "stack",
    operator.add: "add",
    operator.iadd: "add",
    operator.sub: "sub",
    operator.isub: "sub",
    operator.mul: "mul",
    operator.imul: "mul",
    operator.truediv: "div",
    operator.itruediv: "div",
    operator.neg: "neg",
    operator.pow: "pow",
    operator.getitem: "getitem",
    getattr: "getattr",
    functional.relu: "relu",
    functional.leaky_relu: "leaky_relu",
    functional.softmax: "softmax",
    functional.log_softmax: "log_softmax",
    functional.max_pool2d: "max_pool2d",
    torch.max_pool2d: "max_pool2d",
    functional.avg_pool2d: "avg_pool2d",
    functional.tanh: "tanh",
    functional.sigmoid: "sigmoid",
}
