"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff.kernels import Array, run, update
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.optim.optimizer import Optimizer, check_range, part


class SGD(Optimizer):
    """Gradient descent with momentum, in PyTorch's form (Sutskever et al. 2013, equations 1 to 4).

        v <- momentum · v + g,    p <- p - lr · v,    g including weight_decay · p

    With `nesterov`, p <- p - lr · (g + momentum · v).

    Args:
        parameters: the tensors to train.
        lr: the step size, at least 0.
        momentum: share of the last step that is kept, in [0, 1).
        weight_decay: pull of every parameter towards 0, at least 0.
        nesterov: whether the gradient is taken, as it were, after the momentum's step.

    Raises:
        ArgumentError: for a value out of range, or `nesterov` without momentum.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.001,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        check_range("SGD", "momentum", momentum, below=1.0)
        check_range("SGD", "weight_decay", weight_decay)
        if nesterov and momentum == 0.0:
            raise ArgumentError("SGD: got nesterov=True with momentum=0, expected a momentum")
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        self.velocity = torch.zeros_like(self.flat) if momentum else None

    def update(self, g: Array, block: slice) -> None:
        """See the formula above."""
        p = part(self.flat, block)
        if self.weight_decay:
            g = run(torch.add, g, run(torch.mul, p, self.weight_decay))
        if self.velocity is not None:
            v = part(self.velocity, block)
            update(torch.Tensor.mul_, v, self.momentum)
            update(torch.Tensor.add_, v, g)
            g = run(torch.add, g, run(torch.mul, v, self.momentum)) if self.nesterov else v
        update(torch.Tensor.sub_, p, run(torch.mul, g, self._lr))
