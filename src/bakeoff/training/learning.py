"""What the trainer needs of whatever trains: the seam between a study and a network in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from bakeoff.training.averaging import WeightAverage


class Learning(Protocol):
    """A network in training, or R of them; see `Learner`, which trains ours.

    Attributes:
        average: the mean of the weights over the last epochs.
    """

    average: WeightAverage

    def prepare(self, batch_sizes: set[int]) -> None:
        """Make ready for batches of these sizes, so that no step waits."""

    def steps(self, batches: Sequence[torch.Tensor]) -> None:
        """Train on one batch after another, each (R·N,) int64: the samples' places."""

    def renew(self, inputs: torch.Tensor, labels: dict[str, torch.Tensor]) -> None:
        """Replace the training inputs and labels by others of the same shapes."""

    def finish_epoch(self) -> list[tuple[float, float, dict[str, float]]]:
        """Return each round's means since the last call: main loss, score, auxiliary losses.

        The score is the accuracy of classes, or the R² of numbers.
        """

    def predict(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the main output answers to inputs (R, n, ...).

        Returns:
            (R, n) int64, classes; or (R, n, k) float32, numbers.
        """
