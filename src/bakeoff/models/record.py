"""The networks of the record: small bodies with batch normalisation that read digits."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal, get_args

import torch

from bakeoff.autodiff import concat, index_select, stack
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_choice, check_count, check_number
from bakeoff.data import Standardiser
from bakeoff.data.augment import deform
from bakeoff.interop.safetensors import load_weights
from bakeoff.models.pair import side_by_side
from bakeoff.nn import BatchNorm2d, Conv2d, Linear, MaxPool2d, Module

CLASSES = 10


class LargerDigit(Module):
    """The answer that follows from both digits' probabilities.

    With p and q the probabilities of the first and the second digit,

        P(first > second) = Σ p_i q_j over i > j,    P(first < second) = Σ p_i q_j over i < j.

    The two digits of a pair are never equal, so what p and q give to equal ones does not count:
    the logits below are the logarithms of both sums, and their softmax is the probability of each
    answer given that the digits differ.

    Row 0 of the logits says that the first digit is larger, row 1 that the second is.
    """

    def __init__(self) -> None:
        # All pairs (smaller, larger) of ten digits, 45 of them.
        self.smaller, self.larger = (Tensor(row.clone()) for row in _unequal_pairs())

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Log-probabilities (..., 10, N) of both digits to logits (..., 2, N)."""
        first_larger = self._both(first, self.larger, second, self.smaller)
        second_larger = self._both(first, self.smaller, second, self.larger)
        return stack([first_larger, second_larger], dim=-2)

    @staticmethod
    def _both(first: Tensor, i: Tensor, second: Tensor, j: Tensor) -> Tensor:
        """Return log Σ p_i q_j over the pairs (i, j), (..., N)."""
        rows = index_select(first, first.ndim - 2, i)
        joint = rows + index_select(second, second.ndim - 2, j)
        return joint.logsumexp(-2)


def _unequal_pairs() -> tuple[torch.Tensor, ...]:
    return torch.triu_indices(CLASSES, CLASSES, offset=1).unbind()


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
        check_choice("RecordPair", "digits", digits, get_args(Digits))
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
            target = self.output(self.hidden(concat([first, second], dim=-2)).relu())
        return {"target": target} | outputs


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and the second images' values of (..., 2·N), each (..., N)."""
    n = x.shape[-1] // 2
    return x[..., :n], x[..., n:]


# ---- several views of one image -----------------------------------------------------------------


SIDE = 14


class Views(Module):
    """An image as it is, then a little smaller and a little larger, about its centre.

    Reading a stretched image is linear in its grey values, so all views are one matrix product.
    Around an image they see what its top left corner holds.

    The zoom, a share, says how much; with 0 there is one view. Images (..., 1, 14, 14, N),
    batch-last, become (..., 1, 14, 14, count·N): the first view of all, then the second and so on.
    """

    def __init__(self, zoom: float) -> None:
        check_number("Views", "zoom", zoom, least=0, below=1)
        steps = (1.0, 1.0 + zoom, 1.0 - zoom) if zoom else (1.0,)
        self.count = len(steps)
        self.reading = Tensor(torch.stack([_reading(step) for step in steps]))

    def forward(self, images: Tensor) -> Tensor:
        """Images (..., 1, 14, 14, N) to (..., 1, 14, 14, count·N)."""
        if self.count == 1:
            return images
        *lead, _, height, width, n = images.shape
        # Relative to the background, which is then 0 wherever a view looks outside.
        background = images[..., :1, :1, :]
        pixels = (images - background).reshape(*lead, 1, height * width, n)
        seen = self.reading @ pixels  # (..., count, 196, N)
        seen = seen.movedim(-3, -2).reshape(*lead, 1, height, width, self.count, n)
        seen = seen + background.unsqueeze(-2)
        return seen.reshape(*lead, 1, height, width, self.count * n)


def _reading(step: float) -> torch.Tensor:
    """Return the (196, 196) matrix that reads pixels `step` apart: above 1, the image shrinks."""
    # Row i holds what deforming the image of pixel i alone gives; its transpose gives any image's.
    single = torch.eye(SIDE * SIDE).view(-1, SIDE, SIDE)
    axis = torch.arange(SIDE) - (SIDE - 1) / 2
    offsets = torch.stack(torch.meshgrid(axis, axis, indexing="ij"))
    field = (offsets * (step - 1.0)).expand(len(single), 2, SIDE, SIDE)
    return deform(single, field).view(len(single), -1).T.contiguous()


# ---- several readers that answer together -------------------------------------------------------


