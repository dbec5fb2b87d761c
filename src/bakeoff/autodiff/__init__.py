"""Reverse-mode automatic differentiation on torch tensor operations alone.

Read it from the ground: `kernels` (the calls that compute), `tensor` and `tape` (what remembers
and walks back), `operation` (what an operation is), then the operations with their rules in
`elementwise`, `reduce`, `shape`, `product` and `image`; `grad` (derivatives as functions), `check`,
which holds rules against finite differences, and last `plan`, which captures a step and replays it.

Every method of a Tensor is a function here too: `sort(x, 0)` is `x.sort(0)`.
"""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    from bakeoff.errors import NO_TORCH, MissingExtraError

    raise MissingExtraError(NO_TORCH) from error

from bakeoff.autodiff.choose import gather, index_select
from bakeoff.autodiff.convolution import convolve
from bakeoff.autodiff.elementwise import (
    abs,
    add,
    clamp,
    cos,
    div,
    erf,
    exp,
    expm1,
    leaky_relu,
    log,
    log1p,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    square,
    sub,
    tanh,
    where,
)
from bakeoff.autodiff.grad import check_grad, grad
from bakeoff.autodiff.image import avg_pool, max_pool
from bakeoff.autodiff.operation import Operation, function, operation
from bakeoff.autodiff.plan import Plan, capture
from bakeoff.autodiff.product import affine, matmul
from bakeoff.autodiff.reduce import (
    amax,
    amin,
    argmax,
    argmin,
    cumsum,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    one_hot,
    softmax,
    sum,
    var,
)
from bakeoff.autodiff.shape import (
    concat,
    contiguous,
    expand,
    pad,
    permute,
    reshape,
    stack,
)
from bakeoff.autodiff.tape import grad_enabled, no_grad
from bakeoff.autodiff.tensor import Tensor
from bakeoff.autodiff.tensor_math import OPERATIONS

__all__ = [
    "OPERATIONS",
    "Operation",
    "Plan",
    "Tensor",
    "abs",
    "add",
    "affine",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "avg_pool",
    "capture",
    "check_grad",
    "clamp",
    "concat",
    "contiguous",
    "convolve",
    "cos",
    "cumsum",
    "div",
    "erf",
    "exp",
    "expand",
    "expm1",
    "gather",
    "grad",
    "grad_enabled",
    "index_select",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "max_pool",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mul",
    "neg",
    "no_grad",
    "one_hot",
    "operation",
    "pad",
    "permute",
    "pow",
    "relu",
    "reshape",
    "sigmoid",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "stack",
    "sub",
    "sum",
    "tanh",
    "var",
    "where",
]


_as_function = cache(function)


def __getattr__(name: str) -> Callable[..., Any]:
    """Return a method of a Tensor as a function."""
    method = None if name.startswith("_") else getattr(Tensor, name, None)
    if not isinstance(method, FunctionType):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _as_function(method)
