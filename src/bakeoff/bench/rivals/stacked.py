"""What a PyTorch expert writes for many small networks: stacked weights, one product for all."""

from __future__ import annotations

import torch

from bakeoff.bench.contender import Contender
from bakeoff.bench.problem import LR, MOMENTUM, Problem, gather_epoch


class Stacked(Contender):
    """All rounds' layers as baddbmm on (R, ...) weights, PyTorch's autograd, fused SGD."""

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

    def run(self) -> list[float]:
        """Train all networks on their batches; the mean loss of each."""
        x, y = gather_epoch(self.problem, self.problem.rows)
        total = torch.zeros(self.problem.work.rounds)
        with torch.enable_grad():
            for xs, ys in zip(x, y, strict=True):
                self.optimizer.zero_grad()
                losses = (self.forward(xs) - ys).square().mean((1, 2))
                losses.sum().backward()
                self.optimizer.step()
                total += losses.detach()
        return (total / len(x)).tolist()
