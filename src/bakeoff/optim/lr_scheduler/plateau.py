"""A smaller step size whenever a figure stops improving."""

from __future__ import annotations

from typing import Literal

from bakeoff.autodiff import kernels
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.optim.lr_scheduler.scheduler import LRScheduler, check_least
from bakeoff.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    """The step size times `factor` after more than `patience` calls without an improvement.

    Args:
        optimizer: whose step size is set.
        mode: whether a smaller ("min") or a larger ("max") figure is better.
        factor: in [0, 1).
        patience: how many calls in a row may bring no improvement, at least 0.
        threshold: how much counts as an improvement, at least 0.
        threshold_mode: whether the threshold is a share of the best figure so far ("rel"), or in
            the figure's own unit ("abs").
        cooldown: calls after a reduction that do not count, at least 0.
        min_lr: the smallest step size, at least 0.
        eps: a reduction by no more than this is left out, at least 0.

    Attributes:
        best: the best figure so far.
        num_bad_epochs: calls since.
        cooldown_counter: calls that are still not to count.

    Raises:
        ArgumentError: for a value out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(optimizer)
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.eps = eps
        self.best = float("inf") if mode == "min" else float("-inf")
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self._check()

    def _check(self) -> None:
        name = "ReduceLROnPlateau"
        if self.mode not in ("min", "max"):
            raise ArgumentError(f"{name}: got mode={self.mode!r}, expected 'min' or 'max'")
        if self.threshold_mode not in ("rel", "abs"):
            raise ArgumentError(
                f"{name}: got threshold_mode={self.threshold_mode!r}, expected 'rel' or 'abs'"
            )
        if not 0.0 <= self.factor < 1.0:
            raise ArgumentError(
                f"{name}: got factor={self.factor}, expected at least 0 and less than 1"
            )
        for argument in ("patience", "threshold", "cooldown", "min_lr", "eps"):
            check_least(name, argument, getattr(self, argument), 0)

    def step(self, metrics: float | Tensor) -> None:  # type: ignore[override]
        """Take note of a figure, a number or scalar Tensor, and reduce the step size if it is time.

        One that is not a number (NaN) is no improvement.
        """
        kernels.reading("ReduceLROnPlateau.step()")
        figure = float(metrics)
        self.last_epoch += 1
        if self._improves(figure):
            self.best = figure
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0

    def _improves(self, figure: float) -> bool:
        sign = 1.0 if self.mode == "min" else -1.0
        relative = self.threshold_mode == "rel"
        # As in PyTorch, a share of a negative figure is counted towards 0.
        goal = (
            self.best * (1.0 - sign * self.threshold)
            if relative
            else self.best - sign * self.threshold
        )
        return sign * figure < sign * goal

    def _reduce(self) -> None:
        reduced = max(self.optimizer.lr * self.factor, self.min_lr)
        if self.optimizer.lr - reduced > self.eps:
            self.optimizer.lr = reduced
