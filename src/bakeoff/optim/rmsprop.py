"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff.kernels import Array, fill, run, update
from bakeoff.autodiff.tensor import Tensor
from bakeoff.optim.optimizer import Block, Fixed
from bakeoff.optim.sgd import WithMomentum


class RMSprop(WithMomentum):
    """Steps divided by the root of the gradient's running mean square (Tieleman & Hinton 2012).

        s <- alpha · s + (1 - alpha) · g²,    p <- p - lr · g / (sqrt(s) + eps)

    With `centered`, the square of the running mean of g is taken from s under the root, which
    leaves a variance (Graves 2013, "Generating sequences with recurrent neural networks", equation
    40). With momentum, v <- momentum · v + g / (...) takes the place of the quotient.

    Args:
        params: the tensors to train.
        lr: the step size, at least 0.
        alpha: share of the running means that is kept, in [0, 1).
        eps: added to the root, at least 0.
        weight_decay: weight_decay · p is added to g, at least 0.
        momentum: share of the last step that is kept, in [0, 1).
        centered: see above.

    Raises:
        ArgumentError: for a value out of range.
    """

    alpha = Fixed(below=1.0)
    eps = Fixed()
    weight_decay = Fixed()
    centered = Fixed()

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(params, lr, momentum)
        self.alpha = alpha
        self.eps = eps
        self.weight_decay = weight_decay
        self.centered = centered
        self.add_array("square_avg")
        if centered:
            self.add_array("grad_avg")

    def update(self, g: Array, block: Block) -> None:
        """See the formula above."""
        p = block.of(self.flat)
        if self.weight_decay:
            g = run(torch.add, g, p, alpha=self.weight_decay)
        s = block.of(self.arrays["square_avg"])
        update(torch.Tensor.mul_, s, self.alpha)
        update(torch.Tensor.addcmul_, s, g, g, value=1.0 - self.alpha)
        if self.centered:
            mean = block.of(self.arrays["grad_avg"])
            update(torch.Tensor.lerp_, mean, g, 1.0 - self.alpha)
            root = run(torch.addcmul, s, mean, mean, value=-1.0)
            update(torch.Tensor.sqrt_, root)
        else:
            root = run(torch.sqrt, s)
        update(torch.Tensor.add_, root, self.eps)
        v = self.with_momentum(fill(torch.div, root, g, root), block)
        update(torch.Tensor.addcmul_, p, v, self.working("lr"), value=-1.0)
