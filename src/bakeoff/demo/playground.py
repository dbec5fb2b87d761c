"""The disk playground's training: rounds in lockstep, a step at a time, with a field to look at.

It steps the learner that trains a study's networks, but at a step size and with batches that may
change while it trains, and it stops nowhere in particular.
"""

from __future__ import annotations

from dataclasses import dataclass

import attrs
import torch

from bakeoff import rng
from bakeoff.autodiff import no_grad
from bakeoff.models import MLP
from bakeoff.nn import lockstep
from bakeoff.training.learner import MAIN, Learner
from bakeoff.training.recipe import Recipe
from bakeoff.training.round_data import round_data, standardiser
from bakeoff.training.scoring import THRESHOLD
from bakeoff.training.shipped.disk import DISK

POINTS = DISK.train_size
SIDE = 40
"""Rows and columns of the field."""


@dataclass(frozen=True)
class Settings:
    """What can be chosen before the training begins; step size and batch can change later, too."""

    layers: int  # hidden layers
    width: int  # units of each of them
    activation: str  # of the hidden layers; see `MLP`
    step_size: float  # of gradient descent with momentum 0.9
    batch_size: int  # points a step, at most `POINTS`
    rounds: int  # networks in lockstep, each with points and first weights of its own
    seed: int  # of everything random


@dataclass(frozen=True)
class Progress:
    """Where the rounds stand."""

    epoch: float  # points seen over points there are
    loss: list[float]  # each round's mean squared error on its training points
    train_error: list[float]  # each round's share of training points on the wrong side
    test_error: list[float]  # the same of its test points
    finite: bool  # whether all losses are still finite numbers


class PlaygroundTraining:
    """R networks in training; the settings are assumed to be in range."""

    def __init__(self, settings: Settings) -> None:
        rounds = range(settings.rounds)
        study = attrs.evolve(DISK, seed=settings.seed)
        data = [round_data(study, r, False, None) for r in rounds]
        moves = [standardiser(d) for d in data]
        # The training points (R, n, 2) in [0, 1), and (R, n), whether they are inside the disk.
        self.points = torch.stack([d.train_input for d in data])
        self.inside = torch.stack([d.train_labels[MAIN] for d in data])
        self._test_inside = torch.stack([d.test_labels[MAIN] for d in data])
        pairs = list(zip(data, moves, strict=True))
        self._train_points = torch.stack([move(d.train_input) for d, move in pairs])
        self._test_points = torch.stack([move(d.test_input) for d, move in pairs])
        self._grid = torch.stack([move(grid()) for move in moves])
        self._orders = [rng.generator(settings.seed, r, "order") for r in rounds]
        form = MLP(2, 1, settings.width, settings.layers, settings.activation)
        self._learner = Learner(
            lockstep(form, len(rounds)).initialise(settings.seed),
            self._train_points.flatten(0, 1),
            {MAIN: self.inside.flatten()},
            Recipe(lr=settings.step_size),
            {},
        )
        self._batch_size = settings.batch_size
        self._rows = torch.zeros(len(rounds), 0, dtype=torch.int64)
        self._seen = 0

    @property
    def step_size(self) -> float:
        """The step size; it may be changed between steps, as the plan reads it from memory."""
        return self._learner.optimizer.lr

    @step_size.setter
    def step_size(self, value: float) -> None:
        self._learner.optimizer.lr = value

    @property
    def batch_size(self) -> int:
        """Points a step; it may be changed between steps, and the step is then captured again."""
        return self._batch_size

    @batch_size.setter
    def batch_size(self, value: int) -> None:
        self._batch_size = value
        self._learner.forget_plans()

    def step(self) -> None:
        """Train every round once on its next batch."""
        starts = POINTS * torch.arange(len(self._orders))[:, None]
        self._learner.step((self._next_rows() + starts).flatten())
        self._seen += self.batch_size

    def _next_rows(self) -> torch.Tensor:
        """Return the places (R, N) of the next batch; what is left of an order is dropped."""
        if self._rows.shape[1] < self.batch_size:
            self._rows = torch.stack([torch.randperm(POINTS, generator=g) for g in self._orders])
        rows = self._rows[:, : self.batch_size]
        self._rows = self._rows[:, self.batch_size :]
        return rows

    def progress(self) -> Progress:
        """Measure where the rounds stand, on all of their points."""
        train, test = self._said(self._train_points), self._said(self._test_points)
        loss = (train - self.inside.float()).square().mean(1)
        return Progress(
            self._seen / POINTS,
            loss.tolist(),
            _wrong(train, self.inside),
            _wrong(test, self._test_inside),
            bool(torch.isfinite(loss).all()),
        )

    def fields(self) -> torch.Tensor:
        """Return what each round says on `grid`, (R, SIDE²) uint8: 0 outside, 255 inside."""
        said = self._said(self._grid)
        greys: torch.Tensor = (255 * said.nan_to_num(0.0).clamp(0, 1)).round()
        return greys.to(torch.uint8)

    def _said(self, points: torch.Tensor) -> torch.Tensor:
        """Return the rounds' outputs (R, n) for their points (R, n, 2)."""
        with no_grad():
            said: torch.Tensor = self._learner.network(points)[MAIN].data[..., 0]
        return said


def grid() -> torch.Tensor:
    """Return the middles (SIDE², 2) of the field's cells over [0, 1]², row by row from above."""
    middles = (torch.arange(SIDE) + 0.5) / SIDE
    rows, columns = torch.meshgrid(middles.flip(0), middles, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()], 1)


def _wrong(said: torch.Tensor, inside: torch.Tensor) -> list[float]:
    """Return each round's share of points on the wrong side."""
    shares: list[float] = ((said >= THRESHOLD) != inside).double().mean(1).tolist()
    return shares
