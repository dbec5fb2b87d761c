"""A tensor that remembers how it was made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

import torch

from bakeoff.autodiff import arguments as given
from bakeoff.autodiff import kernels
from bakeoff.autodiff.tape import Node, pull_back, set_grad
from bakeoff.checks import named
from bakeoff.errors import ArgumentError, DTypeError, GraphError, ShapeError

if TYPE_CHECKING:
    from bakeoff.autodiff.operation import Operation

# The operations stand on this class; its methods find them here by name.
OPERATIONS: dict[str, Operation] = {}

Scalar: TypeAlias = int | float


def _unary(name: str, text: str) -> Callable[[Tensor], Tensor]:
    """Return the method that is the operation of that name."""

    def method(self: Tensor) -> Tensor:
        return OPERATIONS[name](self)

    method.__name__, method.__qualname__, method.__doc__ = name, f"Tensor.{name}", text
    return method


def _binary(name: str) -> Callable[[Tensor, TensorLike], Tensor]:
    """Return the operator that is the operation of that name."""

    def method(self: Tensor, other: TensorLike) -> Tensor:
        return OPERATIONS[name](self, other)

    return method


def _reflected(name: str) -> Callable[[Tensor, TensorLike], Tensor]:
    """Return the operator for a Tensor on the right."""

    def method(self: Tensor, other: TensorLike) -> Tensor:
        return OPERATIONS[name](other, self)

    return method


def _equality(name: str) -> Callable[[Tensor, object], Tensor]:
    """Return the comparison that is the operation of that name, among tensors and numbers."""

    def method(self: Tensor, other: object) -> Tensor:
        comparable = isinstance(other, Tensor | torch.Tensor | int | float | complex)
        return OPERATIONS[name](self, other) if comparable else NotImplemented

    return method


class Max(NamedTuple):
    """What `Tensor.max` gives along an axis.

    Attributes:
        values: the largest; of several equal ones the first takes the gradient.
        indices: where they are, int64.
    """

    values: Tensor
    indices: Tensor


class Tensor:
    """An array with a gradient and a memory of the operation that made it.

    Args:
        data: a torch tensor (not copied; its own autograd history is dropped), a number or nested
            lists. Python floats become float32 unless torch's default dtype says otherwise.
        requires_grad: whether `backward` should compute a gradient for this tensor; only for
            floating-point data.

    Attributes:
        data: the values, a torch tensor on the CPU.
        grad: the gradient that backward passes have accumulated, a Tensor of the same shape and
            dtype, or None.

    Raises:
        DTypeError: for a gradient of integers, or data that is not numeric.
    """

    __slots__ = ("__weakref__", "_grad", "data", "node", "requires_grad")
    __array_ufunc__ = None  # numpy leaves its operators to ours, and makes no array of Tensors

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            data = data.data
        if not isinstance(data, torch.Tensor):
            data = given.array_of(data)
        self.data: torch.Tensor = data.detach() if data.requires_grad else data
        if self.data.dtype.is_complex or (requires_grad and not self.data.is_floating_point()):
            raise given.dtype_error(self.data.dtype)
        self.requires_grad = requires_grad
        self._grad: Tensor | None = None
        self.node: Node | None = None

    # ---- what it is -------------------------------------------------------------------------

    @property
    def shape(self) -> torch.Size:
        """The lengths of the axes."""
        return self.data.shape

    @property
    def dtype(self) -> torch.dtype:
        """The type of the elements."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of axis `dim`."""
        return self.shape if dim is None else self.shape[given.axis_of("size", dim, self.ndim)]

    def numel(self) -> int:
        """Return the number of elements."""
        return self.data.numel()

    def __len__(self) -> int:
        if self.ndim == 0:
            raise ShapeError("len: got a tensor of shape (), expected at least one axis")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        extra = ""
        if self.node is not None:
            extra = f", made by {self.node.operation.name}"
        elif self.requires_grad:
            extra = ", requires_grad=True"
        body = str(self.data.tolist() if self.data.numel() <= 1 else self.data)
        return f"Tensor({body.removeprefix('tensor(').removesuffix(')')}{extra})"

    # ---- other dtypes, and leaving the graph ----------------------------------------------------

    def to(self, dtype: torch.dtype) -> Tensor:
        """Return the same numbers, same shape, in another dtype; itself if it has it already.

        Raises:
            DTypeError: for anything but a torch dtype.
        """
        if not isinstance(dtype, torch.dtype):
            raise DTypeError(f"to: got {dtype!r}, expected a dtype such as torch.float64")
        if dtype == self.dtype:
            return self
        return OPERATIONS["cast"](self if dtype.is_floating_point else self.detach(), dtype=dtype)

    def detach(self) -> Tensor:
        """Return a Tensor of the same memory and shape that remembers nothing."""
        return Tensor(self.data)

    def item(self) -> Scalar:
        """Return the only element as a Python number.

        Raises:
            ShapeError: if there is more than one element, or none.
        """
        kernels.reading("item()")
        if self.data.numel() != 1:
            raise ShapeError(f"item: got shape {tuple(self.shape)}, expected exactly one element")
        return self.data.item()

    def tolist(self) -> Any:
        """Return the values as nested lists of Python numbers."""
        kernels.reading("tolist()")
        return self.data.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __copy__(self) -> Self:
        return self._leaf(self.data)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = self._leaf(self.data.clone())
        made.grad = None if self.grad is None else Tensor(self.grad.data.clone())
        memo[id(self)] = made
        return made

    def _leaf(self, data: torch.Tensor) -> Self:
        """Return a copy that holds `data` and has no history, however long the chain behind it."""
        made = type(self).__new__(type(self))
        Tensor.__init__(made, data, self.requires_grad)
        return made

    # ---- gradients --------------------------------------------------------------------------

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have accumulated, of the same shape, or None."""
        if kernels.state.recorder is not None:
            kernels.state.recorder.on_grad_read(self, self._grad)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | torch.Tensor | None) -> None:
        if kernels.state.recorder is not None:
            kernels.state.recorder.before_grad_write(self, self._grad)
        self._grad = Tensor(value) if isinstance(value, torch.Tensor) else value

    def backward(
        self,
        gradient: Tensor | torch.Tensor | None = None,
        *,
        retain_graph: bool = False,
        create_graph: bool = False,
    ) -> None:
        """Add the gradient of this tensor to the `grad` of every leaf it was made from.

        Args:
            gradient: the cotangent, of this tensor's shape and dtype; may be left out for one
                element, where it is 1.
            retain_graph: keep the graph for another backward pass.
            create_graph: make the gradients differentiable themselves.

        Raises:
            GraphError: if nothing here requires a gradient, several elements have no `gradient`,
                the graph was freed, or values that it needs were changed in place since.
            ShapeError: if `gradient` has another shape.
            DTypeError: if it has another dtype.
        """
        if not self.requires_grad:
            raise GraphError(
                "backward: nothing that this tensor was made from has requires_grad=True"
            )
        seed = self._cotangent(gradient)
        ends = pull_back(self, seed, create_graph=create_graph, retain_graph=retain_graph)
        taken = {seed.data.untyped_storage().data_ptr()}
        with set_grad(create_graph):
            for leaf, g in ends:
                leaf.grad = _own(g, taken) if leaf.grad is None else leaf.grad + g

    def _cotangent(self, gradient: Tensor | torch.Tensor | None) -> Tensor:
        if gradient is None:
            given.check_single(self.data)
            one = kernels.empty(self.shape, self.data)
            return Tensor(kernels.update(torch.Tensor.fill_, one, 1.0))
        seed = gradient if isinstance(gradient, Tensor) else Tensor(gradient)
        given.check_cotangent(seed.data, self.data)
        return seed

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    # ---- arithmetic, and comparisons, which have no derivative -------------------------------

    __add__ = __radd__ = _binary("add")
    __sub__, __rsub__ = _binary("sub"), _reflected("sub")
    __mul__ = __rmul__ = _binary("mul")
    __truediv__, __rtruediv__ = _binary("div"), _reflected("div")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __neg__ = _unary("neg", "Return -x of each element.")

    def __pow__(self, exponent: Scalar) -> Tensor:
        return OPERATIONS["pow"](self, exponent)

    def __rpow__(self, base: Scalar) -> Tensor:
        raise ArgumentError(
            f"pow: got {base!r} to the power of a tensor, expected a tensor to the power of a"
            " number; write (x * math.log(base)).exp()"
        )

    __gt__, __ge__ = _binary("gt"), _binary("ge")
    __lt__, __le__ = _binary("lt"), _binary("le")
    __eq__, __ne__ = _equality("eq"), _equality("ne")  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __invert__(self) -> Tensor:
        if self.dtype != torch.bool:
            raise DTypeError(f"~: got {self.dtype}, expected torch.bool")
        return self == Tensor(torch.zeros((), dtype=torch.bool))

    __floordiv__ = __rfloordiv__ = given.refused("//", "compute on .data, without a gradient")
    __mod__ = __rmod__ = given.refused("%", "compute on .data, without a gradient")
    __and__ = __rand__ = given.refused("&", "write a * b for both of two masks")
    __or__ = __ror__ = given.refused("|", "write maximum(a, b) for one of two masks")
    __xor__ = __rxor__ = given.refused("^", "write a != b for one of two masks alone")
    __setitem__ = given.refused("x[...] = ...", "write where(mask, new, x), or change .data")
    __delitem__ = given.refused("del x[...]", "choose what stays by an index")

    # ---- functions --------------------------------------------------------------------------

    abs = __abs__ = _unary("abs", "Return the absolute value of each element.")
    exp = _unary("exp", "Return e to the power of each element.")
    log = _unary("log", "Return the natural logarithm of each element.")
    relu = _unary("relu", "Return max(x, 0) of each element.")
    sigmoid = _unary("sigmoid", "Return 1 / (1 + exp(-x)) of each element.")
    sqrt = _unary("sqrt", "Return the square root of each element.")
    square = _unary("square", "Return each element times itself.")
    tanh = _unary("tanh", "Return the hyperbolic tangent of each element.")

    def pow(self, exponent: Scalar) -> Tensor:
        """Return each element to the power of a number."""
        return OPERATIONS["pow"](self, exponent)

    def clamp(self, min: Scalar | None = None, max: Scalar | None = None) -> Tensor:
        """Return each element, moved into [min, max].

        Raises:
            ArgumentError: for neither a min nor a max.
        """
        return OPERATIONS["clamp"](self, min=min, max=max)

    def sum(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Return the sum over the axes `dim`, all by default."""
        return OPERATIONS["sum"](self, dim=dim, keepdim=keepdim)

    def mean(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Return the mean over the axes `dim`, all by default."""
        return OPERATIONS["mean"](self, dim=dim, keepdim=keepdim)

    def var(
        self,
        dim: int | Sequence[int] | bool | None = None,
        unbiased: bool = True,
        keepdim: bool = False,
        *,
        correction: int | None = None,
    ) -> Tensor:
        """Return the variance over the axes `dim`, all by default, divided by n - correction.

        As PyTorch's: `var(False)` and `unbiased=False` are a correction of 0; it is 1 by default.

        Raises:
            ArgumentError: for both `unbiased` and `correction`.
            DTypeError: for integers.
            ShapeError: if there are not more elements than the correction.
        """
        if isinstance(dim, bool):
            unbiased, dim = dim, None
        if correction is None:
            correction = 1 if unbiased else 0
        elif unbiased is not True:
            raise ArgumentError(
                f"var: got unbiased={unbiased} and correction={correction}, expected one of them"
            )
        return OPERATIONS["var"](self, dim=dim, keepdim=keepdim, correction=correction)

    def max(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Return the largest value of all; along axis `dim`, (values, indices) as PyTorch does.

        Equal elements share the gradient of all; along an axis the first takes it.

        Raises:
            ArgumentError: for keepdim without dim, or another tensor in its place.
        """
        if isinstance(dim, Tensor | torch.Tensor) or (dim is None and keepdim):
            raise ArgumentError(
                "max: got no whole number for dim, expected one; of two tensors take maximum(a, b)"
            )
        if dim is None:
            return OPERATIONS["max"](self)
        order = self.to(torch.uint8) if self.dtype == torch.bool else self
        at = OPERATIONS["argmax"](order, dim=dim, keepdim=True)
        top = Max(OPERATIONS["gather"](self, at, dim=dim), at)
        return top if keepdim else Max(*(part.squeeze(dim) for part in top))

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Return the position of the (first) largest value along axis `dim`, or of all, int64."""
        return OPERATIONS["argmax"](self, dim=dim, keepdim=keepdim)

    def logsumexp(self, dim: int | Sequence[int], keepdim: bool = False) -> Tensor:
        """Return log(sum(exp(x))) over the axes `dim`, without overflow."""
        return OPERATIONS["logsumexp"](self, dim=dim, keepdim=keepdim)

    def log_softmax(self, dim: int) -> Tensor:
        """Return x - logsumexp(x) along axis `dim`."""
        return OPERATIONS["log_softmax"](self, dim=dim)

    def softmax(self, dim: int) -> Tensor:
        """Return exp(x) / sum(exp(x)) along axis `dim`."""
        return OPERATIONS["softmax"](self, dim=dim)

    # ---- shape ------------------------------------------------------------------------------

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """Return the same elements in another shape; one length may be -1."""
        return OPERATIONS["reshape"](self, shape=given.lengths_of("reshape", shape))

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Return the axes from `start_dim` to `end_dim` merged into one.

        Raises:
            ShapeError: for an axis that is not there, or a start after the end.
        """
        start, end = given.span("flatten", start_dim, end_dim, self.ndim)
        merged = math.prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], merged, *self.shape[end + 1 :])

    def permute(self, *dims: int | Sequence[int]) -> Tensor:
        """Return the axes in another order."""
        return OPERATIONS["permute"](self, dims=given.lengths_of("permute", dims))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Return two axes exchanged."""
        return self.permute(given.swapped("transpose", dim0, dim1, self.ndim))

    def movedim(self, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
        """Return the axes `source` moved to the places `destination`.

        Raises:
            ShapeError: for axes that are not there, that come twice, or another number of places.
        """
        return self.permute(given.moved("movedim", source, destination, self.ndim))

    @property
    def T(self) -> Tensor:  # noqa: N802 - the name that PyTorch and mathematics give it
        """The transpose of a matrix, (m, n) to (n, m).

        Raises:
            ShapeError: for anything but two axes.
        """
        if self.ndim != 2:
            raise ShapeError(f"T: got shape {tuple(self.shape)}, expected two axes; write mT")
        return self.permute(1, 0)

    @property
    def mT(self) -> Tensor:  # noqa: N802 - the name that PyTorch gives it
        """The last two axes exchanged, (..., m, n) to (..., n, m).

        Raises:
            ShapeError: for fewer than two axes.
        """
        if self.ndim < 2:
            raise ShapeError(f"mT: got shape {tuple(self.shape)}, expected two axes or more")
        return self.transpose(-2, -1)

    def unsqueeze(self, dim: int) -> Tensor:
        """Return the same elements with a new axis of length 1 at `dim`."""
        at = given.axis_of("unsqueeze", dim, self.ndim + 1)
        return self.reshape(*self.shape[:at], 1, *self.shape[at:])

    def squeeze(self, dim: int | Sequence[int] | None = None) -> Tensor:
        """Return the same elements without those of the axes `dim`, or of all, of length 1."""
        dims = range(self.ndim) if dim is None else given.axes_of("squeeze", dim, self.ndim)
        return self.reshape([n for i, n in enumerate(self.shape) if n != 1 or i not in dims])

    def expand(self, *shape: int | Sequence[int]) -> Tensor:
        """Return axes of length 1 repeated, and new leading axes, without copying."""
        return OPERATIONS["expand"](self, shape=given.lengths_of("expand", shape))

    def sum_to(self, shape: Sequence[int]) -> Tensor:
        """Return the sum over the axes that broadcasting `shape` to this shape had added."""
        return OPERATIONS["sum_to"](self, shape=tuple(shape))

    def contiguous(self) -> Tensor:
        """Return the same elements, same shape, in one row-major block of memory."""
        return self if self.data.is_contiguous() else OPERATIONS["contiguous"](self)

    def __getitem__(self, index: Any) -> Tensor:
        parts, at = given.index_parts(index)
        if at is None:
            return OPERATIONS["slice"](self, index=parts)
        # Integers before it remove axes, so the gathered axis moves to the left by their number.
        dim = at - sum(isinstance(p, int) for p in parts[:at])
        plain = tuple(slice(None) if i == at else p for i, p in enumerate(parts))
        sliced = (
            self if all(p == slice(None) for p in plain) else OPERATIONS["slice"](self, index=plain)
        )
        return OPERATIONS["index_select"](sliced, parts[at], dim=dim)


for _name, _method in list(vars(Tensor).items()):
    if isinstance(_method, FunctionType) and not _name.startswith("_"):
        setattr(Tensor, _name, named(_method))

TensorLike: TypeAlias = Tensor | torch.Tensor | Scalar


def _own(g: Tensor, taken: set[int]) -> Tensor:
    """Return a gradient in memory of its own, so that changing one in place changes no other."""
    if not g.data.is_contiguous() or g.data.untyped_storage().data_ptr() in taken:
        g = OPERATIONS["contiguous"](g)
    taken.add(g.data.untyped_storage().data_ptr())
    return g
