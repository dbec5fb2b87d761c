"""Elementwise operations, each with its rules right under it.

An operation of one array gives its shape and dtype. Two arguments are arrays or numbers; their
shapes broadcast, and a number takes the dtype of the array beside it. Where a function has a
kink, the rule states the value taken there; it is PyTorch's.
"""

from __future__ import annotations

import math

import torch

from bakeoff.autodiff.kernels import Array, Kernel, cast, fill, run, update
from bakeoff.autodiff.kernels import empty as new
from bakeoff.autodiff.operation import Draw, Operation, Rule, example, operation
from bakeoff.autodiff.tensor import Tensor, TensorLike
from bakeoff.errors import ArgumentError, DTypeError

Operand = Array | float
_ERF_SLOPE = 2.0 / math.sqrt(math.pi)


def _array(x: Operand, other: Operand) -> Array:
    """Return `x`; a number becomes an array without axes, of the dtype it has beside `other`."""
    if isinstance(x, Array):
        return x
    like = torch.empty(0, dtype=torch.result_type(other, x))
    return update(torch.Tensor.fill_, new((), like), x)


# ---- arithmetic -----------------------------------------------------------------------------


@example((3, 4), (4,))
@example((2, 1, 3), (4, 1))
@example((3,), 2.0)
@operation
def add(a: Operand, b: Operand) -> Array:
    """a + b; shapes broadcast."""
    return run(torch.add, a, b) if isinstance(a, Array) else run(torch.add, b, a)


add.rules(a=lambda g, out, a, b: g, b=lambda g, out, a, b: g)


@example((3, 4), (4,))
@example((3, 1), (1, 4))
@example(2.0, (3,))
@operation
def sub(a: Operand, b: Operand) -> Array:
    """a - b; shapes broadcast."""
    if isinstance(a, Array):
        return run(torch.sub, a, b)
    return run(torch.add, run(torch.neg, b), a)


sub.rules(a=lambda g, out, a, b: g, b=lambda g, out, a, b: -g)


@example((3, 4), (4,))
@example((2, 1, 3), (4, 1))
@example((3,), 2.0)
@operation
def mul(a: Operand, b: Operand) -> Array:
    """a · b; shapes broadcast."""
    return run(torch.mul, a, b) if isinstance(a, Array) else run(torch.mul, b, a)


mul.rules(a=lambda g, out, a, b: g * b, b=lambda g, out, a, b: g * a)


@example((3, 4), Draw((4,), 0.5, 3.0))
@example(Draw((3, 1), 0.5, 3.0), Draw((1, 4), 0.5, 3.0))
@example(2.0, Draw((3,), 0.5, 3.0))
@operation
def div(a: Operand, b: Operand) -> Array:
    """a / b; shapes broadcast."""
    if isinstance(a, Array):
        return run(torch.div, a, b)
    return run(torch.mul, run(torch.reciprocal, b), a)


div.rules(a=lambda g, out, a, b: g / b, b=lambda g, out, a, b: -(g * out) / b)


@example((3, 4))
@operation
def neg(x: Array) -> Array:
    """-x, of any shape."""
    return run(torch.neg, x)


neg.rules(x=lambda g, out, x: -g)


@example(Draw((3, 4), 0.5, 3.0), 2.5)
@example((3, 4), 3)
@example((3,), 0)
@example(Draw((3, 1), 0.5, 3.0), (4,))
@example(2.0, (3,))
@operation
def pow(x: Operand, exponent: Operand) -> Array:
    """Each element to the power of a number or of an element; shapes broadcast."""
    return run(torch.pow, x, exponent)


@pow.rule("x")
def _pow_base(g: Tensor, out: Tensor, x: Tensor, p: TensorLike) -> Tensor:
    if isinstance(p, Tensor):
        return where(p == 0, 0.0, g * (p * x ** (p - 1)))
    return g * (p * x ** (p - 1)) if p != 0 else g * 0.0


@pow.rule("exponent")
def _pow_exponent(g: Tensor, out: Tensor, x: TensorLike, p: Tensor) -> Tensor:
    if not isinstance(x, Tensor):
        slope = out * (math.log(x) if x > 0 else math.nan if x else -math.inf)
        return g * (slope if x else where(p >= 0, 0.0, slope))
    # 0^p is 0 for every positive p: its derivative is 0, where out · log(0) would be NaN.
    return g * where((x == 0) & (p >= 0), 0.0, out * log(x))


# ---- smooth functions -----------------------------------------------------------------------


def _function(kernel: Kernel, text: str, rule: Rule, low: float = -2.0) -> Operation:
    """Return the operation that is a kernel, with its rule; examples are from `low` to 3."""

    def forward(x: Array) -> Array:
        return run(kernel, x)

    forward.__name__, forward.__doc__ = kernel.__name__, text
    made = example(Draw((3, 4), low, 3.0))(operation(forward))
    made.rules(x=rule)
    return made


