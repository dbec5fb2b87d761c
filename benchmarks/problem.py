"""Data, starting weights and order of a piece of work: the same for every rival."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bakeoff import rng
from bakeoff.nn import Linear, Module, Sequential, Tanh
from bakeoff.training.round_data import RoundData, round_data
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import make_network
from benchmarks.works import Work

SEED = 0
LR = 0.02
MOMENTUM = 0.9


@dataclass(frozen=True)
class Problem:
    """What a rival is given.

    Attributes:
        work: the piece of work.
        inputs: (R, n, ...) float32, standardised.
        targets: (R, n, 1) float32, 0 or 1, of the disk; (R, n) int64, 0 or 1, of pairs.
        rows: (R, steps, batch) int64, which examples each step of each round takes.
        start: (R, ...) float32, the weights that training starts from, in the order of the
            network's layers, each weight followed by its bias.
    """

    work: Work
    inputs: torch.Tensor
    targets: torch.Tensor
    rows: torch.Tensor
    start: tuple[torch.Tensor, ...]

    def epochs(self) -> tuple[torch.Tensor, ...]:
        """Return the rows of each epoch of a fit, or all rows as one epoch: (R, steps, batch)."""
        if self.work.kind != "fit":
            return (self.rows,)
        steps = self.work.examples // self.work.batch
        return self.rows.split(steps, dim=1)  # type: ignore[no-untyped-call, no-any-return]


def gather_epoch(problem: Problem, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gather all batches of an epoch at once, as is best for examples of a few numbers.

    Args:
        problem: of the disk; its inputs (R, n, 2) and targets (R, n, 1).
        rows: (R, steps, batch) int64.

    Returns:
        Inputs (steps, R, batch, 2) and targets (steps, R, batch, 1).
    """
    rounds, n = problem.inputs.shape[:2]
    places = (rows + torch.arange(rounds).view(rounds, 1, 1) * n).transpose(0, 1)
    x = problem.inputs.flatten(0, 1).index_select(0, places.flatten())
    # Numbers one by one: four times as fast as rows of one number.
    y = problem.targets.flatten().index_select(0, places.flatten())
    return x.view(*places.shape, 2), y.view(*places.shape, 1)


def make_problem(work: Work) -> Problem:
    """Draw what a piece of work needs; the same in every process.

    Raises:
        StudyError: for a network that bakeoff does not have.
    """
    disk, rounds = work.network == "disk", range(work.rounds)
    data = [draw("disk" if disk else "pairs", work.examples, r) for r in rounds]
    targets = torch.stack([each.train_labels["target"] for each in data])
    networks = [our_network(work).initialise(SEED, r) for r in rounds]
    weights = zip(*(network.parameters() for network in networks), strict=True)
    return Problem(
        work,
        torch.stack([each.train_input for each in data]),
        targets.unsqueeze(2).float() if disk else targets,
        torch.stack([_rows(work, r) for r in rounds]),
        tuple(torch.stack([weight.data for weight in each]) for each in weights),
    )


def draw(data: str, examples: int, round_: int) -> RoundData:
    """Draw a round's examples, standardised, as a study does."""
    study = NetworkStudy(
        "bench", "", [NetworkCompetitor("model1")], seed=SEED, train_size=examples, data=data
    )
    return round_data(study, round_, standardised=True, data_dir=None)


def our_network(work: Work) -> Module:
    """Return our network for the work, not yet initialised.

    Raises:
        StudyError: for a network that bakeoff does not have.
    """
    if work.network == "disk":
        w = work.width
        sizes = (2, *[w] * (work.depth - 1))
        hidden = [layer for n in sizes for layer in (Linear(n, w), Tanh())]
        return Sequential(*hidden, Linear(w, 1))
    return make_network(NetworkCompetitor(work.network))


def _rows(work: Work, round_: int) -> torch.Tensor:
    """Return the first batches of a shuffled epoch, or all of it in order where there is one."""
    if work.kind in ("predict", "fit"):
        # scikit-learn's own shuffling cannot be shared, so nobody shuffles a fit.
        return torch.arange(work.examples).repeat(work.units).view(-1, work.batch)
    order = torch.randperm(work.examples, generator=rng.generator(SEED, round_, "order"))
    return order[: work.steps * work.batch].view(work.steps, work.batch)
