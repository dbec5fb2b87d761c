"""Train rounds and tell what came out of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

from bakeoff.disk.training import DiskRecipe, DiskTraining
from bakeoff.errors import ArgumentError
from bakeoff.nn import Sequential


@dataclass(frozen=True)
class DiskRound:
    """What one round came to.

    Attributes:
        round: its number.
        train_error: share of the training points on the wrong side after the last epoch, 0 to 1.
        test_error: the same of the test points.
        train_loss: each epoch's mean squared error, taken while training.
        seconds: its group's time in training, divided by the rounds of the group.
        network: the trained network; it takes raw points (N, 2) and gives (N, 1).
    """

    round: int
    train_error: float
    test_error: float
    train_loss: tuple[float, ...]
    seconds: float
    network: Sequential


def train_rounds(
    recipe: DiskRecipe,
    *,
    seed: int,
    rounds: int = 1,
    on_epoch: Callable[[float], None] | None = None,
) -> tuple[DiskRound, ...]:
    """Train rounds 0 to `rounds` - 1, a group in lockstep at a time.

    On one kind of CPU with one torch version a round gives the same bits every time, however many
    are asked for: its whole group trains, and what was not asked for is dropped.

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
    results: list[DiskRound] = []
    for first in range(0, rounds, recipe.group):
        results += _train_group(recipe, seed, range(first, first + recipe.group), on_epoch)
    return tuple(results[:rounds])


def _train_group(
    recipe: DiskRecipe, seed: int, group: range, on_epoch: Callable[[float], None] | None
) -> list[DiskRound]:
    training = DiskTraining(recipe, seed, group)
    losses = []
    began = time.perf_counter()
    for _ in range(recipe.epochs):
        means = training.epoch()
        losses.append(means.tolist())
        if on_epoch is not None:
            on_epoch(float(means.mean()))
    seconds = (time.perf_counter() - began) / len(group)
    curves = zip(*losses, strict=True)
    errors = zip(training.train_errors(), training.test_errors(), curves, strict=True)
    return [
        DiskRound(group[i], train, test, curve, seconds, training.trained(i))
        for i, (train, test, curve) in enumerate(errors)
    ]


def spread(shares: Sequence[float]) -> str:
    """Return shares as "mean % ± standard deviation %" (ddof 1), without the latter for one."""
    percent = [100 * share for share in shares]
    if len(percent) == 1:
        return f"{percent[0]:.2f} %"
    return f"{fmean(percent):.2f} % ± {stdev(percent):.2f} %"


def document(
    recipe: DiskRecipe, seed: int, results: Sequence[DiskRound], machine: dict[str, Any]
) -> dict[str, Any]:
    """Return the results as nested dictionaries and lists, ready for JSON.

    Errors are shares from 0 to 1, ``std`` the sample standard deviation over rounds, null for one.
    """

    def figures(shares: list[float]) -> dict[str, float | None]:
        return {"mean": fmean(shares), "std": stdev(shares) if len(shares) > 1 else None}

    return {
        "task": "disk",
        "network": "2-25-25-25-1, tanh",
        "machine": machine,
        "seed": seed,
        "recipe": asdict(recipe),
        "test_error": figures([result.test_error for result in results]),
        "train_error": figures([result.train_error for result in results]),
        "rounds": [
            {
                "round": result.round,
                "test_error": result.test_error,
                "train_error": result.train_error,
                "train_loss": list(result.train_loss),
                "seconds": result.seconds,
            }
            for result in results
        ],
    }