exp = _function(torch.exp, "e to the power of each element.", lambda g, out, x: g * out)
expm1 = _function(
    torch.expm1, "exp(x) - 1 of each element, exact near 0.", lambda g, out, x: g * (out + 1.0)
)
erf = _function(
    torch.erf,
    "The error function of each element: 2/√π times the integral of exp(-t²) from 0 to x.",
    lambda g, out, x: g * (exp(-x.square()) * _ERF_SLOPE),
)
log = _function(
    torch.log, "The natural logarithm of each element.", lambda g, out, x: g / x, low=0.5
)
log1p = _function(
    torch.log1p,
    "log(1 + x) of each element, exact near 0.",
    lambda g, out, x: g / (x + 1.0),
    low=-0.5,
)
sin: Operation = _function(
    torch.sin, "The sine of each element, in radians.", lambda g, out, x: g * cos(x)
)
cos: Operation = _function(
    torch.cos, "The cosine of each element, in radians.", lambda g, out, x: g * -sin(x)
)
sqrt = _function(
    torch.sqrt,
    "The square root of each element; its derivative at 0 is infinite.",
    lambda g, out, x: g / (out * 2.0),
    low=0.5,
)
sigmoid = _function(
    torch.sigmoid,
    "σ(x) = 1 / (1 + exp(-x)) of each element: σ' = σ (1 - σ).",
    lambda g, out, x: g * (out * (1.0 - out)),
)
# Whole numbers: constant between the steps, where the derivative is 0 too.
ceil = _function(
    torch.ceil, "The least whole number not below each element.", lambda g, out, x: g * 0.0
)
floor = _function(
    torch.floor, "The greatest whole number not above each element.", lambda g, out, x: g * 0.0
)


@example((3, 4))
@operation
def square(x: Array) -> Array:
    """x² of each element: one call less in its rule than x · x, which has two arguments."""
    return run(torch.mul, x, x) if x.dtype != torch.bool else cast(x, torch.empty(0).long())


# In this order, a plan computes g · 2 once where g is a mean's share of 1.
square.rules(x=lambda g, out, x: g * 2.0 * x)


@example((3, 4), (3, 4))
@operation
def tanh_slope(g: Array, out: Array) -> Array:
    """g (1 - out²), as g - (g out) out: two calls where three would do the obvious."""
    return run(torch.addcmul, g, run(torch.mul, g, out), out, value=-1.0)


tanh = _function(
    torch.tanh,
    "The hyperbolic tangent of each element: tanh' = 1 - tanh².",
    lambda g, out, x: tanh_slope(g, out),
)
tanh_slope.rules(
    g=lambda gg, slope, g, out: tanh_slope(gg, out),
    out=lambda gg, slope, g, out: gg * g * (out * -2.0),
)


@example((3, 4))
@operation
def softplus(x: Array) -> Array:
    """log(1 + exp(x)) of each element.

    Computed as max(x, 0) + log(1 + exp(-|x|)), which cannot overflow.
    """
    tail = run(torch.log1p, run(torch.exp, run(torch.neg, run(torch.abs, x))))
    return run(torch.add, tail, run(torch.clamp, x, min=0.0))


softplus.rules(x=lambda g, out, x: g * sigmoid(x))


# ---- functions with kinks -------------------------------------------------------------------


@example((3, 4))
@operation
def sign(x: Array) -> Array:
    """-1, 0 or 1 for each element; constant where it has a derivative."""
    return run(torch.sign, x)


@example((3, 4))
@example((3, 4), decimals=1)
@operation
def round_(x: Array, *, decimals: int = 0) -> Array:
    """Each element rounded to so many decimals; halves go to even ones."""
    return run(torch.round, x, decimals=decimals) if decimals else run(torch.round, x)


round_.rules(x=lambda g, out, x, decimals=0: g * 0.0)


@example((3, 4))
@operation
def relu(x: Array) -> Array:
    """max(x, 0) of each element; the derivative at 0 is 0, at NaN it is 1."""
    return run(torch.clamp, x, min=0.0 if x.is_floating_point() else 0)


@example((3, 4))
@operation
def nonzero(x: Array) -> Array:
    """1 where x is not 0, NaN included, else 0; in the shape of x."""
    return fill(torch.ne, new(x.shape, x), x, run(torch.full, (), 0.0, dtype=x.dtype))


# The output is never negative: where it is not 0, the input was positive.
relu.rules(x=lambda g, out, x: g * nonzero(out))


@example((3, 4), negative_slope=0.1)
@example((3, 4), negative_slope=-0.5)
@operation
def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    """Each element, times negative_slope unless it is positive: also the derivative at 0."""
    return run(torch.where, run(torch.gt, x, 0.0), x, run(torch.mul, x, negative_slope))


@example((3, 4), negative_slope=0.1)
@operation
def leaky_slopes(x: Array, *, negative_slope: float) -> Array:
    """1 where x is positive, negative_slope elsewhere, NaN included, in the shape of x."""
    positive = fill(torch.gt, new(x.shape, x), x, 0.0)
    rest = fill(torch.ne, new(x.shape, x), positive, 1.0)
    return run(torch.add, positive, run(torch.mul, rest, negative_slope))


leaky_relu.rules(
    x=lambda g, out, x, negative_slope=0.01: g * leaky_slopes(x, negative_slope=negative_slope)
)


