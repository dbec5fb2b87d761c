"""Rounds of the disk network in lockstep: one captured step trains all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from bakeoff import rng
from bakeoff.autodiff import no_grad
from bakeoff.autodiff.plan import Plan, capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.data import DiskSets, draw_disk_sets, fit_standardiser
from bakeoff.disk.network import disk_network, fold_standardiser
from bakeoff.errors import ArgumentError, DivergenceError
from bakeoff.nn import Linear, MSELoss, Sequential, batch_last, lockstep
from bakeoff.optim import SGD
from bakeoff.optim.lr_scheduler import OneCycleLR


@dataclass(frozen=True)
class DiskRecipe:
    """How the disk network is trained.

    Tanh, momentum and step size were chosen by the mean error over 100 rounds of points of other
    seeds, no test point among them: 0.97 to 1.02 % with tanh wherever the training is stable, 1.06
    to 1.13 % with ReLU; among equals, the step size farthest from where training diverges.

    Attributes:
        points: training points, and as many test points, at least 1.
        epochs: passes over the training points, at least 1.
        batch_size: points a step, at least 1.
        max_lr: the step size at its highest; see `OneCycleLR`.
        momentum: share of the last step that is kept, in [0, 1).
        group: how many rounds train in lockstep, at least 1. It shapes last bits, and after
            thousands of steps more than those, so a round always trains in its whole group.

    Raises:
        ArgumentError: for a count below 1; the rest is checked by the optimiser.
    """

    points: int = 1000
    epochs: int = 250
    batch_size: int = 50
    max_lr: float = 0.2
    momentum: float = 0.9
    group: int = 10

    def __post_init__(self) -> None:
        for name in ("points", "epochs", "batch_size", "group"):
            if getattr(self, name) < 1:
                raise ArgumentError(
                    f"disk recipe: got {name}={getattr(self, name)}, expected at least 1"
                )

    @property
    def steps(self) -> int:
        """Updates in the whole training."""
        return self.epochs * -(-self.points // self.batch_size)


class DiskTraining:
    """A group of R rounds in training, each with its own points, first weights and order.

    Args:
        recipe: how to train.
        seed: of everything random; any integer.
        rounds: numbers of the rounds, consecutive, at least one.

    Attributes:
        network: the R networks in lockstep; they take standardised points (R, N, 2).
    """

    def __init__(self, recipe: DiskRecipe, seed: int, rounds: range) -> None:
        self.recipe = recipe
        self.rounds = rounds
        sets = [draw_round(recipe.points, seed, r) for r in rounds]
        self._transforms = [fit_standardiser(s.train_input, per_feature=True) for s in sets]
        moved = zip(sets, self._transforms, strict=True)
        points = [(move(s.train_input), move(s.test_input)) for s, move in moved]
        self._train_points, self._test_points = map(torch.stack, zip(*points, strict=True))
        self._train_target = torch.stack([s.train_target for s in sets])
        self._test_target = torch.stack([s.test_target for s in sets])
        self._orders = [rng.generator(seed, r, "order") for r in rounds]
        self.network = lockstep(disk_network(), len(rounds)).initialise(seed, rounds[0])
        self._loss = lockstep(MSELoss(), len(rounds))
        self._optimizer = SGD(self.network.parameters(), lr=recipe.max_lr, momentum=recipe.momentum)
        self._schedule = OneCycleLR(
            self._optimizer,
            max_lr=recipe.max_lr,
            total_steps=recipe.steps,
            cycle_momentum=False,
        )
        self._plans: dict[torch.Size, Plan] = {}

    # ---- a step, an epoch -------------------------------------------------------------------

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        """Train once on a batch, batch-last: x (R, 2, N), y (R, 1, N); return the losses (R,)."""
        self._optimizer.zero_grad()
        with batch_last():
            losses: Tensor = self._loss(self.network(x), y)
        # Rounds do not meet: the sum over them gives each its own gradient.
        losses.sum().backward()
        self._optimizer.step()
        return losses

    @torch.inference_mode()  # PyTorch's own bookkeeping off: a sixth of a small step
    def epoch(self) -> torch.Tensor:
        """Train on every point once, in a fresh order; return the mean losses (R,), float64.

        Raises:
            DivergenceError: if a loss is not finite, naming the round.
        """
        total = torch.zeros(len(self.rounds), dtype=torch.float64)
        for x, y in self._batches():
            # Captured at the first batch of this shape, replayed at all others.
            if x.shape not in self._plans:
                self._plans[x.shape] = capture(self.step, x, y)
            total += self._plans[x.shape](x, y).data.double() * x.shape[-1]
            self._schedule.step()
        means = total / self.recipe.points
        if not bool(torch.isfinite(means).all()):
            diverged = self.rounds[int(torch.isfinite(means).int().argmin())]
            raise DivergenceError(
                f"disk: got a loss in round {diverged} that is not finite, expected a recipe that"
                f" trains; lower max_lr={self.recipe.max_lr:g}"
            )
        return means

    def _batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield each batch of an epoch in a fresh order, as x (R, 2, N) and y (R, 1, N)."""
        n = self.recipe.points
        rows = torch.stack([torch.randperm(n, generator=g) for g in self._orders]).unsqueeze(-1)
        points = self._train_points.gather(1, rows.expand(-1, -1, 2)).transpose(1, 2).contiguous()
        target = self._train_target.gather(1, rows).transpose(1, 2).contiguous()
        for start in range(0, n, self.recipe.batch_size):
            batch = slice(start, start + self.recipe.batch_size)
            yield points[..., batch], target[..., batch]

    # ---- what came out ----------------------------------------------------------------------

    def train_errors(self) -> list[float]:
        """Return each round's share of training points on the wrong side, from 0 to 1."""
        return self._errors(self._train_points, self._train_target)

    def test_errors(self) -> list[float]:
        """Return each round's share of test points on the wrong side, from 0 to 1."""
        return self._errors(self._test_points, self._test_target)

    def _errors(self, points: torch.Tensor, target: torch.Tensor) -> list[float]:
        with no_grad():
            inside = self.network(points).data >= 0.5
        return [int(n) / self.recipe.points for n in (inside != (target == 1)).sum((1, 2))]

    def trained(self, i: int) -> Sequential:
        """Return the network of the i-th round by itself; it takes raw points (N, 2)."""
        single = disk_network()
        single.load_state_dict({k: v[i] for k, v in self.network.state_dict().items()})
        first = single[0]
        assert isinstance(first, Linear)  # noqa: S101 - for the type checker
        fold_standardiser(first, self._transforms[i])
        return single


def draw_round(points: int, seed: int, round_: int) -> DiskSets:
    """Return the points of one round, as they are: not standardised."""
    return draw_disk_sets(
        points,
        train=rng.generator(seed, round_, "data", "train"),
        test=rng.generator(seed, round_, "data", "test"),
    )
