"""Derivatives as functions: from f to the function that computes its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bakeoff.autodiff.tape import grad_enabled, pull_back, set_grad
from bakeoff.autodiff.tensor import OPERATIONS, Tensor
from bakeoff.errors import ArgumentError, DTypeError, GraphError


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
