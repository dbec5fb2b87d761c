"""The one-cycle policy: the step size up and down once, the momentum the other way."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from bakeoff.errors import ArgumentError
from bakeoff.optim.lr_scheduler.scheduler import LRScheduler, check_least
from bakeoff.optim.optimizer import Optimizer


class OneCycleLR(LRScheduler):
    """The step size from max_lr / div_factor up to max_lr, then down to almost nothing.

    Smith & Topin 2018, "Super-convergence: very fast training of neural networks using large
    learning rates", in PyTorch's form. Momentum (or Adam's β1) goes the other way.

    Args:
        optimizer: whose step size and momentum are set, at once and at each `step`.
        max_lr: the largest step size, above 0.
        total_steps: how often `step` will be called, at least 1; or give the next two.
        epochs: number of epochs, at least 1.
        steps_per_epoch: calls of `step` in an epoch, at least 1.
        pct_start: share of the calls that lead up, from 0 to 1.
        anneal_strategy: "cos" for half a cosine between two values, "linear" for a line.
        cycle_momentum: whether the momentum moves too.
        base_momentum: the smallest momentum, in [0, 1).
        max_momentum: the largest, in [0, 1).
        div_factor: max_lr / div_factor is the first step size; above 0.
        final_div_factor: the first step size / final_div_factor is the last; above 0.
        three_phase: whether the way down first retraces the way up, then goes on to the last.

    Raises:
        ArgumentError: for a value out of range, an optimiser without momentum although it should
            move, or more calls of `step` than planned.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        super().__init__(optimizer)
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        self.max_lr = max_lr
        self.pct_start = pct_start
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self.base_momentum = base_momentum
        self.max_momentum = max_momentum
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.three_phase = three_phase
        self._check()
        self.apply()

    def _check(self) -> None:
        for name in ("max_lr", "div_factor", "final_div_factor"):
            if not getattr(self, name) > 0.0:
                raise ArgumentError(
                    f"OneCycleLR: got {name}={getattr(self, name)}, expected more than 0"
                )
        if not 0.0 <= self.pct_start <= 1.0:
            raise ArgumentError(f"OneCycleLR: got pct_start={self.pct_start}, expected 0 to 1")
        if self.anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(
                f"OneCycleLR: got anneal_strategy={self.anneal_strategy!r}, expected 'cos' or"
                " 'linear'"
            )
        if self.cycle_momentum and self.optimizer.cycled is None:
            raise ArgumentError(
                f"OneCycleLR: got {type(self.optimizer).__name__}, which has no momentum, expected"
                " one that has; pass cycle_momentum=False"
            )
        for name in ("base_momentum", "max_momentum"):
            if self.cycle_momentum and not 0.0 <= getattr(self, name) < 1.0:
                raise ArgumentError(
                    f"OneCycleLR: got {name}={getattr(self, name)}, expected at least 0 and less"
                    " than 1"
                )

    def step(self) -> None:
        """Go on to the next step size and momentum.

        Raises:
            ArgumentError: after `total_steps` calls.
        """
        if self.last_epoch >= self.total_steps:
            raise ArgumentError(
                f"OneCycleLR: got call {self.last_epoch + 1} of step(), expected at most"
                f" total_steps={self.total_steps}"
            )
        super().step()

    def apply(self) -> None:
        """Set the optimiser's step size and momentum for the next step."""
        super().apply()
        if self.cycle_momentum:
            low, high = self.base_momentum, self.max_momentum
            turns = [high, low, high, high] if self.three_phase else [high, low, high]
            momentum = self._at(self.last_epoch, turns)
            # After the last step, PyTorch goes on along the line: for nobody, and perhaps too far.
            momentum = momentum if momentum < 1.0 else self.max_momentum
            setattr(self.optimizer, str(self.optimizer.cycled), momentum)

    def lr_at(self, t: int) -> float:
        """Return the step size after t calls of `step`; never below 0, where PyTorch's may end."""
        first = self.max_lr / self.div_factor
        last = first / self.final_div_factor
        middle = [self.max_lr, first] if self.three_phase else [self.max_lr]
        return max(0.0, self._at(t, [first, *middle, last]))

    def _at(self, t: int, turns: list[float]) -> float:
        """Return the value after t calls on the way through `turns`."""
        up = self.pct_start * self.total_steps
        ends = [up - 1.0, 2.0 * up - 2.0] if self.three_phase else [up - 1.0]
        ends = [0.0, *ends, self.total_steps - 1.0]
        for i, (start, end) in enumerate(pairwise(ends)):
            if t <= end or i == len(ends) - 2:
                share = (t - start) / (end - start) if end != start else 1.0
                break
        if self.anneal_strategy == "cos":
            share = (1.0 - math.cos(math.pi * share)) / 2.0
        return turns[i] + (turns[i + 1] - turns[i]) * share


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        check_least("OneCycleLR", "total_steps", total_steps, 1)
        return total_steps
    if epochs is None or steps_per_epoch is None:
        raise ArgumentError(
            "OneCycleLR: got no number of steps, expected total_steps, or epochs and"
            " steps_per_epoch"
        )
    check_least("OneCycleLR", "epochs", epochs, 1)
    check_least("OneCycleLR", "steps_per_epoch", steps_per_epoch, 1)
    return epochs * steps_per_epoch
