"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff.kernels import Array, run, update
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import keep_default
from bakeoff.errors import ArgumentError
from bakeoff.optim.momentum import WithMomentum
from bakeoff.optim.number import Fixed
from bakeoff.optim.optimizer import Block


class SGD(WithMomentum):
    """Gradient descent with momentum, in PyTorch's form (Sutskever et al. 2013, equations 1 to 4).

        v <- momentum · v + g,    p <- p - lr · v,    g including weight_decay · p

    With `nesterov`, p <- p - lr · (g + momentum · v).

    Args:
        params: the tensors to train.
        lr: the step size, at least 0.
        momentum: share of the last step that is kept, in [0, 1).
        dampening: 0.
        weight_decay: pull of every parameter towards 0, at least 0.
        nesterov: whether the gradient is taken, as it were, after the momentum's step.

    Raises:
        ArgumentError: for a value out of range, or `nesterov` without momentum.
    """

    weight_decay = Fixed()
    nesterov = Fixed()

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.001,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params, lr, momentum)
        keep_default(self, dampening=(float(dampening), 0.0))
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        if nesterov and momentum == 0.0:
            raise ArgumentError("SGD: got nesterov=True with momentum=0, expected a momentum")

    def update(self, g: Array, block: Block) -> None:
        """See the formula above."""
        p = block.of(self.flat)
        if self.weight_decay:
            g = run(torch.add, g, p, alpha=self.weight_decay)
        v = self.with_momentum(g, block)
        if self.nesterov:
            v = run(torch.addcmul, g, v, self.working("momentum"))
        update(torch.Tensor.addcmul_, p, v, self.working("lr"), value=-1.0)
