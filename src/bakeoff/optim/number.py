"""Numbers of an optimiser: those that may change between steps, and those that may not.

What may change lives in memory, not in the code, so that a plan reads it anew at every replay. A
number that a plan would freeze can be set only once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from bakeoff.autodiff import kernels
from bakeoff.errors import ArgumentError

if TYPE_CHECKING:
    from bakeoff.optim.optimizer import Optimizer


class Bounded:
    """Base of `Number` and `Fixed`.

    Args:
        below: the value must be at least 0 and less than this.
    """

    def __init__(self, below: float = float("inf")) -> None:
        self.below = below

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def check(self, optimizer: Optimizer, value: float) -> None:
        """Raise an ArgumentError unless 0 <= value < below."""
        if not 0.0 <= value < self.below:
            limit = "finite" if self.below == float("inf") else f"less than {self.below:g}"
            raise ArgumentError(
                f"{type(optimizer).__name__}: got {self.name}={value}, expected at least 0 and"
                f" {limit}"
            )


class Number(Bounded):
    """An attribute of an optimiser that may change between steps, such as the step size."""

    @overload
    def __get__(self, optimizer: None, owner: type) -> Number: ...
    @overload
    def __get__(self, optimizer: Optimizer, owner: type) -> float: ...
    def __get__(self, optimizer: Optimizer | None, owner: type) -> Number | float:
        if optimizer is None:
            return self
        kernels.reading(f"{type(optimizer).__name__}.{self.name}")
        return float(optimizer.numbers[self.name])

    def __set__(self, optimizer: Optimizer, value: float) -> None:
        self.check(optimizer, value)
        optimizer.set_number(self.name, float(value))


class Fixed(Bounded):
    """An attribute of an optimiser that is set once, when it is made."""

    def __get__(self, optimizer: Optimizer | None, owner: type) -> Any:
        return self if optimizer is None else vars(optimizer)[self.name]

    def __set__(self, optimizer: Optimizer, value: float) -> None:
        name = type(optimizer).__name__
        if self.name in vars(optimizer):
            raise ArgumentError(
                f"{name}: got a new {self.name}, expected it to stay as it was made; make a new"
                f" {name}, as a captured step would keep the old one"
            )
        self.check(optimizer, value)
        vars(optimizer)[self.name] = value
