"""What schedules share, and the two that need nothing but a count."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bakeoff.autodiff import kernels
from bakeoff.checks import NamedArguments
from bakeoff.errors import ArgumentError
from bakeoff.nn.state import check_names
from bakeoff.optim.optimizer import Optimizer

Value = float | int | str | bool


class LRScheduler(NamedArguments):
    """Base of the schedules: the step size as a function of how often `step` was called.

    Args:
        optimizer: whose step size is set, at once and at each `step`.

    Attributes:
        base_lr: the optimiser's step size when the schedule was made.
        last_epoch: how often `step` was called.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.base_lr = optimizer.lr
        self.last_epoch = 0

    def lr_at(self, t: int) -> float:
        """Return the step size after t calls of `step`."""
        raise NotImplementedError(f"{type(self).__name__} has no lr_at")

    def step(self) -> None:
        """Go on to the next step size."""
        kernels.reading(f"{type(self).__name__}.step()")
        self.last_epoch += 1
        self.apply()

    def apply(self) -> None:
        """Set the optimiser's step size for the next step."""
        self.optimizer.lr = self.lr_at(self.last_epoch)

    def get_last_lr(self) -> list[float]:
        """Return the step size in a list, as PyTorch's schedules do."""
        return [self.optimizer.lr]

    def state_dict(self) -> dict[str, Value]:
        """Return all that a resumed run needs, by name; the step size is in the optimiser's."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state: Mapping[str, Value]) -> None:
        """Take over a state; the optimiser's own is to be loaded too.

        Raises:
            ArgumentError: for missing or unknown names; then nothing is changed.
        """
        where = f"{type(self).__name__}.load_state_dict"
        check_names(where, self.state_dict(), state, origin="a schedule of the same class")
        vars(self).update(state)


class StepLR(LRScheduler):
    """The step size times gamma after every `step_size` calls.

    Args:
        optimizer: whose step size is set.
        step_size: at least 1.
        gamma: at least 0.

    Raises:
        ArgumentError: for a value out of range.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer)
        check_least("StepLR", "step_size", step_size, 1)
        check_least("StepLR", "gamma", gamma, 0)
        self.step_size = step_size
        self.gamma = gamma

    def lr_at(self, t: int) -> float:
        """base_lr · gamma^(t // step_size)."""
        return float(self.base_lr * self.gamma ** (t // self.step_size))


class CosineAnnealingLR(LRScheduler):
    """The step size from its start down to `eta_min` along half a cosine, over T_max calls.

    Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5.
    After T_max calls it rises again, as PyTorch's does.

    Args:
        optimizer: whose step size is set.
        T_max: calls until `eta_min`, at least 1.
        eta_min: the smallest step size, at least 0.

    Raises:
        ArgumentError: for a value out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
    ) -> None:
        super().__init__(optimizer)
        check_least("CosineAnnealingLR", "T_max", T_max, 1)
        check_least("CosineAnnealingLR", "eta_min", eta_min, 0)
        self.T_max = T_max
        self.eta_min = eta_min

    def lr_at(self, t: int) -> float:
        """eta_min + (base_lr - eta_min) · (1 + cos(π t / T_max)) / 2."""
        wave = (1.0 + math.cos(math.pi * t / self.T_max)) / 2.0
        return self.eta_min + (self.base_lr - self.eta_min) * wave


def check_least(owner: str, name: str, value: float, least: float) -> None:
    """Raise an ArgumentError unless value is at least `least`."""
    if not value >= least:
        raise ArgumentError(f"{owner}: got {name}={value}, expected at least {least}")
