"""Clipping of gradients by their norm."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff.kernels import Array, fill, run, update, view
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, *, rounds: int | None = None
) -> Tensor:
    """Scale the gradients down so that their norm, all of them as one vector, is at most max_norm.

    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks",
    algorithm 1. As in PyTorch, the factor is max_norm / (norm + 1e-6), or 1 if that is less. It
    is applied without looking at it, so a plan can replay it.

    Args:
        parameters: one or more, whose gradients are replaced by the scaled ones; those without a
            gradient are passed over.
        max_norm: above 0.
        rounds: in lockstep, `network.rounds`: each round is then scaled by its own norm.

    Returns:
        The norm before scaling, of one element, or (rounds,).

    Raises:
        ArgumentError: for max_norm that is not above 0.
    """
    if not max_norm > 0.0:
        raise ArgumentError(f"clip_grad_norm_: got max_norm={max_norm}, expected more than 0")
    several = [parameters] if isinstance(parameters, Tensor) else parameters
    held = [p for p in several if p.grad is not None]
    if not held:
        return Tensor(torch.zeros(() if rounds is None else (rounds,)))
    gradients = [p.grad.data for p in held if p.grad is not None]
    norm = _norm(gradients, rounds)
    scale = run(torch.add, norm, 1e-6)
    fill(torch.reciprocal, scale, scale)
    update(torch.Tensor.mul_, scale, max_norm)
    fill(torch.clamp, scale, scale, max=1.0)
    for parameter, g in zip(held, gradients, strict=True):
        # Not in place: two parameters may hold one and the same array as their gradient.
        factor = scale
        if rounds is not None:
            factor = view(torch.Tensor.view, scale, (rounds, *[1] * (g.ndim - 1)))
        parameter.grad = Tensor(run(torch.mul, g, factor))
    return Tensor(norm)


def _norm(gradients: list[Array], rounds: int | None) -> Array:
    """Return the norm over all gradients, or over each round's."""
    lead = 0 if rounds is None else 1
    squares = [run(torch.sum, run(torch.mul, g, g), tuple(range(lead, g.ndim))) for g in gradients]
    return run(torch.sqrt, run(torch.sum, run(torch.stack, squares), 0))
