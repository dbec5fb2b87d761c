"""torch.func, as PyTorch's tutorial on model ensembling writes it."""

from __future__ import annotations

from typing import Any

import torch
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from bakeoff.bench.contender import Contender
from bakeoff.bench.problem import LR, MOMENTUM, Problem, gather_epoch
from bakeoff.bench.rivals.networks import loss_of, started


class VmapGrad(Contender):
    """One network's gradient, vectorised over stacked parameters, and one optimiser for all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        networks = [started(problem, r) for r in range(problem.work.rounds)]
        base, loss = networks[0], loss_of(problem)
        self.parameters, _ = stack_module_state(networks)

        def loss_of_one(parameters: Any, x: torch.Tensor, y: torch.Tensor) -> Any:
            return loss(functional_call(base, parameters, (x,)), y)

        self.gradients = vmap(grad_and_value(loss_of_one))
        self.optimizer = torch.optim.SGD(
            self.parameters.values(), lr=LR, momentum=MOMENTUM, fused=True
        )

    def run(self) -> list[float]:
        """Train all networks on their batches; the mean loss of each."""
        x, y = gather_epoch(self.problem, self.problem.rows)
        total = torch.zeros(self.problem.work.rounds)
        for xs, ys in zip(x, y, strict=True):
            gradients, losses = self.gradients(self.parameters, xs, ys)
            for name, parameter in self.parameters.items():
                parameter.grad = gradients[name]
            self.optimizer.step()
            total += losses.detach()
        return (total / len(x)).tolist()
