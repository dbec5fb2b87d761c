"""PyTorch as its tutorials write it: layers, autograd, an optimiser, a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bakeoff.bench.contender import Contender
from bakeoff.bench.problem import LR, MOMENTUM, Problem
from bakeoff.bench.rivals.networks import loss_of, started

PREDICT_BATCH = 1000  # as large as the data: faster here than batches of a hundred


class Eager(Contender):
    """One network after the other, each with its own optimiser."""

    memory_format = torch.contiguous_format
    backend: str | None = None  # of torch.compile

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.inputs = [self._laid_out(x) for x in problem.inputs]
        self.networks = [started(problem, r) for r in range(problem.work.rounds)]
        for network in self.networks:
            if problem.inputs.ndim == 5:
                network.to(memory_format=self.memory_format)  # type: ignore[call-overload]
        self.losses = [self._loss(network, loss_of(problem)) for network in self.networks]
        # foreach or fused is PyTorch's choice, as in every plain loop.
        self.optimizers = [
            torch.optim.SGD(network.parameters(), lr=LR, momentum=MOMENTUM)
            for network in self.networks
        ]
        self.predict = self._compiled(self.networks[0])

    def _laid_out(self, x: torch.Tensor) -> torch.Tensor:
        return x.contiguous(memory_format=self.memory_format) if x.ndim == 4 else x

    def _loss(self, network: torch.nn.Module, loss: torch.nn.Module) -> Callable[..., Any]:
        def loss_of_batch(x: torch.Tensor, y: torch.Tensor) -> Any:
            return loss(network(x), y)

        return self._compiled(loss_of_batch)

    def _compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function if self.backend is None else torch.compile(function, backend=self.backend)

    def run(self) -> Any:
        """Train each network on its batches; its mean loss. Or return the logits."""
        if self.problem.work.kind == "predict":
            with torch.inference_mode():
                return self.predict(self.inputs[0])
        return [self._train(r) for r in range(self.problem.work.rounds)]

    def _train(self, r: int) -> float:
        inputs, targets, rows = self.inputs[r], self.problem.targets[r], self.problem.rows[r]
        loss_of_batch, optimizer = self.losses[r], self.optimizers[r]
        total = torch.zeros(())
        with torch.enable_grad():
            for batch in rows:
                optimizer.zero_grad()
                loss = loss_of_batch(inputs[batch], targets[batch])
                loss.backward()
                optimizer.step()
                total += loss.detach()
        return float(total) / len(rows)


class ChannelsLast(Eager):
    """Images channels-last in memory, which PyTorch's tuning guide advises for convolutions."""

    memory_format = torch.channels_last


class Compiled(Eager):
    """The forward pass and the loss, and with them the backward pass, through torch.compile."""

    backend = "inductor"
