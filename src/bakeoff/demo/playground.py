"""The disk playground's training: rounds in lockstep, a step at a time, with a field to look at.

It steps the learner that trains a study's networks, but at a step size and with batches that may
change while it trains, and it stops nowhere in particular. A duel steps two, round after round.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict, dataclass
from math import nan
from typing import Any

import attrs
import torch

from bakeoff import rng
from bakeoff.autodiff import Tensor, no_grad
from bakeoff.models import MLP
from bakeoff.nn import lockstep
from bakeoff.statistics.analysis import analyse
from bakeoff.training.learner import MAIN, Learner
from bakeoff.training.recipe import Recipe
from bakeoff.training.round_data import round_data, standardiser
from bakeoff.training.scoring import THRESHOLD
from bakeoff.training.shipped.disk import DISK

POINTS = DISK.train_size
LAST_EPOCH = 2000.0
SIDES = ("left", "right")
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
class DuelSettings:
    """Two settings of one round and one seed, how many rounds both train, and for how long."""

    sides: tuple[Settings, Settings]
    rounds: int
    epochs: int  # after which a round is judged


@dataclass(frozen=True)
class Progress:
    """Where the rounds stand."""

    epoch: float  # points seen over points there are
    loss: list[float]  # each round's mean squared error on its training points
    train_error: list[float]  # each round's share of training points on the wrong side
    test_error: list[float]  # the same of its test points
    finite: bool  # whether all losses are still finite numbers


class PlaygroundTraining:
    """R networks in training, from round `first` on; the settings are assumed to be in range."""

    def __init__(self, settings: Settings, first: int = 0) -> None:
        rounds = range(first, first + settings.rounds)
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
        self._network = lockstep(form, len(rounds)).initialise(settings.seed, first)
        self._learner = Learner(
            self._network,
            self._train_points.flatten(0, 1),
            {MAIN: self.inside.flatten()},
            Recipe(lr=settings.step_size),
            {},
        )
        self._batch_size = settings.batch_size
        self._rows = torch.zeros(len(rounds), 0, dtype=torch.int64)
        self.seen = 0

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
        self.seen += self.batch_size

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
            self.seen / POINTS,
            loss.tolist(),
            _wrong(train, self.inside),
            _wrong(test, self._test_inside),
            bool(torch.isfinite(loss).all()),
        )

    def fields(self) -> torch.Tensor:
        """Return what each round says on `grid`, (R, SIDE²) uint8: 0 outside, 255 inside."""
        return _greys(self._said(self._grid))

    def neurons(self, layer: int) -> torch.Tensor:
        """Return what units of a hidden layer say on `grid` (units, SIDE²), in the first round.

        128 is 0, and 255 the unit's largest size; of fewer layers, the last one's.
        """
        with no_grad():
            x = Tensor(self._grid)
            for part in list(self._network.layers)[:-1][: 2 * layer]:
                x = part(x)
        said = x.data[0].T.nan_to_num()
        return _greys(0.5 + 0.5 * said / said.abs().amax(1, keepdim=True).clamp(min=1e-30))

    def opening(self) -> dict[str, Any]:
        """Return the training points for the page.

        Coordinates are whole numbers from 0 to 65535, x before y; all arrays are base64 of bytes,
        the rounds one after the other.
        """
        places = (self.points * 65535).round().to(torch.int32)
        high_low = torch.stack([places // 256, places % 256], -1).to(torch.uint8)
        inside = _packed(self.inside.to(torch.uint8))
        return {"points": _packed(high_low), "inside": inside, "points_each": POINTS, "side": SIDE}

    def frame(self) -> dict[str, Any]:
        """Return where the rounds stand, for the page; once diverged, without the numbers."""
        told = asdict(self.progress())
        if not told.pop("finite"):
            return {"state": "diverged", "epoch": told["epoch"]}
        state = "finished" if told["epoch"] >= LAST_EPOCH else "training"
        return {"state": state, "fields": _packed(self.fields())} | told

    def _said(self, points: torch.Tensor) -> torch.Tensor:
        """Return the rounds' outputs (R, n) for their points (R, n, 2)."""
        with no_grad():
            said: torch.Tensor = self._network(points)[MAIN].data[..., 0]
        return said


class Duel:
    """Two settings over the same rounds, one after the other: points and seed of each are shared.

    A round counts once, when its epochs are over; so one may look at the verdict at any time.
    """

    def __init__(self, settings: DuelSettings) -> None:
        self.neurons = 0  # the hidden layer whose units are shown, 0 for none
        self.accuracies: list[list[float]] = []  # (rounds that are over, 2); NaN where one diverged
        self._settings = settings
        self._pairs: list[list[PlaygroundTraining]] = []
        self._errors: list[tuple[list[float], list[float]]] = []  # by round, side and epoch
        self._fields: list[list[str]] = []  # by round and side, as they were last shown
        self._verdict = ""

    def step(self) -> None:
        """Train the side that has seen fewer points once, or begin a round."""
        if len(self._pairs) > len(self.accuracies):
            min(self._pairs[-1], key=lambda one: one.seen).step()
        elif (number := len(self._pairs)) < self._settings.rounds:
            self._pairs.append([PlaygroundTraining(s, number) for s in self._settings.sides])
            self._errors.append(([], []))
        if min(one.seen for one in self._pairs[-1]) < POINTS * len(self._errors[-1][0]):
            return
        told = [one.progress() for one in self._pairs[-1]]
        for curve, progress in zip(self._errors[-1], told, strict=True):
            curve.extend(progress.test_error)
        if len(self._errors[-1][0]) > self._settings.epochs:
            self.accuracies.append([1 - p.test_error[0] if p.finite else nan for p in told])
            self._verdict = str(analyse(self.accuracies, SIDES, [SIDES], mode="anytime"))

    def opening(self) -> dict[str, Any]:
        """Return what stays the same, for the page."""
        return {"side": SIDE}

    def frame(self) -> dict[str, Any]:
        """Return where both sides stand, for the page."""
        over = self._fields[:-1]  # the last one shown has trained on
        self._fields = over + [[_packed(x.fields()) for x in p] for p in self._pairs[len(over) :]]
        shown = self._pairs[-1] if self._pairs and self.neurons else []
        return {
            "state": "finished" if len(self.accuracies) == self._settings.rounds else "training",
            "errors": [[list(curve) for curve in pair] for pair in self._errors],
            "fields": self._fields,
            "neurons": [_packed(one.neurons(self.neurons)) for one in shown],
            "verdict": self._verdict,
        }


def grid() -> torch.Tensor:
    """Return the middles (SIDE², 2) of the field's cells over [0, 1]², row by row from above."""
    middles = (torch.arange(SIDE) + 0.5) / SIDE
    rows, columns = torch.meshgrid(middles.flip(0), middles, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()], 1)


def _wrong(said: torch.Tensor, inside: torch.Tensor) -> list[float]:
    """Return each round's share of points on the wrong side."""
    shares: list[float] = ((said >= THRESHOLD) != inside).double().mean(1).tolist()
    return shares


def _greys(said: torch.Tensor) -> torch.Tensor:
    """Return 0 to 1 as bytes from 0 to 255."""
    return torch.round(255 * said.nan_to_num(0.0).clamp(0, 1)).to(torch.uint8)


def _packed(numbers: torch.Tensor) -> str:
    """Return an array of bytes as base64, in row-major order."""
    return b64encode(bytes(numbers.flatten().tolist())).decode("ascii")
