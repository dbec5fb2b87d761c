"""Derivatives as functions, and the check that a rule agrees with finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bakeoff.autodiff.tape import grad_enabled, pull_back, set_grad
from bakeoff.autodiff.tensor import Tensor
from bakeoff.autodiff.tensor_math import OPERATIONS
from bakeoff.errors import ArgumentError, DTypeError, GradientError, GraphError


def grad(f: Callable[..., Tensor], argnum: int = 0) -> Callable[..., Tensor]:
    """Return the function that computes the gradient of `f` in its argument `argnum`.

    `f` takes Tensors and returns a Tensor of one element. The result can be differentiated again:
    `grad(grad(f))` is the second derivative of a function of one number. It remembers how it was
    made only if something asks for that: an argument, or a tensor inside `f`, that requires a
    gradient.

    Raises:
        ArgumentError: when called, if there is no argument of that number.
        DTypeError: when called, if the argument is not floating point or the result no Tensor.
        GraphError: when called, if the result of `f` has several elements.
    """

    def gradient(*args: Any) -> Tensor:
        if not -len(args) <= argnum < len(args):
            raise ArgumentError(f"grad: got {len(args)} arguments, expected one of number {argnum}")
        at = argnum % len(args)
        given = args[at] if isinstance(args[at], Tensor) else Tensor(args[at])
        remembered = grad_enabled()
        with set_grad(True):
            # A tensor of this call's own: the walk ends at it, whatever `given` was made from.
            own = OPERATIONS["alias"](given) if given.requires_grad else Tensor(given.data, True)
            out = f(*args[:at], own, *args[at + 1 :])
            if not isinstance(out, Tensor):
                raise DTypeError(f"grad: f returned {type(out)}, expected a bakeoff.Tensor")
            if out.numel() != 1:
                raise GraphError(
                    f"grad: f returned a tensor of shape {tuple(out.shape)}, expected one element,"
                    " such as a sum"
                )
            seed = out._cotangent(None)
            ends = []
            if out.requires_grad:
                ends = pull_back(out, seed, stop=frozenset({id(own)}), create_graph=True)
            g = next((g for end, g in ends if end is own), own * 0.0)
        others = any(end is not own for end, _ in ends)
        return g if remembered and (given.requires_grad or others) else g.detach()

    return gradient


# ---- the gradient checker -----------------------------------------------------------------------


def check_grad(
    f: Callable[..., Tensor],
    *inputs: Any,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> None:
    """Compare the gradients of `f` with central finite differences, element by element.

    The output is weighed with a random cotangent c, so that a rule that ignores the incoming
    gradient is caught: it must hold that d/dx <c, f(x)> = (<c, f(x + h)> - <c, f(x - h)>) / 2h,
    up to an error of order h² (Griewank & Walther 2008, section 1.2).

    Args:
        f: takes the inputs, returns a Tensor of any shape.
        *inputs: Tensors or torch tensors in float64 are checked; integers, bools and Python
            numbers are passed on. Choose them away from kinks.
        step: the h of the formula, in the unit of the inputs.
        tolerance: the largest error allowed, relative to 1 + the size of the derivative.
        seed: of the cotangent.

    Raises:
        GradientError: naming the input, the element, the rule's value and the difference's.
        DTypeError: for a float32 or float16 input or output, whose rounding would hide a wrong
            rule, or when no input can be checked.
    """
    given = [_prepare(i, x) for i, x in enumerate(inputs)]
    checked = [i for i, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise DTypeError("check_grad: got no float64 tensor, expected at least one to check")
    with set_grad(True):
        out = f(*given)
    if not isinstance(out, Tensor) or out.dtype != torch.float64:
        got_type = out.dtype if isinstance(out, Tensor) else type(out)
        raise DTypeError(
            f"check_grad: f returned {got_type}, expected a bakeoff.Tensor of torch.float64"
        )
    cotangent = torch.randn(
        out.shape, dtype=out.dtype, generator=torch.Generator().manual_seed(seed)
    )
    # Not `backward`, which would add to the `grad` of tensors that f finds by itself.
    ends = pull_back(out, Tensor(cotangent)) if out.requires_grad else []
    gradients = {id(leaf): g.data for leaf, g in ends}
    for i in checked:
        x = given[i]
        got = gradients.get(id(x), torch.zeros_like(x.data))
        if got.shape != x.shape:
            raise GradientError(
                f"check_grad: input {i}: got a gradient of shape {tuple(got.shape)}, expected"
                f" {tuple(x.shape)}"
            )
        expected = _differences(f, given, i, cotangent, step)
        error = (got - expected).abs() / (1.0 + expected.abs())
        if not bool((error <= tolerance).all()):
            worst = int(error.nan_to_num(float("inf")).argmax())
            raise GradientError(
                f"check_grad: input {i}, element {worst}: the rule gives"
                f" {float(got.reshape(-1)[worst]):.9g}, finite differences"
                f" {float(expected.reshape(-1)[worst]):.9g}; the rule of this input is wrong, or"
                " the element sits at a kink"
            )


def _prepare(i: int, x: Any) -> Any:
    """Return a float64 leaf of its own for each input to be checked."""
    if not isinstance(x, Tensor | torch.Tensor):
        return x
    data = x.data if isinstance(x, Tensor) else x
    if not data.is_floating_point():
        return x
    if data.dtype != torch.float64:
        raise DTypeError(f"check_grad: input {i}: got {data.dtype}, expected torch.float64")
    return Tensor(data.detach(), requires_grad=True)


def _differences(
    f: Callable[..., Tensor], given: list[Any], i: int, cotangent: torch.Tensor, step: float
) -> torch.Tensor:
    """Return d/dx <cotangent, f(x)> by central differences, one element at a time."""
    x = given[i].data
    result = torch.zeros(x.shape, dtype=x.dtype)
    flat = result.view(-1)
    for k in range(x.numel()):
        sides = []
        for h in (step, -step):
            moved = x.clone(memory_format=torch.contiguous_format)
            moved.view(-1)[k] += h
            with set_grad(False):
                out = f(*given[:i], Tensor(moved), *given[i + 1 :])
            sides.append((out.data * cotangent).sum())
        flat[k] = (sides[0] - sides[1]) / (2 * step)
    return result
