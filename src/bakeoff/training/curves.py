"""What is told of a round, an epoch at a time, until it ends or diverges."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bakeoff.study.record import LOSS


class Curves:
    """The figures of a round, an epoch at a time."""

    def __init__(self) -> None:
        self.train_loss: list[float] = []
        self.train_accuracy: list[float] = []
        self.test_accuracy: list[float] = []
        self.auxiliary: dict[str, list[float]] = {}
        self.diverged: int | None = None

    def add(self, epoch: int, loss: float, accuracy: float, auxiliary: Mapping[str, float]) -> None:
        """Take an epoch's means; the first that are not all finite end the round."""
        if self.diverged is not None:
            return
        if not all(math.isfinite(x) for x in (loss, *auxiliary.values())):
            self.diverged = epoch
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
        self.diverged = epoch

    def by_name(self, score: str) -> dict[str, list[float]]:
        """Return all curves by name; `score` is "accuracy", or "r2" of a regression."""
        further = {f"{LOSS}/{name}": curve for name, curve in self.auxiliary.items()}
        own = {LOSS: self.train_loss, f"train_{score}": self.train_accuracy}
        return own | {f"test_{score}": self.test_accuracy} | further
