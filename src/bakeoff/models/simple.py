"""The report's simple networks: models 1, 2 and 3, and what lies between them.

All share one body, two convolutions on 14×14 images, and one head, 1024 → 64 → 32 → 2. They
differ in two things: whether both images go through the same body, and which auxiliary outputs
are trained along with the main one.
"""

from __future__ import annotations

from typing import Literal

from bakeoff.autodiff.tensor import Tensor
from bakeoff.models.pair import Body, PairBody, Stages, join
from bakeoff.nn import Conv2d, Linear, MaxPool2d, Module

Auxiliary = Literal["none", "target", "digits", "digits-per-image"]


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
        pooled = self.pool(conv1).relu()
        return {"conv1": conv1, "pool": pooled, "conv2": self.conv2(pooled).relu()}


class SimplePair(Module):
    """Which of two digits is larger, by the report's simple network.

    Args:
        shared: one body for both images (72,546 parameters) or one for each (77,346).
        auxiliary: outputs trained along with the main one:
            "none";
            "target": two further answers to the same question, from the joined features after
            conv1 (4608 → 64) and after the pool (1152 → 64), each then through the main
            64 → 32 → 2;
            "digits": the two digits, by layers of their own (32 → 10) on the joined features just
            before the last layer (the report's model 5);
            "digits-per-image": the two digits, each read from its own image's features
            (512 → 10), by one layer if the body is shared and by one for each image if not.

    Shape:
        (N, 2, 14, 14) to {"target": (N, 2)} and, by `auxiliary`, {"target.conv1": (N, 2),
        "target.pool": (N, 2)} or {"first": (N, 10), "second": (N, 10)}.
    """

    def __init__(self, shared: bool, auxiliary: Auxiliary = "none") -> None:
        self.auxiliary = auxiliary
        self.body = PairBody(SimpleBody, shared)
        self.hidden1 = Linear(1024, 64)
        self.hidden2 = Linear(64, 32)
        self.output = Linear(32, 2)
        if auxiliary == "target":
            self.conv1_hidden1 = Linear(4608, 64)
            self.pool_hidden1 = Linear(1152, 64)
        elif auxiliary == "digits":
            self.first_digit = Linear(32, 10)
            self.second_digit = Linear(32, 10)
        elif auxiliary == "digits-per-image":
            self.first_digit = Linear(512, 10)
            self.second_digit = self.first_digit if shared else Linear(512, 10)

    def forward(self, pairs: Tensor) -> dict[str, Tensor]:
        """Pairs (..., 2, 14, 14, N) to logits by name, (..., 2, N) and (..., 10, N)."""
        stages = self.body(pairs)
        features = stages["conv2"]
        hidden = self._hidden(self.hidden1, join(features))
        outputs = {"target": self.output(hidden)}
        if self.auxiliary == "target":
            conv1 = self._hidden(self.conv1_hidden1, join(stages["conv1"]).relu())
            pooled = self._hidden(self.pool_hidden1, join(stages["pool"]))
            outputs |= {"target.conv1": self.output(conv1), "target.pool": self.output(pooled)}
        elif self.auxiliary == "digits":
            outputs |= {"first": self.first_digit(hidden), "second": self.second_digit(hidden)}
        elif self.auxiliary == "digits-per-image":
            outputs |= {
                "first": self.first_digit(features[..., 0, :, :]),
                "second": self.second_digit(features[..., 1, :, :]),
            }
        return outputs

    def _hidden(self, hidden1: Linear, features: Tensor) -> Tensor:
        """Features to the 32 values just before the last layer."""
        return self.hidden2(hidden1(features).relu()).relu()  # type: ignore[no-any-return]
