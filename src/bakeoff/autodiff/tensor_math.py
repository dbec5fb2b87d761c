"""What a Tensor computes of its numbers: operators, functions and reductions, by operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch

from bakeoff.autodiff import arguments as given
from bakeoff.errors import ArgumentError, DTypeError, ShapeError

if TYPE_CHECKING:
    from bakeoff.autodiff.operation import Operation
    from bakeoff.autodiff.tensor import Tensor, TensorLike

# The operations stand on the Tensor; its methods find them here by name.
OPERATIONS: dict[str, Operation] = {}

Scalar: TypeAlias = int | float
Dim: TypeAlias = int | Sequence[int] | None


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
        comparable = given.is_array(other) or isinstance(other, int | float | complex)
        return OPERATIONS[name](self, other) if comparable else NotImplemented

    return method


class Selected(NamedTuple):
    """What a method gives that selects elements along an axis: `max`, `min`, `sort` and `topk`.

    Attributes:
        values: the elements; of several equal ones the first takes the gradient.
        indices: where they were, int64.
    """

    values: Tensor
    indices: Tensor


class Numbers:
    """The methods of a Tensor by which its numbers become others; a part of that class."""

    __slots__ = ()

    # ---- arithmetic, and comparisons, which have no derivative -------------------------------

    __add__ = __radd__ = _binary("add")
    __sub__, __rsub__ = _binary("sub"), _reflected("sub")
    __mul__ = __rmul__ = _binary("mul")
    __truediv__, __rtruediv__ = _binary("div"), _reflected("div")
    __pow__, __rpow__ = _binary("pow"), _reflected("pow")
    __neg__ = _unary("neg", "Return -x of each element.")

    def __matmul__(self: Any, other: TensorLike) -> Tensor:
        return _product(self, other)

    def __rmatmul__(self: Any, other: TensorLike) -> Tensor:
        return _product(other, self)

    __gt__, __ge__ = _binary("gt"), _binary("ge")
    __lt__, __le__ = _binary("lt"), _binary("le")
    __eq__, __ne__ = _equality("eq"), _equality("ne")  # type: ignore[assignment]
    __hash__ = object.__hash__

    __and__ = __rand__ = _binary("bitwise_and")
    __or__ = __ror__ = _binary("bitwise_or")
    __xor__ = __rxor__ = _binary("bitwise_xor")
    __invert__ = _unary("bitwise_not", "Return the other truth of each element.")

    __floordiv__ = __rfloordiv__ = given.refused("//", "compute on .data, without a gradient")
    __mod__ = __rmod__ = given.refused("%", "compute on .data, without a gradient")
    __setitem__ = given.refused("x[...] = ...", "write where(mask, new, x), or change .data")
    __delitem__ = given.refused("del x[...]", "choose what stays by an index")

    # ---- functions --------------------------------------------------------------------------

    abs = __abs__ = _unary("abs", "Return the absolute value of each element.")
    ceil = _unary("ceil", "Return the smallest whole number that is no less than each element.")
    cos = _unary("cos", "Return the cosine of each element, in radians.")
    erf = _unary("erf", "Return the error function of each element.")
    exp = _unary("exp", "Return e to the power of each element.")
    expm1 = _unary("expm1", "Return exp(x) - 1 of each element, exact near 0.")
    floor = _unary("floor", "Return the largest whole number that is no more than each element.")
    log = _unary("log", "Return the natural logarithm of each element.")
    log1p = _unary("log1p", "Return log(1 + x) of each element, exact near 0.")
    relu = _unary("relu", "Return max(x, 0) of each element.")
    sigmoid = _unary("sigmoid", "Return 1 / (1 + exp(-x)) of each element.")
    sin = _unary("sin", "Return the sine of each element, in radians.")
    sqrt = _unary("sqrt", "Return the square root of each element.")
    square = _unary("square", "Return each element times itself.")
    tanh = _unary("tanh", "Return the hyperbolic tangent of each element.")

    def pow(self: Any, exponent: TensorLike) -> Tensor:
        """Return each element to the power of a number, or of a tensor's elements."""
        return OPERATIONS["pow"](self, exponent)

    def matmul(self: Any, other: TensorLike) -> Tensor:
        """Return the matrix product: (..., m, k) by (..., k, n) gives (..., m, n).

        Leading axes broadcast; a vector (k,) is a row on the left and a column on the right, and
        its axis is left out of the result.

        Raises:
            ShapeError: for a tensor without axes, or a k that differs.
        """
        return _product(self, other)

    def round(self: Any, *, decimals: int = 0) -> Tensor:
        """Return each element rounded to so many decimals; halves go to even."""
        return OPERATIONS["round"](self, decimals=decimals)

    def reciprocal(self: Any) -> Tensor:
        """Return 1 / x of each element."""
        return 1.0 / self

    def rsqrt(self: Any) -> Tensor:
        """Return 1 / sqrt(x) of each element."""
        return 1.0 / self.sqrt()

    def clamp(self: Any, min: Scalar | None = None, max: Scalar | None = None) -> Tensor:
        """Return each element, moved into [min, max].

        Raises:
            ArgumentError: for neither a min nor a max.
        """
        return OPERATIONS["clamp"](self, min=min, max=max)

    def masked_fill(self: Any, mask: Any, value: Any) -> Tensor:
        """Return each element, or `value` (one element) where the mask (bool) holds.

        The mask's shape broadcasts to that of the tensor, and the dtype is the tensor's.

        Raises:
            DTypeError: for a mask of another dtype.
            ShapeError: for a value with axes.
        """
        if not given.is_array(mask) or mask.dtype != torch.bool:
            raise DTypeError(f"masked_fill: got {mask!r:.80} as mask, expected torch.bool")
        if given.is_array(value) and value.ndim:
            raise ShapeError(f"masked_fill: got a value of shape {tuple(value.shape)}, expected ()")
        return OPERATIONS["where"](mask, value, self).to(self.dtype)

    # ---- tests of each element: bool --------------------------------------------------------

    def isnan(self: Any) -> Tensor:
        """Return where an element is not a number, bool, in the same shape."""
        return self != self  # noqa: PLR0124 - NaN alone differs

    def isinf(self: Any) -> Tensor:
        """Return where an element is infinite, bool, in the same shape."""
        return (self == math.inf) | (self == -math.inf)

    def isfinite(self: Any) -> Tensor:
        """Return where an element is neither infinite nor NaN, bool, in the same shape."""
        return (self < math.inf) & (self > -math.inf)

    def logical_not(self: Any) -> Tensor:
        """Return where an element is 0, bool, in the same shape."""
        return self == 0

    def any(self: Any, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """Return whether an element along the axes `dim`, all by default, is not 0; bool."""
        return (self != 0).sum(dim, keepdim) != 0

    def all(self: Any, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """Return whether no element along the axes `dim`, all by default, is 0; bool."""
        return (self == 0).sum(dim, keepdim) == 0

    # ---- reductions -------------------------------------------------------------------------

    def sum(self: Any, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """Return the sum over the axes `dim`, all by default."""
        return OPERATIONS["sum"](self, dim=dim, keepdim=keepdim)

    def mean(self: Any, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """Return the mean over the axes `dim`, all by default."""
        return OPERATIONS["mean"](self, dim=dim, keepdim=keepdim)

    def prod(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Return the product along axis `dim`, or of all; that of integers is int64.

        Halves are multiplied until one element is left, so the derivative holds at zeros too.
        """
        x = self if self.data.is_floating_point() else self.to(torch.int64)
        if dim is None:
            x, dim = x.flatten(), 0
        at = given.axis_of("prod", dim, x.ndim)
        if x.ndim and not x.shape[at]:
            return x.sum(at, keepdim) + 1
        while x.ndim and (n := x.shape[at]) > 1:
            half, odd = n // 2, n % 2
            pairs = x.narrow(at, 0, half) * x.narrow(at, half, half)
            x = OPERATIONS["concat"](pairs, x.narrow(at, n - 1, 1), dim=at) if odd else pairs
        return x if keepdim else x.squeeze(at)

    def cumsum(self: Any, dim: int) -> Tensor:
        """Return the sums of the elements so far along axis `dim`; those of integers are int64."""
        return OPERATIONS["cumsum"](self, dim=dim)

    def cumprod(self: Any, dim: int) -> Tensor:
        """Return the products of the elements so far along axis `dim`; of integers int64.

        Each round doubles how many elements a product holds (Hillis & Steele 1986, "Data parallel
        algorithms"), so the derivative holds at zeros too.
        """
        x = self if self.data.is_floating_point() else self.to(torch.int64)
        at, reach = given.axis_of("cumprod", dim, x.ndim), 1
        while x.ndim and reach < (n := x.shape[at]):
            first, rest = x.narrow(at, 0, reach), x.narrow(at, reach, n - reach)
            x = OPERATIONS["concat"](first, rest * x.narrow(at, 0, n - reach), dim=at)
            reach *= 2
        return x if x is not self else OPERATIONS["alias"](x)

    def var(
        self: Any,
        dim: Dim | bool = None,
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

    def std(
        self: Any,
        dim: Dim | bool = None,
        unbiased: bool = True,
        keepdim: bool = False,
        *,
        correction: int | None = None,
    ) -> Tensor:
        """Return the standard deviation over the axes `dim`: the root of `var`.

        Where it is 0, its derivative is 0.
        """
        return _root(self.var(dim, unbiased, keepdim, correction=correction))

    def norm(
        self: Any, p: Scalar | str | None = 2, dim: Dim = None, keepdim: bool = False
    ) -> Tensor:
        """Return (Σ |x|^p)^(1/p) over the axes `dim`, all by default.

        `p` is a number, "fro" for 2, `math.inf` for the largest |x|, -math.inf for the smallest, 0
        for how many are not 0. Where the norm is 0, its derivative is 0.

        Raises:
            ArgumentError: for another p.
            DTypeError: for integers.
        """
        if not self.data.is_floating_point():
            raise DTypeError(f"norm: got {self.dtype}, expected floating point")
        if p in ("fro", 2, None):
            return _root(self.square().sum(dim, keepdim))
        if isinstance(p, str):
            raise ArgumentError(f"norm: got p={p!r}, expected 'fro' or a number")
        if p == 0:
            return OPERATIONS["where"](self != 0, 1.0, self * 0.0).sum(dim, keepdim)
        if p == 1:
            return self.abs().sum(dim, keepdim)
        if p in (math.inf, -math.inf):
            return OPERATIONS["amax" if p > 0 else "amin"](self.abs(), dim=dim, keepdim=keepdim)
        # |x|^p has no finite derivative at 0 for p < 1, and its root none for p > 1.
        powers = _guarded(self.abs(), lambda x: x**p) if 0 < p < 1 else self.abs() ** p
        return _guarded(powers.sum(dim, keepdim), lambda total: total ** (1.0 / p))

    def max(self: Any, dim: Any = None, keepdim: bool = False) -> Any:
        """Return the largest value of all; along axis `dim`, (values, indices) as PyTorch does.

        Equal elements share the gradient of all; along an axis the first takes it. Of two tensors,
        `x.max(y)` is `maximum(x, y)`.

        Raises:
            ArgumentError: for keepdim without dim.
        """
        return _extreme("max", self, dim, keepdim)

    def min(self: Any, dim: Any = None, keepdim: bool = False) -> Any:
        """Return the smallest value of all; along axis `dim`, (values, indices); see `max`."""
        return _extreme("min", self, dim, keepdim)

    def amax(self: Any, dim: Dim = (), keepdim: bool = False) -> Tensor:
        """Return the largest over the axes `dim`; equal ones share the gradient evenly."""
        return OPERATIONS["amax"](self, dim=dim, keepdim=keepdim)

    def amin(self: Any, dim: Dim = (), keepdim: bool = False) -> Tensor:
        """Return the smallest over the axes `dim`; equal ones share the gradient evenly."""
        return OPERATIONS["amin"](self, dim=dim, keepdim=keepdim)

    def argmax(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Return the position of the (first) largest value along axis `dim`, or of all, int64."""
        return OPERATIONS["argmax"](self, dim=dim, keepdim=keepdim)

    def argmin(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Return the position of the (first) smallest value along axis `dim`, or of all, int64."""
        return OPERATIONS["argmin"](self, dim=dim, keepdim=keepdim)

    def logsumexp(self: Any, dim: int | Sequence[int], keepdim: bool = False) -> Tensor:
        """Return log(sum(exp(x))) over the axes `dim`, without overflow."""
        return OPERATIONS["logsumexp"](self, dim=dim, keepdim=keepdim)

    def log_softmax(self: Any, dim: int) -> Tensor:
        """Return x - logsumexp(x) along axis `dim`."""
        return OPERATIONS["log_softmax"](self, dim=dim)

    def softmax(self: Any, dim: int) -> Tensor:
        """Return exp(x) / sum(exp(x)) along axis `dim`."""
        return OPERATIONS["softmax"](self, dim=dim)


def _product(a: Any, b: Any) -> Tensor:
    """Return the matrix product of matrices or vectors; a vector has a second axis meanwhile."""
    if getattr(a, "ndim", 2) >= 2 and getattr(b, "ndim", 2) >= 2:
        return OPERATIONS["matmul"](a, b)
    if not a.ndim or not b.ndim:
        raise ShapeError(
            f"matmul: got shapes {tuple(a.shape)} and {tuple(b.shape)}, expected one axis or more"
        )
    row, column = a.ndim == 1, b.ndim == 1
    matrix = OPERATIONS["matmul"](a.unsqueeze(0) if row else a, b.unsqueeze(1) if column else b)
    return matrix.squeeze([-2] * row + [-1] * column)


def _guarded(x: Tensor, f: Callable[[Tensor], Tensor]) -> Tensor:
    """Return f(x) of each element, but 0 with a derivative of 0 where x is 0."""
    zero = x == 0
    where = OPERATIONS["where"]
    return where(zero, 0.0, f(where(zero, 1.0, x)))


def _root(x: Tensor) -> Tensor:
    """Return the square root of each element, the derivative of which is 0 where it is 0."""
    return _guarded(x, lambda x: x.sqrt())


def _extreme(name: str, x: Tensor, dim: Any, keepdim: bool) -> Any:
    """Return the largest or the smallest of x: of all, along an axis, or of two tensors."""
    if given.is_array(dim):
        return OPERATIONS[f"{name}imum"](x, dim)
    if dim is None:
        if keepdim:
            raise ArgumentError(f"{name}: got keepdim=True without dim, expected both")
        return OPERATIONS[name](x)
    order = x.to(torch.uint8) if x.dtype == torch.bool else x
    at = OPERATIONS[f"arg{name}"](order, dim=dim, keepdim=True)
    top = Selected(OPERATIONS["gather"](x, at, dim=dim), at)
    return top if keepdim else Selected(*(part.squeeze(dim) for part in top))
