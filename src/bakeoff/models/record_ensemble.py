"""Several readers of digits that answer together."""

from __future__ import annotations

import math

from bakeoff.autodiff import stack
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.models.pair import side_by_side
from bakeoff.models.record import RecordBody, halves
from bakeoff.models.record_answer import CLASSES, LargerDigit
from bakeoff.models.record_views import Views
from bakeoff.nn import Linear, Module


class DigitReader(Module):
    """The body and a layer 4w → 10: which digit is it?

    Shape:
        Images (..., 1, 14, 14, N), batch-last, to logits (..., 10, N).
    """

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
        if readers < 1:
            raise ArgumentError(f"RecordEnsemble: got readers={readers}, expected at least 1")
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
        return self._outputs([log_mean(stack(*logs)), *logs[1:]])

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
