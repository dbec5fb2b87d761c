"""Ours: by a plan, as everything trains, or by the tape, which builds its graph at every step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from bakeoff.autodiff import no_grad
from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.nn import BCEWithLogitsLoss, Module, MSELoss, batch_last, lockstep
from bakeoff.optim import SGD
from bakeoff.training.learner import Learner
from bakeoff.training.recipe import Recipe
from benchmarks.problem import LR, MOMENTUM, Problem, gather_epoch, our_network
from benchmarks.rivals import Run


def _started(problem: Problem) -> Module:
    """Return our network with the weights that everybody starts from."""
    network, rounds = our_network(problem.work), problem.work.rounds
    if rounds > 1:
        lockstep(network, rounds)
    names = (name for name, _ in network.named_parameters())
    parts = (start if rounds > 1 else start[0] for start in problem.start)
    network.load_state_dict(dict(zip(names, parts, strict=True)))
    return network


def on_tape(step: Callable[..., Tensor], *inputs: torch.Tensor) -> Tensor:
    """Do what `Plan.scan` does, step by step."""
    steps = zip(*(map(Tensor, x) for x in inputs), strict=True)
    return Tensor(torch.stack([step(*x).data for x in steps]))


def disk(problem: Problem, *, planned: bool = True) -> Run:
    """Train the disk network, alone or in lockstep, by a step as a user would write it."""
    work, network = problem.work, _started(problem)
    loss: Module = BCEWithLogitsLoss() if work.kind == "fit" else MSELoss()
    if work.rounds > 1:
        lockstep(loss, work.rounds)
    optimizer = SGD(network.parameters(), lr=LR, momentum=MOMENTUM)

    def step(x: Tensor, y: Tensor) -> Tensor:
        """Take a batch, batch-last: x (R, 2, N) and y (R, 1, N), without R for one round."""
        optimizer.zero_grad()
        with batch_last():
            losses: Tensor = loss(network(x), y)
        losses.sum().backward()  # rounds do not meet, so each gets its own gradient
        optimizer.step()
        return losses.detach()

    def batches(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Gather all steps' batches at once: x (steps, R, 2, N) and y (steps, R, 1, N)."""
        x, y = (part.mT.contiguous() for part in gather_epoch(problem, rows))
        return (x, y) if work.rounds > 1 else (x[:, 0], y[:, 0])

    first = (part[0] for part in batches(problem.rows[:, :1]))
    scan = capture(step, *first).scan if planned else partial(on_tape, step)

    @torch.inference_mode()
    def run() -> list[float]:
        losses = [scan(*batches(rows)).data.mean(0) for rows in problem.epochs()]
        return torch.cat([x.view(-1) for x in losses]).tolist()

    return run


def pairs(problem: Problem, *, planned: bool = True) -> Run:
    """Train a network on pairs of images through what trains it in a study, or have it answer."""
    network, inputs, batch = _started(problem), problem.inputs[0], problem.work.batch
    if problem.work.kind == "predict":
        return _answers(network.eval(), inputs.split(batch), planned)  # type: ignore[no-untyped-call]
    labels, recipe = {"target": problem.targets[0]}, Recipe(lr=LR, momentum=MOMENTUM)
    learner = Learner(network, inputs, labels, recipe, {}, plan=planned)
    learner.prepare({batch})

    @torch.inference_mode()
    def run() -> list[float]:
        learner.steps(list(problem.rows[0]))
        ((loss, _, _),) = learner.finish_epoch()
        return [loss]

    return run


def _answers(network: Module, parts: tuple[torch.Tensor, ...], planned: bool) -> Run:
    """A hundred pairs at a time: the working set then stays in the cache."""

    def logits(x: Tensor) -> Tensor:
        with no_grad():
            found: Tensor = network(x)["target"]
        return found

    predict: Callable[..., Any] = capture(logits, parts[0]) if planned else logits

    @torch.inference_mode()
    def run() -> torch.Tensor:
        return torch.cat([predict(Tensor(part)).data.clone() for part in parts])

    return run


disk_tape, pairs_tape = partial(disk, planned=False), partial(pairs, planned=False)
