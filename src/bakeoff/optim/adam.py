"""Adam, and AdamW, which keeps the weight decay out of it."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff.kernels import Array, cast, fill, run, update
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import keep_default
from bakeoff.optim.optimizer import Block, Counting, Fixed, Number


class Adam(Counting):
    """Steps by the running mean of the gradient over the root of its running mean square.

        m <- β1 · m + (1 - β1) · g,    s <- β2 · s + (1 - β2) · g²
        p <- p - lr · (m / (1 - β1ᵗ)) / (sqrt(s / (1 - β2ᵗ)) + eps)

    t counts the parameter's updates; 1 - βᵗ undoes the pull of both means towards their start at 0
    (Kingma & Ba 2015, "Adam", algorithm 1).

    Args:
        params: the tensors to train.
        lr: the step size, at least 0.
        betas: (β1, β2), the shares of the running means that are kept, each in [0, 1).
        eps: added to the root, at least 0.
        weight_decay: weight_decay · p is added to g, at least 0.
        amsgrad: False.

    Attributes:
        beta1: β1; set it between steps to change it.

    Raises:
        ArgumentError: for a value out of range.
    """

    beta1 = Number(below=1.0)
    beta2 = Fixed(below=1.0)
    eps = Fixed()
    weight_decay = Fixed()
    cycled = "beta1"

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr)
        keep_default(self, amsgrad=(amsgrad, False))
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.add_array("exp_avg")
        self.add_array("exp_avg_sq")
        self._one = torch.ones((), dtype=torch.float64)

    @property
    def betas(self) -> tuple[float, float]:
        """(β1, β2)."""
        return self.beta1, self.beta2

    def update(self, g: Array, block: Block) -> None:
        """See the formula above."""
        p = block.of(self.flat)
        g = self.decay(p, g)
        m, s = block.of(self.arrays["exp_avg"]), block.of(self.arrays["exp_avg_sq"])
        fill(torch.lerp, m, g, m, self.working("beta1"))
        update(torch.Tensor.mul_, s, self.beta2)
        update(torch.Tensor.addcmul_, s, g, g, value=1.0 - self.beta2)
        size, scale = self._bias_corrected(block)
        root = run(torch.sqrt, s)
        update(torch.Tensor.div_, root, scale)
        update(torch.Tensor.add_, root, self.eps)
        update(torch.Tensor.addcmul_, p, fill(torch.div, root, m, root), size, value=-1.0)

    def decay(self, p: Array, g: Array) -> Array:
        """Return the gradient g of a block p, both (n,), with the weight decay in it."""
        return run(torch.add, g, p, alpha=self.weight_decay) if self.weight_decay else g

    def _bias_corrected(self, block: Block) -> tuple[Array, Array]:
        """Count the update; return lr / (1 - β1ᵗ) and sqrt(1 - β2ᵗ), arrays of one element."""
        t = self.count(block)
        # In float64: in float32, 1 - β2ᵗ would lose four digits at the first steps.
        first = run(torch.sub, self._one, run(torch.pow, self.numbers["beta1"], t))
        second = run(torch.sub, self._one, run(torch.pow, self.beta2, t))
        size = run(torch.div, self.numbers["lr"], first)
        return cast(size, self.flat), cast(run(torch.sqrt, second), self.flat)


class AdamW(Adam):
    """Adam with the weight decay apart from the gradient: p shrinks by lr · weight_decay a step.

    So the decay is not divided by the root (Loshchilov & Hutter 2019, "Decoupled weight decay
    regularization", algorithm 2). Arguments and errors as in `Adam`.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def decay(self, p: Array, g: Array) -> Array:
        """Shrink the parameters and return the gradient as it is."""
        if self.weight_decay:
            share = run(torch.mul, self.numbers["lr"], self.weight_decay)
            update(torch.Tensor.mul_, p, cast(run(torch.sub, self._one, share), p))
        return g
