"""The networks of the record: small bodies with batch normalisation that read digits."""

from __future__ import annotations

from typing import Literal, get_args

from bakeoff.autodiff import concat
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, nearest
from bakeoff.models.pair import side_by_side
from bakeoff.models.record_answer import CLASSES, LargerDigit
from bakeoff.nn import BatchNorm2d, Conv2d, Linear, MaxPool2d, Module

Digits = Literal["none", "read", "decide"]


class Block(Module):
    """Convolution 3×3, perhaps max-pool 2, batch normalisation, ReLU.

    The pool comes before the rest, so that the rest touches a quarter of the elements.
    """

    def __init__(
        self, in_channels: int, channels: int, *, padding: int = 1, pool: bool = False
    ) -> None:
        # Batch normalisation takes the mean away, and any bias with it.
        self.conv = Conv2d(in_channels, channels, 3, padding=padding, bias=False)
        self.pool = MaxPool2d(2) if pool else None
        self.norm = BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C, H, W, N) to (..., channels, H', W', N)."""
        x = self.conv(x)
        if self.pool is not None:
            x = self.pool(x)
        out: Tensor = self.norm(x).relu()
        return out


class RecordBody(Module):
    """Blocks of w, 2w with a pool, 4w with a pool and 4w channels, then the mean of each channel.

    14×14 → 12×12 → 6×6 → 3×3 → 3×3 → 4w features; the digits' white margin needs no padding.

    Args:
        width: w, the channels of the first block.
    """

    def __init__(self, width: int) -> None:
        self.block1 = Block(1, width, padding=0)
        self.block2 = Block(width, 2 * width, pool=True)
        self.block3 = Block(2 * width, 4 * width, pool=True)
        self.block4 = Block(4 * width, 4 * width)

    def forward(self, images: Tensor) -> Tensor:
        """Images (..., 1, 14, 14, N) to features (..., 4·width, N)."""
        x = self.block4(self.block3(self.block2(self.block1(images))))
        means: Tensor = x.mean((-3, -2))
        return means


class RecordPair(Module):
    """One body for both images, whose digits are read or not.

    Args:
        width: channels of the body's first block; 16 makes 61,050 parameters where digits decide.
        digits: what the digits are for:
            "none": nothing, a head 8w → 64 → 2 answers from the joined features;
            "read": each image's digit is read as well, by one layer 4w → 10 for both images;
            "decide": the answer follows from the digits' probabilities (`LargerDigit`), no head.

    Shape:
        (N, 2, 14, 14) to {"target": (N, 2)} and, unless "none", {"first", "second": (N, 10)}.

    Raises:
        ArgumentError: for another `digits`.
    """

    def __init__(self, width: int = 16, digits: Digits = "decide") -> None:
        known = list(get_args(Digits))
        if digits not in known:
            raise ArgumentError(
                f"RecordPair: got digits={digits!r}, expected one of {', '.join(known)}"
                f"{nearest(str(digits), known)}"
            )
        self.digits = digits
        self.body = RecordBody(width)
        if digits != "none":
            self.digit = Linear(4 * width, CLASSES)
        if digits != "decide":
            self.hidden = Linear(8 * width, 64)
            self.output = Linear(64, 2)
        self.larger = LargerDigit()

    def forward(self, pairs: Tensor) -> dict[str, Tensor]:
        """Pairs (..., 2, 14, 14, N) to logits by name, (..., 2, N) and (..., 10, N)."""
        first, second = halves(self.body(side_by_side(pairs)))
        outputs = {}
        if self.digits != "none":
            outputs = {"first": self.digit(first), "second": self.digit(second)}
        if self.digits == "decide":
            target = self.larger(*(logits.log_softmax(-2) for logits in outputs.values()))
        else:
            target = self.output(self.hidden(concat(first, second, dim=-2)).relu())
        return {"target": target} | outputs


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and the second images' values of (..., 2·N), each (..., N)."""
    n = x.shape[-1] // 2
    return x[..., :n], x[..., n:]
