"""The disk network in JAX: pure functions, jit, scan over the steps, vmap over the rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import torch

from bakeoff.bench.contender import Contender
from bakeoff.bench.problem import Problem
from bakeoff.bench.rivals.jax_common import to_jax, train_step

Parameters = Any


def forward(parameters: Parameters, x: Any) -> Any:
    """Points (N, 2) to outputs (N, 1); weights are (in, out)."""
    *hidden, (weight, bias) = parameters
    for w, b in hidden:
        x = jnp.tanh(x @ w + b)
    return x @ weight + bias


def loss(parameters: Parameters, x: Any, y: Any) -> Any:
    """Return the mean squared error."""
    return jnp.mean((forward(parameters, x) - y) ** 2)


step = train_step(loss)


def scan_epoch(state: Any, x: Any, y: Any, rows: Any) -> Any:
    """Train on all batches of an epoch, x (n, 2) and rows (steps, batch); the mean loss."""
    state, losses = jax.lax.scan(lambda state, r: step(state, x[r], y[r]), state, rows)
    return state, losses.mean()


class Disk(Contender):
    """What the three share: parameters, velocities and data as JAX arrays."""

    stacked = False

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)

        def pick(x: torch.Tensor) -> torch.Tensor:
            return x if self.stacked else x[0]

        layers = zip(problem.start[::2], problem.start[1::2], strict=True)
        parameters = [(to_jax(pick(w.mT)), to_jax(pick(b))) for w, b in layers]
        if self.stacked:
            parameters = [(w, b[:, None]) for w, b in parameters]
        self.state = (parameters, jax.tree.map(jnp.zeros_like, parameters))
        self.x, self.y = to_jax(pick(problem.inputs)), to_jax(pick(problem.targets))
        self.rows = to_jax(pick(problem.rows))


class DiskJit(Disk):
    """One jitted call a step."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)

        def gather_and_step(state: Any, total: Any, x: Any, y: Any, rows: Any) -> Any:
            state, loss = step(state, x[rows], y[rows])
            return state, total + loss

        self.step: Callable[..., Any] = jax.jit(gather_and_step, donate_argnums=(0, 1))
        self.batches = [to_jax(rows) for rows in problem.rows[0]]

    def run(self) -> Any:
        """Train on all batches; the mean loss."""
        total = jnp.zeros(())
        for rows in self.batches:
            self.state, total = self.step(self.state, total, self.x, self.y, rows)
        return [float(total) / len(self.batches)]


class DiskScan(Disk):
    """One jitted call for all steps."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.epoch: Callable[..., Any] = jax.jit(scan_epoch, donate_argnums=0)

    def run(self) -> Any:
        """Train on all batches; the mean loss."""
        self.state, loss = self.epoch(self.state, self.x, self.y, self.rows)
        return [float(loss)]


class DiskVmapScan(Disk):
    """One jitted call for all steps of all rounds."""

    stacked = True

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.epoch: Callable[..., Any] = jax.jit(jax.vmap(scan_epoch), donate_argnums=0)

    def run(self) -> Any:
        """Train all rounds on their batches; the mean loss of each."""
        self.state, losses = self.epoch(self.state, self.x, self.y, self.rows)
        return [float(loss) for loss in jax.device_get(losses)]
