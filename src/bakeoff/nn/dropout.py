"""Dropout."""

from __future__ import annotations

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import keep_default
from bakeoff.errors import ArgumentError
from bakeoff.nn.checks import check_between, check_floating
from bakeoff.nn.module import Module


class Dropout(Module):
    """In training, set each element to 0 with probability p and divide the others by 1 - p.

    The expected output is the input, so nothing changes in evaluation (Srivastava et al. 2014,
    "Dropout", section 10: inverted dropout).

    Args:
        p: the probability of 0, from 0 to 1.
        generator: the random stream; `Module.initialise` gives every Dropout a stream of its own,
            by its name in the network. A resumed run needs the streams' states too: see
            `Module.named_streams`.

    Shape:
        Any shape of floating-point numbers to the same shape.

    Raises:
        ArgumentError: for p out of range, or in training without a random stream.
        DTypeError: when called with integers.
    """

    def __init__(
        self, p: float = 0.5, inplace: bool = False, *, generator: torch.Generator | None = None
    ) -> None:
        keep_default(self, inplace=(inplace, False))
        check_between("Dropout", "p", p, 0.0, 1.0)
        self.p = p
        self.streams = [] if generator is None else [generator]

    def set_streams(self, generators: list[torch.Generator]) -> None:
        """Take the random streams, one a round."""
        self.streams = generators

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        check_floating(self, x)
        if not self.training or self.p == 0.0:
            return x
        return x * Tensor(self._mask(x.data))

    def _mask(self, x: kernels.Array) -> kernels.Array:
        """Return 0 with probability p, else 1 / (1 - p); in lockstep, each round's by its own."""
        if len(self.streams) != (self.rounds or 1):
            raise ArgumentError(
                f"{self!r}: got {len(self.streams)} random streams in training, expected"
                f" {self.rounds or 1}; call .initialise(seed=0) on the network, give generator=, or"
                " call .eval() to predict"
            )
        mask = kernels.empty(x.shape, x)
        for r, generator in enumerate(self.streams):
            part = mask if self.rounds is None else kernels.view(torch.select, mask, 0, r)
            kernels.update(torch.Tensor.bernoulli_, part, 1.0 - self.p, generator=generator)
        if self.p < 1.0:
            kernels.update(torch.Tensor.mul_, mask, 1.0 / (1.0 - self.p))
        return mask

    def describe(self) -> str:
        """As PyTorch shows it."""
        return f"p={self.p}"
