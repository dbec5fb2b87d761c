"""The networks on pairs in JAX: channels-last convolutions, one jitted call a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from bakeoff.bench.contender import Contender
from bakeoff.bench.problem import Problem
from bakeoff.bench.rivals.jax_common import to_jax, train_step

# A body's layers: (padding) of a convolution, or a pool.
POOL = "pool"
BODIES: dict[str, tuple[int | str, ...]] = {
    "simple": (0, POOL, 0),
    "deep": (1, 2, POOL, 1, 1, 1, POOL),
}
FORMAT = ("NHWC", "HWIO", "NHWC")


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


class PairsJit(Contender):
    """One jitted call a step, or for all logits."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        forward = make_forward(_layers(problem), problem.work.network == "model2")

        def loss(parameters: Any, x: Any, y: Any) -> Any:
            chosen = jnp.take_along_axis(jax.nn.log_softmax(forward(parameters, x)), y[:, None], 1)
            return -chosen.mean()

        step = train_step(loss)

        def gather_and_step(state: Any, total: Any, x: Any, y: Any, rows: Any) -> Any:
            state, value = step(state, x[rows], y[rows])
            return state, total + value

        self.step: Callable[..., Any] = jax.jit(gather_and_step, donate_argnums=(0, 1))
        self.forward: Callable[..., Any] = jax.jit(forward)
        parameters = split_parameters(problem)
        self.state = (parameters, jax.tree.map(jnp.zeros_like, parameters))
        self.x, self.y = to_jax(problem.inputs[0]), to_jax(problem.targets[0])
        self.batches = [to_jax(rows) for rows in problem.rows[0]]

    def run(self) -> Any:
        """Train on all batches; the mean loss. Or return the logits (n, 2)."""
        if self.problem.work.kind == "predict":
            return jax.device_get(self.forward(self.state[0], self.x)).copy()
        total = jnp.zeros(())
        for rows in self.batches:
            self.state, total = self.step(self.state, total, self.x, self.y, rows)
        return [float(total) / len(self.batches)]
