"""Networks on pairs of images: bodies, shared or not, a head, and auxiliary outputs.

Every network on pairs takes images (N, 2, H, W) and gives outputs by name. An output called
`target` or `target.*` answers which digit is larger; `first` and `second` read the two digits. The
name before the dot says which label an output is scored against; `target` is the main output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from bakeoff.autodiff import stack
from bakeoff.autodiff.tensor import Tensor
from bakeoff.checks import check_choice
from bakeoff.models.defects import NONE, Defects, RedrawnLinear
from bakeoff.nn import Linear, Module, NLLLoss

Stages = dict[str, Tensor]
Auxiliary = Literal["none", "target", "digits", "digits-per-image"]


class Body(Module):
    """Extracts features from images (..., 1, H, W, N), kept by name at each stage."""

    def forward(self, images: Tensor) -> Stages:
        """Return the feature maps (..., C, H, W, N) after each stage, the last one last."""
        raise NotImplementedError


class PairBody(Module):
    """Runs both images of each pair through a body: their own two, or a shared one."""

    def __init__(self, make: Callable[[], Body], shared: bool) -> None:
        self.first = make()
        self.second = None if shared else make()

    def forward(self, pairs: Tensor) -> Stages:
        """From pairs (..., 2, H, W, N), return the features (..., 2, F, N) after each stage."""
        n = pairs.shape[-1]
        if self.second is None:
            # One body sees both images as one batch of twice the size: wider matrix products.
            stages = self.first(side_by_side(pairs))
            return {name: _apart(x, n) for name, x in stages.items()}
        first = self.first(pairs[..., 0:1, :, :, :])
        second = self.second(pairs[..., 1:2, :, :, :])
        return {name: stack([_rows(first[name]), _rows(second[name])], dim=-3) for name in first}


def side_by_side(pairs: Tensor) -> Tensor:
    """Return pairs (..., 2, H, W, N) as images (..., 1, H, W, 2·N), the second ones last."""
    *lead, _, height, width, n = pairs.shape
    return pairs.movedim(-4, -2).reshape(*lead, 1, height, width, 2 * n)


def _rows(x: Tensor) -> Tensor:
    """(..., C, H, W, N) to (..., C·H·W, N)."""
    return x.flatten(x.ndim - 4, -2)


def _apart(x: Tensor, n: int) -> Tensor:
    """(..., C, H, W, 2·n), the second images after the first, to (..., 2, C·H·W, n)."""
    rows = _rows(x)
    return rows.reshape(*rows.shape[:-1], 2, n).movedim(-2, -3)


def join(features: Tensor) -> Tensor:
    """Return the features (..., 2, F, N) of both images of each pair as one vector (..., 2F, N)."""
    return features.flatten(features.ndim - 3, -2)


class PairNetwork(Module):
    """Which of two digits is larger: a body for the images, a head for their joined features.

    Args:
        make_body: makes a body; its last stage gives F features an image.
        shared: one body for both images, or one for each.
        sizes: (2F, hidden1, hidden2), the lengths along the head 2F → hidden1 → hidden2 → 2.
        auxiliary: outputs trained along with the main one:
            "none";
            "target": for each of `branches` a further answer to the same question, from the joined
            features after that stage by a hidden layer of its own, then through the main
            hidden1 → hidden2 → 2;
            "digits": the two digits, by layers of their own (hidden2 → 10) on the joined features
            just before the last layer (the paper's model 5);
            "digits-per-image": the two digits, each read from its own image's features (F → 10),
            by one layer if the body is shared and by one for each image if not.
        branches: where the "target" branches leave: stage's name to its joined features' length.
        defects: which defects of the paper's code the network has.

    Shape:
        (N, 2, H, W) to {"target": (N, 2)} and, by `auxiliary`, {"target.STAGE": (N, 2), ...} or
        {"first": (N, 10), "second": (N, 10)}.

    Attributes:
        output_losses: the loss of each output that is not scored by cross-entropy.

    Raises:
        ArgumentError: for another `auxiliary`, or a defect of outputs that are not there.
    """

    def __init__(
        self,
        make_body: Callable[[], Body],
        shared: bool,
        sizes: tuple[int, int, int],
        auxiliary: Auxiliary,
        branches: Mapping[str, int],
        defects: Defects = NONE,
    ) -> None:
        check_choice(type(self).__name__, "auxiliary", auxiliary, get_args(Auxiliary))
        defects.check(type(self).__name__, auxiliary)
        features, hidden1, hidden2 = sizes
        self.body = PairBody(make_body, shared)
        self.hidden1 = Linear(features, hidden1)
        self.hidden2 = Linear(hidden1, hidden2)
        self.output = Linear(hidden2, 2)
        self.auxiliary = auxiliary
        self.defects = defects
        self.branches = tuple(branches) if auxiliary == "target" else ()
        first_layer = RedrawnLinear if defects.redrawn else Linear
        self.branch_hidden1 = [first_layer(branches[stage], hidden1) for stage in self.branches]
        if auxiliary == "digits":
            self.first_digit = Linear(hidden2, 10)
            self.second_digit = self.first_digit if defects.one_digit_layer else Linear(hidden2, 10)
        elif auxiliary == "digits-per-image":
            self.first_digit = Linear(features // 2, 10)
            self.second_digit = self.first_digit if shared else Linear(features // 2, 10)
        digits = ("first", "second") if defects.sigmoid_digits else ()
        self.output_losses = {name: NLLLoss() for name in digits}

    def forward(self, pairs: Tensor) -> dict[str, Tensor]:
        """Pairs (..., 2, H, W, N) to logits by name, (..., 2, N) and (..., 10, N)."""
        stages = self.body(pairs)
        features = stages[list(stages)[-1]]
        hidden = self._hidden(self.hidden1, join(features))
        outputs = {"target": self.output(hidden)}
        for stage, hidden1 in zip(self.branches, self.branch_hidden1, strict=True):
            branch = self._hidden(hidden1, join(stages[stage]))
            outputs[f"target.{stage}"] = self.output(branch)
        if self.auxiliary == "digits":
            outputs |= {"first": self.first_digit(hidden), "second": self.second_digit(hidden)}
        elif self.auxiliary == "digits-per-image":
            outputs["first"] = self.first_digit(features[..., 0, :, :])
            outputs["second"] = self.second_digit(features[..., 1, :, :])
        return outputs | {name: outputs[name].sigmoid() for name in self.output_losses}

    def _hidden(self, hidden1: Module, features: Tensor) -> Tensor:
        """Joined features to the values just before the last layer."""
        last: Tensor = self.hidden2(hidden1(features).relu()).relu()
        return last
