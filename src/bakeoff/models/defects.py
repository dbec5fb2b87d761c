"""The defects of the paper's code that lie in its networks, each a switch.

A study turns one on by an option of a competitor, `options={"redrawn": True}`, so that what it
costs can be read from one comparison. The paper's other defects need no switch here: a digit loss
that is overwritten is a loss of weight 0; raw grey values and unequal step sizes are recipes.
"""

from __future__ import annotations

import torch
from attrs import fields, frozen

from bakeoff.autodiff import affine, kernels
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, nearest
from bakeoff.nn import Module
from bakeoff.nn.init import bias_of, default_


@frozen
class Defects:
    """Which of the paper's defects a network has; by default, none.

    Args:
        redrawn: the first layer of every "target" branch is drawn anew at each pass in training,
            see `RedrawnLinear`. It never learns, and the body trains through it on noise.
        one_digit_layer: one and the same layer reads the first digit and the second, from the
            joined features of both images. Its two outputs are equal, so at best half right.
        sigmoid_digits: the digit outputs are sigmoids, scored by `NLLLoss`, which expects the
            logarithms of probabilities: the loss of a sample is then -σ(logit of its digit). The
            other nine logits have no gradient, so nothing keeps them from growing too.
    """

    redrawn: bool = False
    one_digit_layer: bool = False
    sigmoid_digits: bool = False

    @classmethod
    def of(cls, **switches: bool) -> Defects:
        """Return the defects that are named."""
        names = [field.name for field in fields(cls)]
        for name in switches:
            if name not in names:
                raise ArgumentError(
                    f"there is no option {name!r}{nearest(name, names)}, expected shared, auxiliary"
                    f" or a defect, one of {', '.join(names)}"
                )
        return cls(**switches)

    def check(self, where: str, auxiliary: str) -> None:
        """Make sure that the outputs which the defects are of are there."""
        for name in (field.name for field in fields(type(self))):
            needed = "target" if name == "redrawn" else "digits"
            if getattr(self, name) and auxiliary != needed:
                raise ArgumentError(
                    f"{where}: got {name}=True with auxiliary={auxiliary!r}, expected"
                    f" auxiliary={needed!r}, whose outputs have that defect"
                )


NONE = Defects()


class RedrawnLinear(Module):
    """A fully connected layer whose weights are drawn anew at every pass in training.

    As `Linear`, y = W x + b, but W and b are no parameters: each pass draws them, uniform in
    ±1/sqrt(in_features), and forgets them. Gradients flow through to x alone. In evaluation it
    draws nothing and gives the expected value of y, which is 0, as the weights are symmetric.

    `Module.initialise` gives every layer a random stream of its own, by its name in the network.
    """

    _shown = ("in_features", "out_features")

    def __init__(self, in_features: int, out_features: int) -> None:
        self.in_features = in_features
        self.out_features = out_features
        self.streams: list[torch.Generator] = []

    def set_streams(self, generators: list[torch.Generator]) -> None:
        """Take the random streams, one a round."""
        self.streams = generators

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features, N) to (..., out_features, N)."""
        if self.training:
            weight, bias = self._draw(x.data)
            return affine(Tensor(weight), x, Tensor(bias))
        shape = (*x.shape[:-2], self.out_features, x.shape[-1])
        return Tensor(kernels.update(torch.Tensor.fill_, kernels.empty(shape, x.data), 0.0))

    def _draw(self, like: kernels.Array) -> tuple[kernels.Array, kernels.Array]:
        """Return W (..., out, in) and b (..., out); in lockstep, each round's by its own stream."""
        lead = () if self.rounds is None else (self.rounds,)
        weight = kernels.empty((*lead, self.out_features, self.in_features), like)
        bias = kernels.empty((*lead, self.out_features), like)
        for array, draw in (weight, default_), (bias, bias_of(self.in_features)):
            for part, generator in self.each_round(array):
                draw(part, generator)
        return weight, bias
