"""Dropout: in training, random elements or whole channels are set to 0."""

from __future__ import annotations

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_number, keep_default
from bakeoff.nn.checks import batch_error, check_floating
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

    _shown = ("p=",)

    def __init__(
        self, p: float = 0.5, inplace: bool = False, *, generator: torch.Generator | None = None
    ) -> None:
        keep_default(self, inplace=(inplace, False))
        check_number(type(self).__name__, "p", p, least=0, most=1)
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

    def _drawn(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of what is drawn for a batch."""
        return shape

    def _mask(self, x: kernels.Array) -> kernels.Array:
        """Return 0 with probability p, else 1 / (1 - p); in lockstep, each round's by its own."""
        mask = kernels.empty(self._drawn(tuple(x.shape)), x)
        for part, generator in self.each_round(mask):
            kernels.update(torch.Tensor.bernoulli_, part, 1.0 - self.p, generator=generator)
        if self.p < 1.0:
            kernels.update(torch.Tensor.mul_, mask, 1.0 / (1.0 - self.p))
        return mask


class _ChannelDropout(Dropout):
    _axes: int  # of a batch, seen from outside

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, ..., N) to the same shape."""
        if x.ndim - self._lead != self._axes:
            raise batch_error(self, x, f"{self._axes} axes, (N, C, ...)")
        return super().forward(x)

    def _drawn(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        at = self._lead + 1
        return (*shape[:at], *[1] * (len(shape) - at - 1), shape[-1])


class Dropout1d(_ChannelDropout):
    """`Dropout` of whole channels of (N, C, L) (Tompson et al. 2015, section 3.2)."""

    _axes, _sample_axes = 3, 2


class Dropout2d(_ChannelDropout):
    """`Dropout` of whole channels of images (N, C, H, W).

    Tompson et al. 2015, "Efficient object localization using convolutional networks", section 3.2.
    """

    _axes = 4


class Dropout3d(_ChannelDropout):
    """`Dropout` of whole channels of (N, C, D, H, W) (Tompson et al. 2015, section 3.2)."""

    _axes, _sample_axes = 5, 4
