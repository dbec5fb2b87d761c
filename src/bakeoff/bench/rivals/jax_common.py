"""What JAX's networks share: arrays from torch's, and SGD with momentum as a pure function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import torch

from bakeoff.bench.problem import LR, MOMENTUM


def to_jax(x: torch.Tensor) -> Any:
    """Return a JAX array of the same numbers; int64 becomes JAX's int32."""
    return jnp.asarray(x.contiguous().numpy())


def train_step(loss: Callable[..., Any]) -> Callable[..., Any]:
    """Return (state, x, y) -> (state, loss): one step of SGD on `loss(parameters, x, y)`.

    The state is the parameters and their velocities, in PyTorch's form of momentum.
    """

    def step(state: Any, x: Any, y: Any) -> Any:
        parameters, velocity = state
        value, gradient = jax.value_and_grad(loss)(parameters, x, y)
        velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradient)
        parameters = jax.tree.map(lambda p, v: p - LR * v, parameters, velocity)
        return (parameters, velocity), value

    return step
