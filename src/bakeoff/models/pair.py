"""A body for each image of a pair, or one body for both: the report's weight sharing.

Every network on pairs takes images (N, 2, H, W) and gives outputs by name. An output called
`target` or `target.*` answers which digit is larger; `first` or `first.*`, and `second` or
`second.*`, read the two digits. The name before the dot says which label an output is scored
against; `target` is the main output.
"""

from __future__ import annotations

from collections.abc import Callable

from bakeoff.autodiff import stack
from bakeoff.autodiff.tensor import Tensor
from bakeoff.nn import Module

Stages = dict[str, Tensor]


class Body(Module):
    """Extracts features from images (..., 1, H, W, N), kept by name at each stage."""

    def forward(self, images: Tensor) -> Stages:
        """Return the feature maps (..., C, H, W, N) after each stage, the last one last."""
        raise NotImplementedError


class PairBody(Module):
    """Runs both images of each pair through a body: their own two, or one and the same.

    Args:
        make: makes a body.
        shared: whether both images go through one body (weight sharing).
    """

    def __init__(self, make: Callable[[], Body], shared: bool) -> None:
        self.first = make()
        self.second = None if shared else make()

    def forward(self, pairs: Tensor) -> Stages:
        """From pairs (..., 2, H, W, N), return the features (..., 2, F, N) after each stage."""
        n = pairs.shape[-1]
        if self.second is None:
            # One body sees both images as one batch of twice the size: wider matrix products.
            *lead, _, height, width, _ = pairs.shape
            both = pairs.movedim(-4, -2).reshape(*lead, 1, height, width, 2 * n)
            return {name: _apart(x, n) for name, x in self.first(both).items()}
        first = self.first(pairs[..., 0:1, :, :, :])
        second = self.second(pairs[..., 1:2, :, :, :])
        return {name: stack(_rows(first[name]), _rows(second[name]), dim=-3) for name in first}


def _rows(x: Tensor) -> Tensor:
    """(..., C, H, W, N) to (..., C·H·W, N)."""
    return x.flatten(x.ndim - 4, -2)


def _apart(x: Tensor, n: int) -> Tensor:
    """(..., C, H, W, 2·n), the second images after the first, to (..., 2, C·H·W, n)."""
    rows = _rows(x)
    return rows.reshape(*rows.shape[:-1], 2, n).movedim(-2, -3)


def join(features: Tensor) -> Tensor:
    """Return the features (..., 2, F, N) of both images of each pair as one vector (..., 2F, N)."""
    return features.flatten(features.ndim - 3, -2)
