"""How rounds of the disk went: errors after each epoch, and what one network says everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from bakeoff.autodiff import no_grad
from bakeoff.disk.figure import grid
from bakeoff.disk.training import DiskRecipe, DiskTraining, draw_round
from bakeoff.errors import ArgumentError

SNAPSHOTS = 6
SIDE = 100
"""Points along each side of the square at which the first round's network is asked."""


@dataclass(frozen=True)
class History:
    """What rounds of the disk came to, epoch by epoch.

    Attributes:
        recipe: how they were trained.
        seed: of everything random.
        train_errors: (epochs, rounds) float64, share of training points on the wrong side, 0 to 1.
        test_errors: the same of the test points.
        snapshots: epochs after which the first round's network was asked, counted from 1.
        fields: (snapshots, SIDE, SIDE) float32, what it said on a grid over [0, 1]², row by row
            from below; at least 1/2 is inside.
        points: (n, 2) float32, the first round's test points.
        inside: (n,) bool, which of them lie inside the disk.
        predicted: (n,) bool, which of them the trained network says do.
    """

    recipe: DiskRecipe
    seed: int
    train_errors: torch.Tensor
    test_errors: torch.Tensor
    snapshots: tuple[int, ...]
    fields: torch.Tensor
    points: torch.Tensor
    inside: torch.Tensor
    predicted: torch.Tensor


def train_history(
    recipe: DiskRecipe,
    *,
    seed: int,
    rounds: int = 30,
    on_epoch: Callable[[float], None] | None = None,
) -> History:
    """Train rounds 0 to `rounds` - 1 as `train_rounds` does, to the same bits, and look on.

    Args:
        recipe: how to train.
        seed: of everything random; any integer.
        rounds: how many, at least 1.
        on_epoch: called after each epoch of each group with the group's mean loss.

    Raises:
        ArgumentError: for rounds below 1.
        DivergenceError: if a round's loss leaves the finite numbers.
    """
    if rounds < 1:
        raise ArgumentError(f"disk rounds: got {rounds}, expected at least 1")
    snapshots = snapshot_epochs(recipe.epochs)
    sets = draw_round(recipe.points, seed, 0)
    train_errors, test_errors, fields = [], [], []
    answers = torch.empty(0)
    for first in range(0, rounds, recipe.group):
        training = DiskTraining(recipe, seed, range(first, first + recipe.group))
        train_parts, test_parts = [], []
        for epoch in range(1, recipe.epochs + 1):
            loss = training.epoch()
            train_parts.append(training.train_errors())
            test_parts.append(training.test_errors())
            if first == 0 and epoch in snapshots:
                fields.append(_answers(training, grid(SIDE)).view(SIDE, SIDE))
                answers = _answers(training, sets.test_input)
            if on_epoch is not None:
                on_epoch(float(loss.mean()))
        train_errors.append(torch.tensor(train_parts, dtype=torch.float64))
        test_errors.append(torch.tensor(test_parts, dtype=torch.float64))
    return History(
        recipe=recipe,
        seed=seed,
        train_errors=torch.cat(train_errors, 1)[:, :rounds],
        test_errors=torch.cat(test_errors, 1)[:, :rounds],
        snapshots=snapshots,
        fields=torch.stack(fields),
        points=sets.test_input,
        inside=sets.test_target.flatten() == 1,
        predicted=answers >= 0.5,
    )


def snapshot_epochs(epochs: int, count: int = SNAPSHOTS) -> tuple[int, ...]:
    """Return up to `count` epochs from the first to the last, each so many times the one before."""
    steps = [epochs ** (i / (count - 1)) for i in range(count)]
    return tuple(sorted({max(1, round(step)) for step in steps}))


def _answers(training: DiskTraining, points: torch.Tensor) -> torch.Tensor:
    """Return what the first round's network says to raw points (n, 2), as (n,)."""
    with no_grad():
        said: torch.Tensor = training.trained(0)(points).data
    return said.flatten()
