"""The networks in JAX: pure functions, jit, scan over the steps, vmap over the rounds.

Convolutions are channels-last, which is faster on processors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import torch

from benchmarks.problem import LR, MOMENTUM, Problem
from benchmarks.rivals import Run

Body = tuple[int | str, ...]
POOL = "pool"
SIMPLE: Body = (0, POOL, 0)
DEEP: Body = (1, 2, POOL, 1, 1, 1, POOL)
"""The layers of a body: the padding of a convolution, or a pool."""
FORMAT = ("NHWC", "HWIO", "NHWC")


def to_jax(x: torch.Tensor) -> Any:
    """Return a JAX array of the same numbers; int64 becomes JAX's int32."""
    return jnp.asarray(x.contiguous().numpy())


def dense(layers: Any, x: Any, activation: Callable[[Any], Any]) -> Any:
    """Take x (N, in) through layers of weights (in, out) and biases, the last one linear."""
    *hidden, (weight, bias) = layers
    for w, b in hidden:
        x = activation(x @ w + b)
    return x @ weight + bias


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


def step_by_step(problem: Problem, parameters: Any, loss: Callable[..., Any]) -> Run:
    """One jitted call a step, on parameters and velocities, all examples and a batch's rows."""
    step = train_step(loss)
    x, y = to_jax(problem.inputs[0]), to_jax(problem.targets[0])
    batches = [to_jax(rows) for rows in problem.rows[0]]
    state = (parameters, jax.tree.map(jnp.zeros_like, parameters))

    @partial(jax.jit, donate_argnums=(0, 1))
    def gather_and_step(state: Any, total: Any, x: Any, y: Any, rows: Any) -> Any:
        state, value = step(state, x[rows], y[rows])
        return state, total + value

    def run() -> list[float]:
        nonlocal state
        total = jnp.zeros(())
        for rows in batches:
            state, total = gather_and_step(state, total, x, y, rows)
        return [float(total) / len(batches)]

    return run


# ---- the disk network -------------------------------------------------------------------------


def disk_loss(parameters: Any, x: Any, y: Any) -> Any:
    """Return the mean squared error on points x (N, 2) and y (N, 1)."""
    return jnp.mean((dense(parameters, x, jnp.tanh) - y) ** 2)


def scan_epoch(state: Any, x: Any, y: Any, rows: Any) -> Any:
    """Train on all batches of an epoch, x (n, 2) and rows (steps, batch); the mean loss."""
    step = train_step(disk_loss)
    state, losses = jax.lax.scan(lambda state, r: step(state, x[r], y[r]), state, rows)
    return state, losses.mean()


def layers_at(problem: Problem, place: Any) -> list[Any]:
    """Return the disk network's weights and biases in the round at a place; ... for all rounds."""
    layers = zip(problem.start[::2], problem.start[1::2], strict=True)
    return [(to_jax(w.mT[place]), to_jax(b.unsqueeze(1)[place])) for w, b in layers]


def disk(problem: Problem) -> Run:
    """One jitted call a step."""
    return step_by_step(problem, layers_at(problem, 0), disk_loss)


def disk_scan(problem: Problem, place: Any = 0, scan: Callable[..., Any] = scan_epoch) -> Run:
    """One jitted call for all steps, of the round at a place."""
    parameters = layers_at(problem, place)
    state = (parameters, jax.tree.map(jnp.zeros_like, parameters))
    x, y, rows = (to_jax(part[place]) for part in (problem.inputs, problem.targets, problem.rows))
    epoch = jax.jit(scan, donate_argnums=0)

    def run() -> list[float]:
        nonlocal state
        state, losses = epoch(state, x, y, rows)
        return [float(loss) for loss in jax.device_get(losses).reshape(-1)]

    return run


def disk_vmap_scan(problem: Problem) -> Run:
    """One jitted call for all steps of all rounds."""
    return disk_scan(problem, ..., jax.vmap(scan_epoch))


# ---- networks on pairs of images --------------------------------------------------------------


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


def features(parameters: Any, x: Any, layers: Body) -> Any:
    """Take images (N, 14, 14, 1) to features (N, F), ReLU after each convolution."""
    weights = iter(parameters)
    for layer in layers:
        if isinstance(layer, str):
            x = pool(x)
        else:
            weight, bias = next(weights)
            x = jax.nn.relu(conv(x, weight, bias, layer))
    return x.reshape(len(x), -1)


def pairs(problem: Problem) -> Run:
    """A network on pairs of images; one jitted call a step, or for all logits."""
    shared = problem.work.network == "model2"
    layers = DEEP if problem.work.network == "model4" else SIMPLE
    parameters = split_parameters(problem, sum(layer != POOL for layer in layers))

    def forward(parameters: Any, pairs: Any) -> Any:
        """Pairs (N, 2, 14, 14) to logits (N, 2)."""
        bodies, head = parameters
        n, images = len(pairs), pairs[..., None]
        if shared:
            x = features(bodies[0], images.reshape(2 * n, *images.shape[2:]), layers).reshape(n, -1)
        else:
            x = jnp.concatenate([features(bodies[i], images[:, i], layers) for i in (0, 1)], 1)
        return dense(head, x, jax.nn.relu)

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        chosen = jnp.take_along_axis(jax.nn.log_softmax(forward(parameters, x)), y[:, None], 1)
        return -chosen.mean()

    if problem.work.kind == "predict":
        predict, x = jax.jit(forward), to_jax(problem.inputs[0])
        return lambda: jax.device_get(predict(parameters, x)).copy()
    return step_by_step(problem, parameters, loss)


def split_parameters(problem: Problem, number: int) -> tuple[Any, Any]:
    """Return (bodies, head) in JAX's layouts, from weights in PyTorch's order and layouts.

    Args:
        problem: of pairs; its only round's weights are taken.
        number: of convolutions in a body.
    """
    layers = [(w[0], b[0]) for w, b in zip(problem.start[::2], problem.start[1::2], strict=True)]
    convolutions = [(w.permute(2, 3, 1, 0), b) for w, b in layers if w.ndim == 4]
    (first, bias), *linears = [(w, b) for w, b in layers if w.ndim == 2]
    # Features come out as (image, H, W, C) here and as (image, C, H, W) in PyTorch.
    channels = len(convolutions[number - 1][1])
    side = int((first.shape[1] / 2 / channels) ** 0.5)
    first = first.view(-1, 2, channels, side, side).permute(0, 1, 3, 4, 2).flatten(1)
    bodies = [convolutions[i : i + number] for i in range(0, len(convolutions), number)]
    head = [(w.T, b) for w, b in ((first, bias), *linears)]
    return jax.tree.map(to_jax, bodies), jax.tree.map(to_jax, head)
