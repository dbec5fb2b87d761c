"""The paper's networks: models 1, 2 and 3, models 4 and 5, and what lies between them."""

from __future__ import annotations

from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_count
from bakeoff.models.defects import Defects
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

    It takes (N, 2, 14, 14) and gives logits by name. Of its arguments, `shared` and `auxiliary` are
    those of `PairNetwork`; any other turns on a defect of the paper's code, see `Defects`.
    """

    def __init__(self, shared: bool, auxiliary: Auxiliary = "none", **defects: bool) -> None:
        branches = {"conv1": 4608, "pool": 1152}
        super().__init__(
            SimpleBody, shared, (1024, 64, 32), auxiliary, branches, Defects.of(**defects)
        )


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

    It takes (N, 2, 14, 14) and gives logits by name. Of its arguments, `shared` and `auxiliary` are
    those of `PairNetwork`; any other turns on a defect of the paper's code, see `Defects`.
    """

    def __init__(self, shared: bool, auxiliary: Auxiliary = "none", **defects: bool) -> None:
        branches = {"conv1": 6272, "conv2": 3136, "conv4": 12544}
        super().__init__(
            DeepBody, shared, (4608, 512, 64), auxiliary, branches, Defects.of(**defects)
        )


# ---- single images: the simple body, read by itself ----------------------------------------------


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
        check_count("DigitNetwork", "side", side, least=8)
        check_count("DigitNetwork", "hidden", hidden)
        self.body = SimpleBody()
        mapped = (side - 2) // 2 - 2
        self.hidden = Linear(32 * mapped * mapped, hidden)
        self.output = Linear(hidden, CLASSES)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images (..., 1, side, side, N) to logits by name, (..., 10, N)."""
        features = self.body(images)["conv2"]
        flat = features.flatten(features.ndim - 4, -2)
        return {"target": self.output(self.hidden(flat).relu())}