class DigitReader(Module):
    """The body and a layer 4w → 10: which digit is it?"""

    def __init__(self, width: int) -> None:
        self.body = RecordBody(width)
        self.digit = Linear(4 * width, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Images (..., 1, 14, 14, N) to logits (..., 10, N)."""
        logits: Tensor = self.digit(self.body(images))
        return logits


class RecordEnsemble(Module):
    """Readers that learn side by side, each by losses of its own, and answer together.

    In training, every reader answers for itself. In evaluation, the digits' probabilities are the
    means over the readers and, for each, over several views of the image; the answer follows from
    those (`LargerDigit`). With one reader and one view it is `RecordPair` with digits "decide".

    Args:
        width: channels of each reader's first block.
        readers: at least 1; they differ in where they start.
        zoom: how much smaller and larger each image is seen, too, in evaluation; see `Views`.

    Attributes:
        evaluation_batch: how many pairs should be judged at once, so that all readers and views
            together need no more memory than one network on 100 pairs.

    Shape:
        (N, 2, 14, 14) to {"target": (N, 2), "first", "second": (N, 10)}, in training those of the
        first reader, in evaluation those of all together; and of every further reader, by its
        number, {"target.1": (N, 2), "first.1", "second.1": (N, 10), ...}.

    Raises:
        ArgumentError: for no reader, or a zoom out of range.
    """

    def __init__(self, width: int = 16, readers: int = 1, zoom: float = 0.0) -> None:
        check_count("RecordEnsemble", "readers", readers)
        self.readers = [DigitReader(width) for _ in range(readers)]
        self.views = Views(zoom)
        self.evaluation_batch = max(1, 100 // (readers * self.views.count))
        self.larger = LargerDigit()

    def forward(self, pairs: Tensor) -> dict[str, Tensor]:
        """Pairs (..., 2, 14, 14, N) to logits by name, (..., 2, N) and (..., 10, N)."""
        images = side_by_side(pairs)
        if self.training:
            logs = [reader(images).log_softmax(-2) for reader in self.readers]
            return self._outputs(logs)
        seen = self.views(images)
        logs = [self._mean_view(reader(seen).log_softmax(-2)) for reader in self.readers]
        return self._outputs([log_mean(stack(logs)), *logs[1:]])

    def _mean_view(self, logs: Tensor) -> Tensor:
        """Log-probabilities (..., 10, views·N) to those of the views' mean, (..., 10, N)."""
        count = self.views.count
        apart = logs.reshape(*logs.shape[:-1], count, logs.shape[-1] // count)
        return log_mean(apart.movedim(-2, 0))

    def _outputs(self, logs: list[Tensor]) -> dict[str, Tensor]:
        """Return log-probabilities and the answers that follow from them, by name."""
        outputs = {}
        for i, (first, second) in enumerate(halves(x) for x in logs):
            dot = f".{i}" if i else ""
            outputs[f"target{dot}"] = self.larger(first, second)
            outputs |= {f"first{dot}": first, f"second{dot}": second}
        return outputs


def log_mean(logs: Tensor) -> Tensor:
    """Logarithms (K, ...) of K values each to those of their means, (...)."""
    if logs.shape[0] == 1:
        return logs[0]
    return logs.logsumexp(0) - math.log(logs.shape[0])


# ---- the slim network, trained, as it comes with bakeoff ----------------------------------------


SHIPPED = Path(__file__).with_name("record.safetensors")
ZOOM = 0.07


def shipped_record() -> RecordEnsemble:
    """Return the trained network; it takes pairs of images (N, 2, 14, 14) of grey values 0 to 255.

    It is in evaluation mode. `docs/record.md` says how it was trained and what it can do.
    """
    network = RecordEnsemble(zoom=ZOOM)
    load_weights(network, SHIPPED)
    network.eval()
    return network


def fold_standardiser(network: RecordEnsemble, standardiser: Standardiser) -> None:
    """Make a network that was trained on standardised images take raw ones, in place.

    Its first convolution has neither padding nor bias, so W * ((x - mean) / std) = W' * x - c with
    W' = W / std and c = mean · ΣW' for each channel, and the batch normalisation behind it takes
    c away if its running mean holds it. This is for evaluation; do not train on.
    """
    for reader in network.readers:
        block = reader.body.block1
        # In float64: the shift is a difference of near numbers.
        weight = block.conv.weight.data.double() / standardiser.std.double()
        shift = standardiser.mean.double() * weight.sum((1, 2, 3))
        mean = block.norm.running_mean.data
        mean.copy_(mean.double() + shift)
        block.conv.weight.data.copy_(weight)
