"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff.kernels import Array, cast, fill, run, update
from bakeoff.autodiff.tensor import Tensor
from bakeoff.optim.optimizer import Block, Counting, Fixed


class Adagrad(Counting):
    """Steps divided by the root of the sum of all squared gradients so far.

        s <- s + g²,    p <- p - lr / (1 + (t - 1) · lr_decay) · g / (sqrt(s) + eps)

    t counts the parameter's updates. A weight that is rarely used keeps its large steps (Duchi,
    Hazan & Singer 2011, "Adaptive subgradient methods", figure 1 with the diagonal of G).

    Args:
        params: the tensors to train.
        lr: the step size, at least 0.
        lr_decay: how much the step size falls with each update, at least 0.
        weight_decay: weight_decay · p is added to g, at least 0.
        initial_accumulator_value: where s starts, at least 0.
        eps: added to the root, at least 0.

    Raises:
        ArgumentError: for a value out of range.
    """

    lr_decay = Fixed()
    weight_decay = Fixed()
    initial_accumulator_value = Fixed()
    eps = Fixed()

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(params, lr)
        self.lr_decay = lr_decay
        self.weight_decay = weight_decay
        self.initial_accumulator_value = initial_accumulator_value
        self.eps = eps
        self.add_array("sum")
        self.arrays["sum"].fill_(initial_accumulator_value)

    def update(self, g: Array, block: Block) -> None:
        """See the formula above."""
        p = block.of(self.flat)
        if self.weight_decay:
            g = run(torch.add, g, p, alpha=self.weight_decay)
        s = block.of(self.arrays["sum"])
        update(torch.Tensor.addcmul_, s, g, g)
        root = run(torch.sqrt, s)
        update(torch.Tensor.add_, root, self.eps)
        size = self._decayed(self.count(block))
        update(torch.Tensor.addcmul_, p, fill(torch.div, root, g, root), size, value=-1.0)

    def _decayed(self, t: Array) -> Array:
        """Return lr / (1 + (t - 1) · lr_decay), an array of one element."""
        if not self.lr_decay:
            return self.working("lr")
        slower = run(torch.mul, run(torch.sub, t, 1.0), self.lr_decay)
        return cast(run(torch.div, self.numbers["lr"], run(torch.add, slower, 1.0)), self.flat)
