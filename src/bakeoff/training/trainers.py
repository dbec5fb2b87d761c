"""The trainers that a run can name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

from bakeoff.errors import ArgumentError, BakeoffError, StudyError
from bakeoff.study.checks import unknown
from bakeoff.study.machine import known_state
from bakeoff.study.user_code import is_own, told

if TYPE_CHECKING:
    from bakeoff.study.record import Records
    from bakeoff.study.runner import Train
    from bakeoff.study.spec import Competitor, Study

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


def train_with(trainers: Mapping[str, str], *, plan: bool = True) -> Train:
    """Return the function that trains each competitor's groups of rounds with its trainer.

    Args:
        trainers: which of `TRAINERS`, by competitor.
        plan: whether our own replays captured steps; without, to the same bits, but slower.
    """
    by_torch = frozenset(name for name, trainer in trainers.items() if trainer == TORCH)
    return partial(_train, by_torch, plan)


@known_state()
def _train(
    by_torch: Collection[str],
    plan: bool,
    study: Study,
    competitor: Competitor,
    group: int,
    data_dir: str | None = None,
) -> Records:
    train = _torch_train if competitor.name in by_torch else partial(_our_train, plan)
    if not (is_own(competitor.network) or is_own(study.data)):
        return train(study, competitor, group, data_dir)
    try:
        return train(study, competitor, group, data_dir)
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        from bakeoff.study.runner import is_out_of_memory

        # An exception of the user's own may not travel to the parent: its words do.
        if isinstance(error, BakeoffError) or is_out_of_memory(error):
            raise
        raise StudyError(
            f"competitor {competitor.name!r}: training failed: {told(error)}"
        ) from None


def _torch_train(study: Study, competitor: Competitor, group: int, data_dir: str | None) -> Records:
    from bakeoff.training.torch_trainer import train_group

    return train_group(study, competitor, group, data_dir)


def _our_train(
    plan: bool, study: Study, competitor: Competitor, group: int, data_dir: str | None
) -> Records:
    from bakeoff.training.trainer import train_group

    return train_group(study, competitor, group, data_dir, plan=plan)


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
