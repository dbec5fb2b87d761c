"""The report's deep networks: models 4 and 5, in the manner of AlexNet."""

from __future__ import annotations

from typing import Unpack

from bakeoff.autodiff.tensor import Tensor
from bakeoff.models.defects import Defects, Switches
from bakeoff.models.pair import Auxiliary, Body, PairNetwork, Stages
from bakeoff.nn import Conv2d, MaxPool2d


class DeepBody(Body):
    """Five convolutions, each with ReLU, and two pools: 492,736 parameters, 2,304 features.

    conv 1→16 k3 p1, conv 16→32 k5 p2, max-pool 2, conv 32→128 k3 p1, conv 128→128 k3 p1,
    conv 128→256 k3 p1, max-pool 2.
    """

    def __init__(self) -> None:
        self.conv1 = Conv2d(1, 16, 3, padding=1)
        self.conv2 = Conv2d(16, 32, 5, padding=2)
        self.conv3 = Conv2d(32, 128, 3, padding=1)
        self.conv4 = Conv2d(128, 128, 3, padding=1)
        self.conv5 = Conv2d(128, 256, 3, padding=1)
        self.pool = MaxPool2d(2)

    def forward(self, images: Tensor) -> Stages:
        """Images (..., 1, 14, 14, N) to stages of 16·14², 32·7², 128·7² and 256·3² features."""
        conv1 = self.conv1(images).relu()
        # ReLU after a pool gives the same values and gradients on a quarter of the elements.
        conv2 = self.pool(self.conv2(conv1)).relu()
        conv4 = self.conv4(self.conv3(conv2).relu()).relu()
        conv5 = self.pool(self.conv5(conv4)).relu()
        return {"conv1": conv1, "conv2": conv2, "conv4": conv4, "conv5": conv5}


class DeepPair(PairNetwork):
    """The deep body and the head 4608 → 512 → 64 → 2.

    Model 4 is not shared; its "target" branches leave after conv1 (6272 → 512), after conv2 and
    the pool (3136 → 512) and after conv4 (12544 → 512). Model 5 is model 4 with "digits".

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
        branches = {"conv1": 6272, "conv2": 3136, "conv4": 12544}
        super().__init__(
            DeepBody, shared, (4608, 512, 64), auxiliary, branches, Defects.of(**defects)
        )
