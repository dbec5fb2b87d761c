"""Schedules of the step size under PyTorch's names.

A schedule writes the step size into the optimiser's memory between steps, where a captured step
reads it; keep `schedule.step()` outside what is captured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from bakeoff.autodiff import kernels
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import NamedArguments, check_choice, check_number
from bakeoff.errors import ArgumentError
from bakeoff.nn.parameter import check_names
from bakeoff.optim.optimizer import Optimizer

__all__ = ["CosineAnnealingLR", "LRScheduler", "OneCycleLR", "ReduceLROnPlateau", "StepLR"]

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

    def numbers_at(self, t: int) -> dict[str, float]:
        """Return the optimiser's numbers after t calls of `step`, by name."""
        return {"lr": self.lr_at(t)}

    def apply(self) -> None:
        """Set the optimiser's numbers for the next step."""
        for name, number in self.numbers_at(self.last_epoch).items():
            setattr(self.optimizer, name, number)

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
        check_number("StepLR", "step_size", step_size, least=1)
        check_number("StepLR", "gamma", gamma, least=0)
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
        check_number("CosineAnnealingLR", "T_max", T_max, least=1)
        check_number("CosineAnnealingLR", "eta_min", eta_min, least=0)
        self.T_max = T_max
        self.eta_min = eta_min

    def lr_at(self, t: int) -> float:
        """eta_min + (base_lr - eta_min) · (1 + cos(π t / T_max)) / 2."""
        wave = (1.0 + math.cos(math.pi * t / self.T_max)) / 2.0
        return self.eta_min + (self.base_lr - self.eta_min) * wave


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
        name = "OneCycleLR"
        for argument in ("max_lr", "div_factor", "final_div_factor"):
            check_number(name, argument, getattr(self, argument), above=0)
        check_number(name, "pct_start", self.pct_start, least=0, most=1)
        check_choice(name, "anneal_strategy", self.anneal_strategy, ("cos", "linear"))
        if self.cycle_momentum and self.optimizer.cycled is None:
            raise ArgumentError(
                f"{name}: got {type(self.optimizer).__name__}, which has no momentum, expected one"
                " that has; pass cycle_momentum=False"
            )
        for argument in ("base_momentum", "max_momentum") if self.cycle_momentum else ():
            check_number(name, argument, getattr(self, argument), least=0, below=1)

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

    def numbers_at(self, t: int) -> dict[str, float]:
        """Return the step size and, if it moves, the momentum after t calls of `step`."""
        numbers = super().numbers_at(t)
        if self.cycle_momentum:
            low, high = self.base_momentum, self.max_momentum
            turns = [high, low, high, high] if self.three_phase else [high, low, high]
            momentum = self._at(t, turns)
            # After the last step, PyTorch goes on along the line: for nobody, and perhaps too far.
            momentum = momentum if momentum < 1.0 else self.max_momentum
            numbers[str(self.optimizer.cycled)] = momentum
        return numbers

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
        check_number("OneCycleLR", "total_steps", total_steps, least=1)
        return total_steps
    if epochs is None or steps_per_epoch is None:
        raise ArgumentError(
            "OneCycleLR: got no number of steps, expected total_steps, or epochs and"
            " steps_per_epoch"
        )
    check_number("OneCycleLR", "epochs", epochs, least=1)
    check_number("OneCycleLR", "steps_per_epoch", steps_per_epoch, least=1)
    return epochs * steps_per_epoch


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
        check_choice(name, "mode", self.mode, ("min", "max"))
        check_choice(name, "threshold_mode", self.threshold_mode, ("rel", "abs"))
        check_number(name, "factor", self.factor, least=0, below=1)
        for argument in ("patience", "threshold", "cooldown", "min_lr", "eps"):
            check_number(name, argument, getattr(self, argument), least=0)

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
        margin = sign * self.threshold
        goal = self.best * (1.0 - margin) if relative else self.best - margin
        return sign * figure < sign * goal

    def _reduce(self) -> None:
        reduced = max(self.optimizer.lr * self.factor, self.min_lr)
        if self.optimizer.lr - reduced > self.eps:
            self.optimizer.lr = reduced
