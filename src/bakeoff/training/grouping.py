"""How many rounds of a small dense network train at once, where its recipe leaves that open.

The price of a small step is that of its calls, not of their numbers: ten rounds in lockstep take
little longer than one. That ends where a step's numbers no longer fit a core's own cache. The rule
looks at the network and the batch alone, never at the machine or its load, since a round's last
bits depend on how many train with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

SIZES: Mapping[str, Mapping[str, int]] = {
    "disk": {"inputs": 2, "outputs": 1, "hidden": 25, "layers": 3},
    "mlp": {"hidden": 25, "layers": 3},
}
"""The dense networks of `bakeoff.models`, with the sizes that they have unless options say else."""

SIZE_NAMES = ("inputs", "outputs", "hidden", "layers")
WORKING_SET = 2**20
"""Bytes that a step may touch; the cores that people have today keep as much to themselves."""

MOST = 10
"""The most rounds at once, so that thirty still spread over three workers."""


def rounds_at_once(network: str, options: Mapping[str, object], batch_size: int) -> int:
    """Return how many rounds train in lockstep, from 1 to `MOST`.

    A round needs four numbers a weight (itself, its gradient, and twice as much for the optimiser)
    and three an activation (itself, its gradient and the product before it).

    Args:
        network: the name of its factory; any but those of `SIZES` trains alone.
        options: of the factory; with options that it does not take, the network trains alone (and
            is refused later).
        batch_size: examples a step.
    """
    if network not in SIZES:
        return 1
    sizes = dict(SIZES[network]) | dict(options)
    whole = [n for name in SIZE_NAMES if isinstance(n := sizes.get(name), int) and n >= 0]
    if len(whole) < len(SIZE_NAMES):
        return 1
    inputs, outputs, hidden, layers = whole
    widths = [inputs, *[hidden] * min(layers, 99), outputs]
    weights = sum((a + 1) * b for a, b in pairwise(widths))
    numbers = 4 * weights + 3 * batch_size * sum(widths)
    return max(1, min(MOST, WORKING_SET // (4 * max(1, numbers))))
