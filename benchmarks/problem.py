"""Data, starting weights and order of a piece of work: the same for every rival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from bakeoff import rng
from bakeoff.autodiff import no_grad
from bakeoff.autodiff.listing import flops
from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.data import (
    PairSets,
    draw_disk_sets,
    draw_pair_sets,
    fit_standardiser,
    load_mnist,
    standardise,
)
from bakeoff.errors import ArgumentError
from bakeoff.models import MODELS
from bakeoff.nn import CrossEntropyLoss, Linear, Module, MSELoss, Sequential, Tanh
from bakeoff.optim import SGD
from benchmarks.works import Work

SEED = 0
LR = 0.02
MOMENTUM = 0.9
PRODUCTS = frozenset({"mm", "bmm", "addmm", "baddbmm"})


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
    x, y = x.view(*places.shape, *problem.inputs.shape[2:]), y.view(*places.shape, 1)
    return x, y


def make_problem(work: Work) -> Problem:
    """Draw what a piece of work needs; the same in every process.

    Raises:
        ArgumentError: for a network that bakeoff does not have.
    """
    draw = _disk if work.network == "disk" else _pairs
    data = [draw(work, r) for r in range(work.rounds)]
    starts = [_start(work, r) for r in range(work.rounds)]
    return Problem(
        work,
        torch.stack([inputs for inputs, _ in data]),
        torch.stack([targets for _, targets in data]),
        torch.stack([_rows(work, r) for r in range(work.rounds)]),
        tuple(torch.stack(parts) for parts in zip(*starts, strict=True)),
    )


def our_network(work: Work) -> Module:
    """Return our network for the work, not yet initialised.

    Raises:
        ArgumentError: for a network that bakeoff does not have.
    """
    if work.network == "disk":
        w = work.width
        hidden = [layer for n in (2, w, w) for layer in (Linear(n, w), Tanh())]
        return Sequential(*hidden, Linear(w, 1))
    if work.network not in MODELS:
        raise ArgumentError(f"bench: there is no network {work.network!r} to measure")
    return MODELS[work.network]()


def _start(work: Work, round_: int) -> list[torch.Tensor]:
    network = our_network(work).initialise(SEED, round_)
    return [parameter.data for _, parameter in network.named_parameters()]


def _rows(work: Work, round_: int) -> torch.Tensor:
    """Return the first batches of a shuffled epoch, or all of it in order where there is one."""
    if work.kind in ("predict", "fit"):
        # scikit-learn's own shuffling cannot be shared, so nobody shuffles a fit.
        epochs = max(1, work.steps * work.batch // work.examples) if work.kind == "fit" else 1
        return torch.arange(work.examples).repeat(epochs).view(-1, work.batch)
    stream = rng.generator(SEED, round_, "order")
    order = torch.randperm(work.examples, generator=stream)
    return order[: work.steps * work.batch].view(work.steps, work.batch)


def _disk(work: Work, round_: int) -> tuple[torch.Tensor, torch.Tensor]:
    streams = _streams(round_)
    sets = draw_disk_sets(work.examples, train=streams["train"], test=streams["test"])
    transform = fit_standardiser(sets.train_input, per_feature=True)
    return transform(sets.train_input), sets.train_target


def _pairs(work: Work, round_: int) -> tuple[torch.Tensor, torch.Tensor]:
    sets = pair_sets(work.examples, round_)
    return sets.train_input, sets.train_target


def pair_sets(examples: int, round_: int) -> PairSets:
    """Return a round's pairs, standardised, as a study draws them."""
    return standardise(draw_pair_sets(load_mnist(), examples, **_streams(round_)))


def _streams(round_: int) -> dict[str, torch.Generator]:
    return {part: rng.generator(SEED, round_, "data", part) for part in ("train", "test")}


def product_flops(problem: Problem) -> int:
    """Return the floating-point operations in the matrix products of one unit of the work.

    They are those of our plan, a convolution being the product of its patches, and the same
    number is taken for every contender.
    """
    work = problem.work
    network = our_network(work).initialise(SEED)
    x, y = (data[0, problem.rows[0, 0]] for data in (problem.inputs, problem.targets))

    def logits(x: Tensor) -> Tensor:
        outputs: Any = network(x)
        return outputs if isinstance(outputs, Tensor) else outputs["target"]

    if work.kind == "predict":
        network.eval()
        with no_grad():
            plan = capture(logits, x)
    else:
        optimizer = SGD(network.parameters(), lr=LR)
        loss = MSELoss() if work.network == "disk" else CrossEntropyLoss()

        def step(x: Tensor, y: Tensor) -> None:
            optimizer.zero_grad()
            loss(logits(x), y).backward()
            optimizer.step()

        plan = capture(step, x, y)
    a_step = sum(flops(call) for call in plan.calls if call.name in PRODUCTS)
    steps = problem.rows.shape[1] * work.rounds
    return a_step * steps // work.units
