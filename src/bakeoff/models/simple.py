"""The report's simple networks: models 1, 2 and 3, and what lies between them."""

from __future__ import annotations

from typing import Unpack

from bakeoff.autodiff.tensor import Tensor
from bakeoff.models.defects import Defects, Switches
from bakeoff.models.pair import Auxiliary, Body, PairNetwork, Stages
from bakeoff.nn import Conv2d, MaxPool2d


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
            SimpleBody, shared, (1024, 64, 32), auxiliary, branches, Defects(**defects)
        )
