"""Stochastic gradient descent, and momentum, which RMSprop has too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch

from bakeoff.autodiff.kernels import Array, fill, run, update
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import keep_default
from bakeoff.errors import ArgumentError
from bakeoff.optim.optimizer import Block, Fixed, Number, Optimizer

NAME = "momentum_buffer"


class WithMomentum(Optimizer):
    """Base of the optimisers that keep a share of their last step.

    Attributes:
        momentum: the share; set it between steps to change it. One that had none by its first step
            can get none later: a step that was captured without momentum could not take it up.
    """

    momentum = Number(below=1.0)
    cycled = "momentum"

    def __init__(
        self, params: Iterable[Tensor], lr: float, weight_decay: float, momentum: float
    ) -> None:
        super().__init__(params, lr, weight_decay)
        self._stepped = False
        self.momentum = momentum

    def set_number(self, name: str, value: float) -> None:
        """Write a number; the memory for the momentum is made when there first is any."""
        if name == "momentum" and value > 0.0 and NAME not in self.arrays:
            if self._stepped:
                raise ArgumentError(
                    f"{type(self).__name__}: got momentum={value} after steps without momentum,"
                    " expected it from the start; make a new optimiser with it"
                )
            self.add_array(NAME)
        super().set_number(name, value)

    def step(self) -> None:
        """Update every parameter that has a gradient; see `Optimizer.step`."""
        super().step()
        self._stepped = True

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over a state; see `Optimizer.load_state_dict`."""
        if NAME in state and NAME not in self.arrays and not self._stepped:
            self.add_array(NAME)
        super().load_state_dict(state)

    def with_momentum(self, g: Array, block: Block) -> Array:
        """Add `g` to the share that is kept, v <- momentum · v + g, and return v; or g itself."""
        if NAME not in self.arrays:
            return g
        v = block.of(self.arrays[NAME])
        return fill(torch.addcmul, v, g, v, self.working("momentum"))


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
        super().__init__(params, lr, weight_decay, momentum)
        keep_default(self, dampening=(float(dampening), 0.0))
        self.nesterov = nesterov
        if nesterov and momentum == 0.0:
            raise ArgumentError("SGD: got nesterov=True with momentum=0, expected a momentum")

    def update(self, g: Array, block: Block) -> None:
        """See the formula above."""
        p = block.of(self.flat)
        g = self.decayed(g, p)
        v = self.with_momentum(g, block)
        if self.nesterov:
            v = run(torch.addcmul, g, v, self.working("momentum"))
        update(torch.Tensor.addcmul_, p, v, self.working("lr"), value=-1.0)
