"""PyTorch's own database of sample inputs, run against every name that it and we share.

Value, shape, dtype, type of the result, gradient and refusal are PyTorch's on every sample; what is
not offered is refused by a named error.
"""

from __future__ import annotations

import inspect
import itertools
import operator
import re

import pytest
import torch

import bakeoff.autodiff as ad
from autodiff.walk import gradient_of
from bakeoff.autodiff import Tensor
from bakeoff.errors import BakeoffError

DTYPES = (torch.float64, torch.float32, torch.int64, torch.bool)

# Names of the database that are not those of a method or function, and operators of others.
ALSO = {
    "T": [lambda x: x.T],
    "mT": [lambda x: x.mT],
    "__getitem__": [operator.getitem],
    "__radd__": [lambda x, y: y + x],
    "__rsub__": [lambda x, y: y - x],
    "__rmul__": [lambda x, y: y * x],
    "__rdiv__": [lambda x, y: y / x],
    "__rpow__": [lambda x, y: y**x],
    "__rmod__": [lambda x, y: y % x],
    "__rmatmul__": [lambda x, y: y @ x],
    "__rand__": [lambda x, y: y & x],
    "__ror__": [lambda x, y: y | x],
    "__rxor__": [lambda x, y: y ^ x],
    "bitwise_not": [operator.invert],
    "bitwise_and": [operator.and_],
    "bitwise_or": [operator.or_],
    "bitwise_xor": [operator.xor],
    "floor_divide": [operator.floordiv],
    "remainder": [operator.mod],
    "cat": [ad.concat],
    **{name: [getattr(operator, name)] for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    **{name: [getattr(operator, name)] for name in ("abs", "neg", "add", "sub", "mul", "pow")},
    "div": [operator.truediv],
    "matmul": [operator.matmul],
    **{
        f"nn.functional.{name}": [getattr(ad, name)]
        for name in ("leaky_relu", "softplus", "one_hot", "pad", "relu")
    },
}
# What of a name is not offered: words of the refusals.
NOT_OFFERED = {
    "add|sub": "alpha=",
    "div": "rounding_mode=",
    "__rmod__|remainder|floor_divide": "a Tensor does not offer",
    "clamp": "as a bound, expected a number",
    "(log_)?softmax|cum(sum|prod)|prod": "dtype",
    "nn.functional.pad": "expected 'constant'|two numbers of at least 0",
    "nn.functional.softplus": "beta|threshold",
    "norm": "got p='nuc'",
    "to": "expected of the arguments dtype",
}
# The database gives its arguments in another order.
TURNED = {"where": lambda x, condition, other: ad.where(condition, x, other)}
FUNCTION_NAMES = {*ad.__all__, *(n for n, f in vars(Tensor).items() if inspect.isfunction(f))}
FUNCTIONS = {f for f in (getattr(ad, n, None) for n in FUNCTION_NAMES) if callable(f)}
OPERATORS = {f for several in ALSO.values() for f in several} - FUNCTIONS


def ways(name):
    """Every way in which ours is called by a name of the database: functions come first."""
    functions = [TURNED.get(name) or getattr(ad, name)] if name in FUNCTION_NAMES else []
    if callable(getattr(Tensor, name, None)) and not name.startswith("__"):
        functions.append(lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs))
    return functions + ALSO.get(name, [])


def fits(f, sample):
    """Whether a sample can be put so: a number has no methods, an operator takes no keywords."""
    if f in FUNCTIONS or f in TURNED.values():
        return True
    return isinstance(sample.input, torch.Tensor) and not (f in OPERATORS and sample.kwargs)


def tensors_of(value, leaves):
    """The same arguments with ours for every torch tensor; each pair is kept in `leaves`."""
    if isinstance(value, torch.Tensor):
        leaves.append((value, Tensor(value.detach(), requires_grad=value.requires_grad)))
        return leaves[-1][1]
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return type(value)(tensors_of(item, leaves) for item in value)
    if isinstance(value, dict):
        return {key: tensors_of(item, leaves) for key, item in value.items()}
    return value


def outcome(f, parts):
    """Return what a call gives, or the error that it ends with."""
    try:
        first, args, kwargs = parts()
        return f(first, *args, **kwargs)
    except Exception as error:  # noqa: BLE001 - which one it is, is what is tested
        return error


def close(got, wanted):
    """Whether two arrays have one shape and dtype, and values as near as their dtype allows."""
    if (got.shape, got.dtype) != (wanted.shape, wanted.dtype):
        return False
    if not wanted.is_floating_point():
        return torch.equal(got, wanted)
    near = 2e-5 if wanted.dtype == torch.float32 else 1e-9
    scale = wanted.nan_to_num(0, 0, 0).abs().max().clamp(min=1).item() if wanted.numel() else 1.0
    return torch.allclose(got, wanted, rtol=near, atol=near * scale, equal_nan=True)


