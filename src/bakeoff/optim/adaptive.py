"""Steps divided by the size of earlier gradients: Adagrad, RMSprop, Adam and AdamW."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff.kernels import Array, cast, fill, run, update
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import keep_default
from bakeoff.optim.optimizer import Block, Counting, Fixed, Number
from bakeoff.optim.sgd import WithMomentum


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
        super().__init__(params, lr, weight_decay)
        self.lr_decay = lr_decay
        self.initial_accumulator_value = initial_accumulator_value
        self.eps = eps
        self.add_array("sum")
        self.arrays["sum"].fill_(initial_accumulator_value)

    def update(self, g: Array, block: Block) -> None:
        """See the formula above."""
        p = block.of(self.flat)
        g = self.decayed(g, p)
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
        super().__init__(params, lr, weight_decay, momentum)
        self.alpha = alpha
        self.eps = eps
        self.centered = centered
        self.add_array("square_avg")
        if centered:
            self.add_array("grad_avg")

    def update(self, g: Array, block: Block) -> None:
        """See the formula above."""
        p = block.of(self.flat)
        g = self.decayed(g, p)
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
        super().__init__(params, lr, weight_decay)
        keep_default(self, amsgrad=(amsgrad, False))
        self.beta1, self.beta2 = betas
        self.eps = eps
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
        g = self.decayed(g, p)
        m, s = block.of(self.arrays["exp_avg"]), block.of(self.arrays["exp_avg_sq"])
        fill(torch.lerp, m, g, m, self.working("beta1"))
        update(torch.Tensor.mul_, s, self.beta2)
        update(torch.Tensor.addcmul_, s, g, g, value=1.0 - self.beta2)
        size, scale = self._bias_corrected(block)
        root = run(torch.sqrt, s)
        update(torch.Tensor.div_, root, scale)
        update(torch.Tensor.add_, root, self.eps)
        update(torch.Tensor.addcmul_, p, fill(torch.div, root, m, root), size, value=-1.0)

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

    def decayed(self, g: Array, p: Array) -> Array:
        """Shrink the parameters p, (n,), and return the gradient g, (n,), as it is."""
        if self.weight_decay:
            share = run(torch.mul, self.numbers["lr"], self.weight_decay)
            update(torch.Tensor.mul_, p, cast(run(torch.sub, self._one, share), p))
        return g
