"""Reverse-mode automatic differentiation on torch tensor operations alone.

Read it from the ground: `kernels` (the calls that compute), `tensor` and `tape` (what remembers
and walks back), `operation` (what an operation is), then the operations with their rules in
`elementwise`, `reduce`, `shape`, `product` and `image`; `grad` (derivatives as functions), `check`,
which holds rules against finite differences, and last `plan`, which captures a step and replays it.
"""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    from bakeoff.errors import NO_TORCH, MissingExtraError

    raise MissingExtraError(NO_TORCH) from error

from bakeoff.autodiff.convolution import convolve
from bakeoff.autodiff.elementwise import (
    abs,
    add,
    clamp,
    div,
    erf,
    exp,
    expm1,
    leaky_relu,
    log,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    relu,
    sigmoid,
    softplus,
    sqrt,
    square,
    sub,
    tanh,
    where,
)
from bakeoff.autodiff.grad import check_grad, grad
from bakeoff.autodiff.image import avg_pool, max_pool
from bakeoff.autodiff.operation import Operation, operation
from bakeoff.autodiff.plan import Plan, capture
from bakeoff.autodiff.product import affine, matmul
from bakeoff.autodiff.reduce import (
    amax,
    argmax,
    log_softmax,
    logsumexp,
    max,
    mean,
    one_hot,
    softmax,
    sum,
    var,
)
from bakeoff.autodiff.shape import (
    concat,
    contiguous,
    expand,
    gather,
    index_select,
    pad,
    permute,
    reshape,
    stack,
)
from bakeoff.autodiff.tape import grad_enabled, no_grad
from bakeoff.autodiff.tensor import OPERATIONS, Tensor

__all__ = [
    "OPERATIONS",
    "Operation",
    "Plan",
    "Tensor",
    "abs",
    "add",
    "affine",
    "amax",
    "argmax",
    "avg_pool",
    "capture",
    "check_grad",
    "clamp",
    "concat",
    "contiguous",
    "convolve",
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
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "max_pool",
    "maximum",
    "mean",
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
