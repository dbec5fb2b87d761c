"""The disk playground's training: rounds in lockstep, a step at a time, with a field to look at.

Unlike `bakeoff.disk.DiskTraining`, whose recipe is fixed from first step to last, this one can be
given another step size or batch while it trains, and stops nowhere in particular.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bakeoff import rng
from bakeoff.autodiff import no_grad
from bakeoff.autodiff.plan import Plan, capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.data import draw_disk_sets, fit_standardiser
from bakeoff.models import MLP
from bakeoff.nn import MSELoss, batch_last, lockstep
from bakeoff.optim import SGD

POINTS = 1000
SIDE = 40
"""Rows and columns of the field."""
MOMENTUM = 0.9


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
        sets = [
            draw_disk_sets(
                POINTS,
                train=rng.generator(settings.seed, r, "data", "train"),
                test=rng.generator(settings.seed, r, "data", "test"),
            )
            for r in rounds
        ]
        moves = [fit_standardiser(s.train_input, per_feature=True) for s in sets]
        # The training points (R, n, 2) in [0, 1), and (R, n, 1), 1 inside the disk, else 0.
        self.points = torch.stack([s.train_input for s in sets])
        self.inside = torch.stack([s.train_target for s in sets])
        self._test_inside = torch.stack([s.test_target for s in sets])
        pairs = list(zip(sets, moves, strict=True))
        self._train_points = torch.stack([move(s.train_input) for s, move in pairs])
        self._test_points = torch.stack([move(s.test_input) for s, move in pairs])
        self._grid = torch.stack([move(grid()) for move in moves])
        self._orders = [rng.generator(settings.seed, r, "order") for r in rounds]
        form = MLP(2, 1, settings.width, settings.layers, settings.activation)
        self._network = lockstep(form.layers, len(rounds))
        self._network.initialise(settings.seed)
        self._loss = lockstep(MSELoss(), len(rounds))
        self._optimizer = SGD(self._network.parameters(), lr=settings.step_size, momentum=MOMENTUM)
        self.batch_size = settings.batch_size  # may be changed between steps
        self._plan: tuple[int, Plan] | None = None
        self._rows = torch.zeros(len(rounds), 0, dtype=torch.int64)
        self._seen = 0

    @property
    def step_size(self) -> float:
        """The step size; it may be changed between steps, as the plan reads it from memory."""
        return self._optimizer.lr

    @step_size.setter
    def step_size(self, value: float) -> None:
        self._optimizer.lr = value

    def step(self) -> None:
        """Train every round once on its next batch."""
        rows = self._next_rows()[..., None]
        points = self._train_points.gather(1, rows.expand(-1, -1, 2)).mT.contiguous()
        inside = self.inside.gather(1, rows).mT.contiguous()
        if self._plan is None or self._plan[0] != self.batch_size:
            self._plan = (self.batch_size, capture(self._step, points, inside))
        self._plan[1](points, inside)
        self._seen += self.batch_size

    def _step(self, x: Tensor, y: Tensor) -> Tensor:
        """Train once on a batch, batch-last: x (R, 2, N), y (R, 1, N)."""
        self._optimizer.zero_grad()
        with batch_last():
            losses: Tensor = self._loss(self._network(x), y)
        # Rounds do not meet: the sum over them gives each its own gradient.
        losses.sum().backward()
        self._optimizer.step()
        return losses

    def _next_rows(self) -> torch.Tensor:
        """Return the places (R, N) of the next batch; what is left of an order is dropped."""
        if self._rows.shape[1] < self.batch_size:
            self._rows = torch.stack([torch.randperm(POINTS, generator=g) for g in self._orders])
        rows = self._rows[:, : self.batch_size]
        self._rows = self._rows[:, self.batch_size :]
        return rows

    def progress(self) -> Progress:
        """Measure where the rounds stand, on all of their points."""
        with no_grad():
            train = self._network(self._train_points).data
            test = self._network(self._test_points).data
        loss = (train - self.inside).square().mean((1, 2))
        return Progress(
            self._seen / POINTS,
            loss.tolist(),
            _wrong(train, self.inside),
            _wrong(test, self._test_inside),
            bool(torch.isfinite(loss).all()),
        )

    def fields(self) -> torch.Tensor:
        """Return what each round says on `grid`, (R, SIDE²) uint8: 0 outside, 255 inside."""
        with no_grad():
            said = self._network(self._grid).data[..., 0]
        greys: torch.Tensor = (255 * said.nan_to_num(0.0).clamp(0, 1)).round()
        return greys.to(torch.uint8)


def grid() -> torch.Tensor:
    """Return the middles (SIDE², 2) of the field's cells over [0, 1]², row by row from above."""
    middles = (torch.arange(SIDE) + 0.5) / SIDE
    rows, columns = torch.meshgrid(middles.flip(0), middles, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()], 1)


def _wrong(said: torch.Tensor, inside: torch.Tensor) -> list[float]:
    """Return each round's share of points on the wrong side."""
    shares: list[float] = ((said >= 0.5) != (inside == 1)).double().mean((1, 2)).tolist()
    return shares
