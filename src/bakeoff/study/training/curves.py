"""What is told of a round, an epoch at a time, until it ends or diverges."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bakeoff.study.result import Divergence


class Curves:
    """The figures of a round, an epoch at a time."""

    def __init__(self) -> None:
        self.train_loss: list[float] = []
        self.train_accuracy: list[float] = []
        self.test_accuracy: list[float] = []
        self.auxiliary: dict[str, list[float]] = {}
        self.diverged: Divergence | None = None

    def add(self, epoch: int, loss: float, accuracy: float, auxiliary: Mapping[str, float]) -> None:
        """Take an epoch's means; the first that are not all finite end the round."""
        if self.diverged is not None:
            return
        if not all(math.isfinite(x) for x in (loss, *auxiliary.values())):
            self.diverged = Divergence(epoch, self._last())
            return
        self.train_loss.append(loss)
        self.train_accuracy.append(accuracy)
        for name, value in auxiliary.items():
            self.auxiliary.setdefault(name, []).append(value)

    def add_test(self, epoch: int, accuracy: float) -> None:
        """Take the test accuracy or R² after an epoch; one that is not finite ends the round."""
        if self.diverged is not None:
            return
        if math.isfinite(accuracy):
            self.test_accuracy.append(accuracy)
            return
        # The epoch's last step diverged, after its last loss: the epoch does not count.
        for curve in (self.train_loss, self.train_accuracy, *self.auxiliary.values()):
            curve.pop()
        self.diverged = Divergence(epoch, self._last())

    def _last(self) -> tuple[tuple[str, float], ...]:
        """Return the last finite values, by name."""
        curves = {
            "train_loss": self.train_loss,
            "train_accuracy": self.train_accuracy,
            "test_accuracy": self.test_accuracy,
        }
        return tuple((name, curve[-1]) for name, curve in curves.items() if curve)
