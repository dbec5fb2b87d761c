"""The trainers that a run can name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from bakeoff.errors import ArgumentError, StudyError
from bakeoff.study.checks import unknown

if TYPE_CHECKING:
    from bakeoff.study.runner import Train

OURS = "bakeoff"
TORCH = "torch"
TRAINERS = {
    OURS: "bakeoff's own framework",
    TORCH: "PyTorch's layers, autograd and optimisers",
}
"""Each trainer's name, and what it trains with."""


def check_trainer(name: str, *, plan: bool = True) -> None:
    """Raise unless there is a trainer of that name, which can do without plans if asked to.

    Raises:
        StudyError: with the nearest name.
        ArgumentError: without plans, for a trainer that has none.
    """
    if name not in TRAINERS:
        raise StudyError(unknown("trainer", name, TRAINERS))
    if name != OURS and not plan:
        raise ArgumentError(f"--no-plan: got --trainer {name}, which has no plans to do without")


def find_trainer(name: str, *, plan: bool = True) -> Train:
    """Return the function that trains a group of rounds with the trainer of that name.

    Args:
        name: one of `TRAINERS`.
        plan: whether our own replays captured steps; without, to the same bits, but slower.

    Raises:
        StudyError: for an unknown name, with the nearest one.
    """
    check_trainer(name)
    if name == TORCH:
        from bakeoff.study.torch_trainer import train_group as torch_train_group

        return torch_train_group
    from bakeoff.study.trainer import train_group

    return train_group if plan else partial(train_group, plan=False)


def trainer_note(trainers: Mapping[str, str]) -> str:
    """Return a sentence that names whoever else's trainer trained, or "" if it was our own alone.

    Args:
        trainers: by competitor.
    """
    others = [competitor for competitor, name in trainers.items() if name != OURS]
    if not others:
        return ""
    who = "these rounds were" if len(others) == len(trainers) else f"{', '.join(others)}:"
    return f"{who} trained with {TRAINERS[TORCH]}."
