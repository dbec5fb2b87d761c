"""The networks in JAX: pure functions, jit, scan over the steps, vmap over the rounds.

Convolutions are channels-last, which is faster on processors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import torch

from benchmarks.contender import Contender
from benchmarks.problem import LR, MOMENTUM, Problem

# A body's layers: (padding) of a convolution, or a pool.
POOL = "pool"
BODIES: dict[str, tuple[int | str, ...]] = {
    "simple": (0, POOL, 0),
    "deep": (1, 2, POOL, 1, 1, 1, POOL),
}
FORMAT = ("NHWC", "HWIO", "NHWC")


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


def disk_forward(parameters: Any, x: Any) -> Any:
    """Points (N, 2) to outputs (N, 1); weights are (in, out)."""
    *hidden, (weight, bias) = parameters
    for w, b in hidden:
        x = jnp.tanh(x @ w + b)
    return x @ weight + bias


def disk_loss(parameters: Any, x: Any, y: Any) -> Any:
    """Return the mean squared error."""
    return jnp.mean((disk_forward(parameters, x) - y) ** 2)


disk_step = train_step(disk_loss)


def scan_epoch(state: Any, x: Any, y: Any, rows: Any) -> Any:
    """Train on all batches of an epoch, x (n, 2) and rows (steps, batch); the mean loss."""
    state, losses = jax.lax.scan(lambda state, r: disk_step(state, x[r], y[r]), state, rows)
    return state, losses.mean()


class Jit(Contender):
    """One jitted call a step, on parameters and velocities, all examples and a batch's rows."""

    def start(self, parameters: Any, loss: Callable[..., Any], place: Any = 0) -> None:
        """Take the parameters that training starts from; `place` chooses from the rounds."""
        self.state = (parameters, jax.tree.map(jnp.zeros_like, parameters))
        problem, step = self.problem, train_step(loss)
        self.x, self.y = to_jax(problem.inputs[place]), to_jax(problem.targets[place])
        self.batches = [to_jax(rows) for rows in problem.rows[0]]

        def gather_and_step(state: Any, total: Any, x: Any, y: Any, rows: Any) -> Any:
            state, value = step(state, x[rows], y[rows])
            return state, total + value

        self.step: Callable[..., Any] = jax.jit(gather_and_step, donate_argnums=(0, 1))

    def run(self) -> Any:
        """Train on all batches; the mean loss."""
        total = jnp.zeros(())
        for rows in self.batches:
            self.state, total = self.step(self.state, total, self.x, self.y, rows)
        return [float(total) / len(self.batches)]


class DiskJit(Jit):
    """The disk network."""

    place: Any = 0

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        layers = zip(problem.start[::2], problem.start[1::2], strict=True)
        parameters = [(to_jax(w.mT[self.place]), to_jax(b[self.place])) for w, b in layers]
        if self.place is ...:
            parameters = [(w, b[:, None]) for w, b in parameters]
        self.start(parameters, disk_loss, self.place)


class DiskScan(DiskJit):
    """One jitted call for all steps."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.rows = to_jax(problem.rows[self.place])
        self.epoch: Callable[..., Any] = self.jitted()

    def jitted(self) -> Any:
        """Return what trains an epoch."""
        return jax.jit(scan_epoch, donate_argnums=0)

    def run(self) -> Any:
        """Train on all batches; the mean loss, of each round."""
        self.state, losses = self.epoch(self.state, self.x, self.y, self.rows)
        return [float(loss) for loss in jax.device_get(losses).reshape(-1)]


class DiskVmapScan(DiskScan):
    """One jitted call for all steps of all rounds."""

    place = ...

    def jitted(self) -> Any:
        """Return what trains an epoch of every round."""
        return jax.jit(jax.vmap(scan_epoch), donate_argnums=0)


def conv(x: Any, weight: Any, bias: Any, padding: int) -> Any:
    """Convolve (N, H, W, C) with (kh, kw, C, O)."""
    pads = ((padding, padding), (padding, padding))
    return jax.lax.conv_general_dilated(x, weight, (1, 1), pads, dimension_numbers=FORMAT) + bias


def pool(x: Any) -> Any:
    """Max-pool (N, H, W, C) by 2; as a reshape, faster on CPUs than `lax.reduce_window`."""
    n, height, width, channels = x.shape
    height, width = height // 2, width // 2
    x = x[:, : 2 * height, : 2 * width]
    return x.reshape(n, height, 2, width, 2, channels).max((2, 4))


def body(parameters: Any, x: Any, layers: tuple[int | str, ...]) -> Any:
    """Images (N, 14, 14, 1) to features (N, F), ReLU after each convolution."""
    weights = iter(parameters)
    for layer in layers:
        if isinstance(layer, str):
            x = pool(x)
        else:
            weight, bias = next(weights)
            x = jax.nn.relu(conv(x, weight, bias, layer))
    return x.reshape(len(x), -1)


def make_forward(layers: tuple[int | str, ...], shared: bool) -> Callable[..., Any]:
    """Return (parameters, pairs (N, 2, 14, 14)) -> logits (N, 2)."""

    def forward(parameters: Any, pairs: Any) -> Any:
        bodies, head = parameters
        n, images = len(pairs), pairs[..., None]
        if shared:
            x = body(bodies[0], images.reshape(2 * n, *images.shape[2:]), layers).reshape(n, -1)
        else:
            x = jnp.concatenate([body(bodies[i], images[:, i], layers) for i in (0, 1)], 1)
        *hidden, (weight, bias) = head
        for w, b in hidden:
            x = jax.nn.relu(x @ w + b)
        return x @ weight + bias

    return forward


def split_parameters(problem: Problem) -> tuple[Any, list[Any]]:
    """Return (bodies, head) in JAX's layouts, from weights in PyTorch's order and layouts."""
    pairs = [(w[0], b[0]) for w, b in zip(problem.start[::2], problem.start[1::2], strict=True)]
    convolutions = [(w, b) for w, b in pairs if w.ndim == 4]
    linears = [(w, b) for w, b in pairs if w.ndim == 2]
    number = sum(not isinstance(layer, str) for layer in _layers(problem))
    channels = convolutions[number - 1][0].shape[0]
    # Features come out as (image, H, W, C) here and as (image, C, H, W) in PyTorch.
    first, bias = linears[0]
    side = int((first.shape[1] / 2 / channels) ** 0.5)
    first = first.view(-1, 2, channels, side, side).permute(0, 1, 3, 4, 2).flatten(1)
    layers = [(w.permute(2, 3, 1, 0), b) for w, b in convolutions]
    bodies = [layers[i : i + number] for i in range(0, len(layers), number)]
    head = [(w.T, b) for w, b in ((first, bias), *linears[1:])]
    return jax.tree.map(to_jax, bodies), jax.tree.map(to_jax, head)


def _layers(problem: Problem) -> tuple[int | str, ...]:
    return BODIES["deep" if problem.work.network == "model4" else "simple"]


class PairsJit(Jit):
    """A network on pairs of images; one jitted call for all logits too."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        forward = make_forward(_layers(problem), problem.work.network == "model2")

        def loss(parameters: Any, x: Any, y: Any) -> Any:
            chosen = jnp.take_along_axis(jax.nn.log_softmax(forward(parameters, x)), y[:, None], 1)
            return -chosen.mean()

        self.forward: Callable[..., Any] = jax.jit(forward)
        self.start(split_parameters(problem), loss)

    def run(self) -> Any:
        """Train on all batches; the mean loss. Or return the logits (n, 2)."""
        if self.problem.work.kind == "predict":
            return jax.device_get(self.forward(self.state[0], self.x)).copy()
        return super().run()