@example((3, 4))
@operation
def abs(x: Array) -> Array:
    """|x| of each element; the derivative at 0 is 0."""
    return run(torch.abs, x)


abs.rules(x=lambda g, out, x: g * sign(x))


@example((3, 4), min=-1.0, max=1.0)
@example((3, 4), min=0.0)
@example((3, 4), max=1)
@operation
def clamp(x: Array, *, min: float | None = None, max: float | None = None) -> Array:
    """Each element moved into [min, max].

    The derivative is 1 inside, the ends included, and 0 outside.

    Raises:
        ArgumentError: for neither a min nor a max.
        DTypeError: for bounds that are no numbers.
    """
    if min is None and max is None:
        raise ArgumentError("clamp: got neither min nor max, expected at least one")
    for bound in (min, max):
        if not isinstance(bound, int | float | None):
            raise DTypeError(
                f"clamp: got {type(bound).__name__} as a bound, expected a number; write"
                " maximum(low, minimum(x, high)) for tensors"
            )
    return run(torch.clamp, x, min=min, max=max)


@example((3, 4), min=-1.0, max=1.0)
@operation
def inside(x: Array, *, min: float | None = None, max: float | None = None) -> Array:
    """1 where min <= x <= max, else 0, in the shape of x."""
    low = fill(torch.ge, new(x.shape, x), x, float("-inf") if min is None else min)
    high = fill(torch.le, new(x.shape, x), x, float("inf") if max is None else max)
    return run(torch.mul, low, high)


clamp.rules(x=lambda g, out, x, min=None, max=None: g * inside(x, min=min, max=max))


@example((3, 4), (4,))
@example((2, 1), (1, 3))
@operation
def maximum(a: Array, b: Array) -> Array:
    """The larger of two arrays; shapes broadcast. Equal ones get half the gradient each."""
    return run(torch.maximum, a, b)


@example((3, 4), (4,))
@operation
def wins(a: Array, b: Array) -> Array:
    """1 where a > b or one is NaN, 1/2 where they are equal, 0 where a < b; shapes broadcast."""
    like = torch.empty(0, dtype=torch.result_type(a, b))
    loses = cast(run(torch.lt, a, b), like)
    update(torch.Tensor.add_, loses, run(torch.le, a, b))
    return update(torch.Tensor.add_, update(torch.Tensor.mul_, loses, -0.5), 1.0)


maximum.rules(
    a=lambda g, out, a, b: g * wins(a, b),
    b=lambda g, out, a, b: g * wins(b, a),
)


@example((3, 4), (4,))
@example((2, 1), (1, 3))
@operation
def minimum(a: Array, b: Array) -> Array:
    """The smaller of two arrays; shapes broadcast. Equal ones get half the gradient each."""
    return run(torch.minimum, a, b)


minimum.rules(
    a=lambda g, out, a, b: g * wins(b, a),
    b=lambda g, out, a, b: g * wins(a, b),
)


@example(Draw((3, 4), 0, 2, kind="bool"), (3, 4), (4,))
@example(Draw((2, 1), 0, 2, kind="bool"), (3,), (2, 1))
@example(Draw((3,), 0, 2, kind="bool"), (3,), 0.0)
@operation
def where(condition: Array, a: Operand, b: Operand) -> Array:
    """a where the condition (bool) holds, b elsewhere; shapes broadcast."""
    return run(torch.where, condition, _array(a, b), _array(b, a))


where.rules(
    a=lambda g, out, condition, a, b: where(condition, g, 0.0),
    b=lambda g, out, condition, a, b: where(condition, 0.0, g),
)


# ---- comparisons and logic: no rules, so no gradient flows ------------------------------------


def _comparison(kernel: Kernel, text: str, *draws: Draw) -> Operation:
    def forward(a: Operand, b: Operand) -> Array:
        return run(kernel, a, b)

    forward.__name__, forward.__doc__ = kernel.__name__, f"{text}; shapes broadcast."
    made = operation(forward)
    for draw in draws or (Draw((3, 4)),):
        example(draw, Draw((4,), draw.low, draw.high, draw.kind))(made)
    return made


gt, ge = _comparison(torch.gt, "a > b, bool"), _comparison(torch.ge, "a >= b, bool")
lt, le = _comparison(torch.lt, "a < b, bool"), _comparison(torch.le, "a <= b, bool")
eq, ne = _comparison(torch.eq, "a == b, bool"), _comparison(torch.ne, "a != b, bool")

_BITS = (Draw((3, 4), 0, 9, kind="index"), Draw((3, 1), 0, 2, kind="bool"))
bitwise_and = _comparison(torch.bitwise_and, "Bits or truths of both a and b", *_BITS)
bitwise_or = _comparison(torch.bitwise_or, "Bits or truths of a, of b or both", *_BITS)
bitwise_xor = _comparison(torch.bitwise_xor, "Bits or truths of one alone of a and b", *_BITS)


@example(Draw((3, 4), 0, 9, kind="index"))
@example(Draw((3, 4), 0, 2, kind="bool"))
@operation
def bitwise_not(x: Array) -> Array:
    """The other truth of each element, or the other bits of integers."""
    return run(torch.bitwise_not, x)
