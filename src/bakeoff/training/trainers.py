"""The trainers that a run can name."""

from __future__ import annotations

from collections.abc import Mapping

from bakeoff.errors import ArgumentError
from bakeoff.study.checks import find

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
    find("trainer", name, TRAINERS)
    if name != OURS and not plan:
        raise ArgumentError(f"--no-plan: got --trainer {name}, which has no plans to do without")


def trainer_note(trainers: Mapping[str, str]) -> str:
    """Return a sentence on which competitors PyTorch trained, or "" if it trained none.

    Args:
        trainers: by competitor.
    """
    others = [competitor for competitor, name in trainers.items() if name != OURS]
    if not others:
        return ""
    who = "these rounds were" if len(others) == len(trainers) else f"{', '.join(others)}:"
    return f"{who} trained with {TRAINERS[TORCH]}."
