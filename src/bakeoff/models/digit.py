"""A network on single images: the report's simple body, read by itself."""

from __future__ import annotations

from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.models.simple import SimpleBody
from bakeoff.nn import Linear, Module

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
