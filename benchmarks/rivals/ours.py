"""Ours: by a plan, as everything trains, or by the tape, as it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bakeoff.autodiff import kernels, no_grad
from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.nn import BCEWithLogitsLoss, Module, MSELoss, batch_last, lockstep
from bakeoff.optim import SGD
from bakeoff.study.spec import Recipe
from bakeoff.training.learner import Learner
from benchmarks.contender import Contender
from benchmarks.problem import LR, MOMENTUM, Problem, gather_epoch, our_network

Step = Callable[..., Any]


class Disk(Contender):
    """The disk network, alone or in lockstep: a step written as a user would write it."""

    planned = True

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        work = problem.work
        loss: Module = BCEWithLogitsLoss() if work.kind == "fit" else MSELoss()
        if work.rounds > 1:
            lockstep(loss, work.rounds)
        self.total = torch.zeros(work.rounds)
        step = _disk_step(_started(problem), loss, self.total)
        first = [part[0] for part in self._batches(problem.rows[:, :1])]
        self.step: Step = capture(step, *first) if self.planned else _on_tensors(step)

    def _batches(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Gather all steps' batches at once: x (steps, R, 2, N) and y (steps, R, 1, N)."""
        x, y = (part.mT.contiguous() for part in gather_epoch(self.problem, rows))
        return (x, y) if self.problem.work.rounds > 1 else (x[:, 0], y[:, 0])

    @torch.inference_mode()
    def run(self) -> list[float]:
        """Train on all batches; the mean loss of each round."""
        losses = []
        for rows in self.problem.epochs():
            self.total.zero_()
            for x, y in zip(*self._batches(rows), strict=True):
                self.step(x, y)
            losses += (self.total / rows.shape[1]).tolist()
        return losses


def _disk_step(network: Module, loss: Module, total: torch.Tensor) -> Step:
    """Return the step on a batch, batch-last: x (R, 2, N) and y (R, 1, N), without R for one."""
    optimizer = SGD(network.parameters(), lr=LR, momentum=MOMENTUM)

    def step(x: Tensor, y: Tensor) -> None:
        optimizer.zero_grad()
        with batch_last():
            losses: Tensor = loss(network(x), y)
        losses.sum().backward()  # rounds do not meet, so each gets its own gradient
        optimizer.step()
        kernels.update(torch.Tensor.add_, total, losses.data)

    return step


def _on_tensors(step: Step) -> Step:
    return lambda *arrays: step(*map(Tensor, arrays))


class DiskPlan(Disk):
    """Captured once, replayed."""


class DiskTape(Disk):
    """The tape builds its graph at every step."""

    planned = False


class Pairs(Contender):
    """A network on pairs of images, through what trains it in a study."""

    planned = True

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.network = _started(problem)
        self.rows = problem.rows[0]
        self.inputs = problem.inputs[0]
        if problem.work.kind == "predict":
            self.network.eval()
            self.predict: Callable[..., Any] = self._predict
            if self.planned:
                self.predict = capture(self._predict, self.inputs[self.rows[0]])
            return
        self.learner = Learner(
            self.network,
            self.inputs,
            {"target": problem.targets[0]},
            Recipe(lr=LR, momentum=MOMENTUM),
            {},
            plan=self.planned,
        )
        self.learner.prepare({problem.work.batch})

    def _predict(self, x: Tensor) -> Tensor:
        with no_grad():
            logits: Tensor = self.network(x)["target"]
        return logits

    @torch.inference_mode()
    def run(self) -> Any:
        """Train on all batches and return the mean loss, or return the logits (n, 2)."""
        if self.problem.work.kind == "predict":
            # A hundred at a time: the working set then stays in the cache.
            parts = self.inputs.split(self.problem.work.batch)  # type: ignore[no-untyped-call]
            return torch.cat([self.predict(Tensor(part)).data.clone() for part in parts])
        for rows in self.rows:
            self.learner.step(rows)
        ((loss, _, _),) = self.learner.finish_epoch()
        return [loss]


class PairsPlan(Pairs):
    """Captured once, replayed."""


class PairsTape(Pairs):
    """The tape builds its graph at every step."""

    planned = False


def _started(problem: Problem) -> Module:
    """Return our network with the weights that everybody starts from."""
    rounds = problem.work.rounds
    network = our_network(problem.work)
    if rounds > 1:
        lockstep(network, rounds)
    names = [name for name, _ in network.named_parameters()]
    parts = problem.start if rounds > 1 else [part[0] for part in problem.start]
    network.load_state_dict(dict(zip(names, parts, strict=True)))
    return network
