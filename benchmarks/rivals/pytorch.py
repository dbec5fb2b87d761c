"""PyTorch as its tutorials write it, and what an expert writes for many small networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from benchmarks.contender import Contender
from benchmarks.problem import LR, MOMENTUM, Problem, gather_epoch
from benchmarks.rivals.networks import loss_of, started


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
            with torch.inference_mode():  # of all at once: faster here than batches of a hundred
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


class Together(Contender):
    """All networks in one call, their parameters stacked, and one fused optimiser."""

    optimizer: torch.optim.Optimizer

    def gradients(self, x: torch.Tensor, y: torch.Tensor) -> Any:
        """Set every parameter's gradient for a batch (R, N, ...); return the losses (R,)."""
        raise NotImplementedError

    def run(self) -> list[float]:
        """Train all networks on their batches; the mean loss of each."""
        x, y = gather_epoch(self.problem, self.problem.rows)
        total = torch.zeros(self.problem.work.rounds)
        for xs, ys in zip(x, y, strict=True):
            losses = self.gradients(xs, ys)
            self.optimizer.step()
            total += losses
        return (total / len(x)).tolist()


class VmapGrad(Together):
    """One network's gradient, vectorised over stacked parameters."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        networks = [started(problem, r) for r in range(problem.work.rounds)]
        base, loss = networks[0], loss_of(problem)
        self.parameters, _ = stack_module_state(networks)

        def loss_of_one(parameters: Any, x: torch.Tensor, y: torch.Tensor) -> Any:
            return loss(functional_call(base, parameters, (x,)), y)

        self.vectorised = vmap(grad_and_value(loss_of_one))
        self.optimizer = torch.optim.SGD(
            self.parameters.values(), lr=LR, momentum=MOMENTUM, fused=True
        )

    def gradients(self, x: torch.Tensor, y: torch.Tensor) -> Any:
        """As torch.func gives them."""
        gradients, losses = self.vectorised(self.parameters, x, y)
        for name, parameter in self.parameters.items():
            parameter.grad = gradients[name]
        return losses.detach()


class Stacked(Together):
    """All rounds' layers as baddbmm on (R, ...) weights, PyTorch's autograd."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.parameters = [start.clone().requires_grad_() for start in problem.start]
        self.optimizer = torch.optim.SGD(self.parameters, lr=LR, momentum=MOMENTUM, fused=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(R, N, 2) to (R, N, 1)."""
        weights, biases = self.parameters[::2], self.parameters[1::2]
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            x = torch.baddbmm(bias.unsqueeze(1), x, weight.mT).tanh()
        return torch.baddbmm(biases[-1].unsqueeze(1), x, weights[-1].mT)

    def gradients(self, x: torch.Tensor, y: torch.Tensor) -> Any:
        """As autograd gives them."""
        self.optimizer.zero_grad()
        with torch.enable_grad():
            losses: Any = (self.forward(x) - y).square().mean((1, 2))
            losses.sum().backward()
        return losses.detach()