def answer(f, info, sample):
    """Return "" where ours is PyTorch's answer, our refusal where it is one, or what is wrong."""
    given = (sample.input, sample.args, sample.kwargs)
    leaves = []
    wanted = outcome(info.op, lambda: given)
    got = outcome(f, lambda: [tensors_of(part, leaves) for part in given])
    if isinstance(got, BakeoffError):
        return "" if isinstance(wanted, Exception) else got
    if isinstance(got, Exception):
        return f"unnamed {type(got).__name__}: {got}"
    if isinstance(wanted, Exception):
        return f"{got} for {type(wanted).__name__}: {wanted}"
    return fault(got, wanted, leaves)


def fault(got, wanted, leaves):
    """Return how a result differs from PyTorch's in type, value or gradient, or ""."""
    if hasattr(wanted, "indices") and isinstance(wanted, tuple):  # a named pair with values
        if got[1] is not got.indices or not close(got.indices.data, wanted.indices):
            return f"{got} for {wanted}"
        got, wanted = got.values, wanted.values
    if not isinstance(wanted, list | tuple):
        got, wanted = (got,), (wanted,)
    if not isinstance(got, tuple) or len(got) != len(wanted):
        return f"{got} for {wanted}"
    pairs = list(zip(got, wanted, strict=True))
    found = "".join(itertools.starmap(value_fault, pairs))
    pairs = [pair for pair in pairs if getattr(pair[1], "requires_grad", False)]
    if found or not pairs:
        return found
    return gradient_fault(*(weighed([pair[side] for pair in pairs]) for side in (0, 1)), leaves)


def value_fault(got, wanted):
    if not isinstance(wanted, torch.Tensor):
        return "" if (type(got), got) == (type(wanted), wanted) else f"{got!r} for {wanted!r}"
    if not isinstance(got, Tensor) or not close(got.data, wanted.detach()):
        return f"{got} for {wanted}"
    return "" if got.requires_grad == wanted.requires_grad else f"requires_grad={got.requires_grad}"


def weighed(parts):
    """Return one part as it is, and of several a sum, in which each counts otherwise."""
    if len(parts) == 1:
        return parts[0]
    return sum((part * (number + 1.0)).sum() for number, part in enumerate(parts))


def gradient_fault(got, wanted, leaves):
    weights = torch.rand(wanted.shape, generator=torch.Generator().manual_seed(1)).to(wanted.dtype)
    wanted.backward(weights)
    try:
        got.backward(weights)
    except Exception as error:  # noqa: BLE001 - any is a fault: the forward was not refused
        return f"backward: {type(error).__name__}: {error}"
    for theirs, ours in leaves:
        if theirs.requires_grad and not close(gradient_of(ours), gradient_of(theirs)):
            return f"gradient {ours.grad} for {theirs.grad}"
        theirs.grad = None
    return ""


def samples_of(info):
    for dtype in DTYPES:
        if dtype in info.dtypes:
            wants = dtype.is_floating_point and info.supports_autograd
            for sample in info.sample_inputs("cpu", dtype, requires_grad=wants):
                yield sample
                yield sample.noncontiguous()
    if info.error_inputs_func is not None:
        yield from (error.sample_input for error in info.error_inputs("cpu"))


def is_pinned(name, refusal):
    """Whether a refusal is one of those that are known, by name and reason."""
    return any(
        re.fullmatch(names, name) and re.search(words, refusal)
        for names, words in NOT_OFFERED.items()
    )


@pytest.mark.filterwarnings("ignore")
@torch.enable_grad()
def test_every_sample_is_answered_as_pytorch_does_or_refused_by_name(record_property):
    from torch_databases import op_db  # takes seconds, which one worker spends

    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    agree = refused = 0
    faults = []
    for info in op_db():
        for sample in samples_of(info) if ways(info.name) else ():
            for number, f in enumerate(ways(info.name)):
                if not fits(f, sample):
                    continue
                found = answer(f, info, sample)
                if isinstance(found, BakeoffError):
                    refused += 1
                    if not is_pinned(info.name, str(found)):
                        faults.append(f"{info.name}, {sample.summary()}: {found}"[:600])
                elif found:
                    faults.append(f"{info.name}, way {number}, {sample.summary()}: {found}"[:600])
                else:
                    agree += 1
    torch.random.set_rng_state(state)
    record_property("samples of PyTorch's operations that agree", agree)
    record_property("samples of PyTorch's operations that are refused by name", refused)
    assert faults == []
    assert agree >= 12_200
    assert refused <= 1350
