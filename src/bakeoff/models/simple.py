"""The report's simple networks: models 1, 2 and 3, and what lies between them."""

from __future__ import annotations

from typing import Unpack

from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.models.defects import Defects, Switches
from bakeoff.models.pair import Auxiliary, Body, PairNetwork, Stages
from bakeoff.nn import Conv2d, Linear, MaxPool2d, Module


class SimpleBody(Body):
    """conv 1→16 k3, ReLU, max-pool 2, conv 16→32 k3, ReLU: 4,800 parameters, 512 features."""

    def __init__(self) -> None:
        self.conv1 = Conv2d(1, 16, 3)
        self.pool = MaxPool2d(2)
        self.conv2 = Conv2d(16, 32, 3)

    def forward(self, images: Tensor) -> Stages:
        """Images (..., 1, 14, 14, N) to stages of 16·12·12, 16·6·6 and 32·4·4 features."""
        conv1 = self.conv1(images)
        # ReLU after the pool gives the same values and gradients on a quarter of the elements.
        # The stage before the pool is for a branch; where there is none, a plan leaves it out.
        pooled = self.pool(conv1).relu()
        return {"conv1": conv1.relu(), "pool": pooled, "conv2": self.conv2(pooled).relu()}


class SimplePair(PairNetwork):
    """The simple body and the head 1024 → 64 → 32 → 2.

    Model 1 is not shared (77,346 parameters), model 2 is shared (72,546), model 3 is model 1 with
    "target" branches after conv1 (4608 → 64) and after the pool (1152 → 64).

    Args:
        shared: one body for both images, or one for each.
        auxiliary: see `PairNetwork`.
        **defects: defects of the report's code that are on, see `Defects`.

    Shape:
        (N, 2, 14, 14) to logits by name.
    """

    def __init__(
        self, shared: bool, auxiliary: Auxiliary = "none", **defects: Unpack[Switches]
    ) -> None:
        branches = {"conv1": 4608, "pool": 1152}
        super().__init__(
            SimpleBody, shared, (1024, 64, 32), auxiliary, branches, Defects.of(**defects)
        )


# ---- single images: the same body, read by itself -----------------------------------------------


CLASSES = 10


class DigitNetwork(Module):
    """Which digit is it: the simple body and the head F → hidden → 10.

    Args:
        side: of the images, in pixels: 14 gives F = 512 features, 28 gives 3,872.
        hidden: width of the hidden layer.

    Shape:
        (N, 1, side, side) to {"target": (N, 10)}, logits.

    Raises:
        ArgumentError: for a side of less than 8, which leaves nothing to read, or no hidden unit.
    """

    def __init__(self, side: int = 14, hidden: int = 64) -> None:
        if side < 8 or hidden < 1:
            raise ArgumentError(
                f"DigitNetwork: got side={side} and hidden={hidden}, expected at least 8 and 1"
            )
        self.body = SimpleBody()
        mapped = (side - 2) // 2 - 2
        self.hidden = Linear(32 * mapped * mapped, hidden)
        self.output = Linear(hidden, CLASSES)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images (..., 1, side, side, N) to logits by name, (..., 10, N)."""
        features = self.body(images)["conv2"]
        flat = features.flatten(features.ndim - 4, -2)
        return {"target": self.output(self.hidden(flat).relu())}
