"""One network in training: a step on a batch, running means, predictions.

This is the seam between a study and what trains in it: the trainer knows data, order and epochs,
a learner knows a network, its losses and its optimiser.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping

import torch

from bakeoff import optim
from bakeoff.autodiff import Tensor, no_grad
from bakeoff.errors import StudyError, nearest
from bakeoff.nn import CrossEntropyLoss, Module, batch_last
from bakeoff.optim import Optimizer
from bakeoff.study.spec import Recipe

Labels = Mapping[str, torch.Tensor]
MAIN = "target"


def label_of(output: str) -> str:
    """Return which label an output is scored against: the part of its name before the dot."""
    return output.partition(".")[0]


class Learner:
    """Trains one of our own networks, step by step.

    Args:
        network: initialised; its forward returns logits by output name, `target` being the main
            output.
        recipe: optimiser, step size and so on.
        loss_weights: the weight of each output's loss in the sum that is minimised. An output
            that is not named weighs 0, except the main output, which then weighs 1.
    """

    def __init__(self, network: Module, recipe: Recipe, loss_weights: Mapping[str, float]) -> None:
        self.network = network
        self.weights = {MAIN: 1.0} | dict(loss_weights)
        self.optimizer = make_optimizer(network, recipe)
        self.loss = CrossEntropyLoss()
        self._reset()

    def _reset(self) -> None:
        self.samples = 0
        self.correct = torch.zeros((), dtype=torch.int64)
        self.losses: dict[str, torch.Tensor] = {}

    def step(self, x: torch.Tensor, labels: Labels) -> None:
        """Train on one batch: x (N, ...), labels (N,) int64 by name.

        Raises:
            StudyError: if a loss weight names an output that the network does not give.
        """
        n = x.shape[0]
        self.network.zero_grad()
        with batch_last():
            outputs = self.network(Tensor(x.movedim(0, -1).contiguous()))
            self._check_outputs(outputs)
            total = None
            for name in [n for n in outputs if self.weights.get(n, 0.0) > 0]:
                loss = self.loss(outputs[name], Tensor(labels[label_of(name)]))
                self.losses[name] = self.losses.get(name, 0.0) + loss.data.double() * n
                weight = self.weights[name]
                part = loss if weight == 1.0 else loss * weight
                total = part if total is None else total + part
        if total is not None:
            total.backward()
        self.optimizer.step()
        self.samples += n
        self.correct += (outputs[MAIN].data.argmax(-2) == labels[MAIN]).sum()

    def _check_outputs(self, outputs: Mapping[str, Tensor]) -> None:
        for name in self.weights:
            if name not in outputs:
                raise StudyError(
                    f"loss weight of {name!r}: the network gives {', '.join(outputs)}"
                    f"{nearest(name, list(outputs))}"
                )

    def finish_epoch(self) -> tuple[float, float, dict[str, float]]:
        """Return the running means since the last call: main loss, accuracy, auxiliary losses."""
        means = {name: float(total) / self.samples for name, total in self.losses.items()}
        accuracy = int(self.correct) / self.samples
        main = means.pop(MAIN, math.nan)
        self._reset()
        return main, accuracy, means

    def predict(self, x: torch.Tensor, batch_size: int = 100) -> torch.Tensor:
        """Return the class (N,) int64 that the main output gives each of x (N, ...)."""
        self.network.eval()
        with no_grad(), batch_last():
            parts = [
                self.network(Tensor(part.movedim(0, -1).contiguous()))[MAIN].data.argmax(-2)
                for part in x.split(batch_size)  # type: ignore[no-untyped-call]
            ]
        self.network.train()
        return torch.cat(parts)


def make_optimizer(network: Module, recipe: Recipe) -> Optimizer:
    """Return the recipe's optimiser over the network's parameters.

    Raises:
        StudyError: for an optimiser that `bakeoff.optim` does not have.
    """
    known = [n for n in optim.__all__ if n != "Optimizer"]
    if recipe.optimiser not in known:
        raise StudyError(
            f"recipe: got optimiser {recipe.optimiser!r}, expected one of {', '.join(known)}"
            f"{nearest(recipe.optimiser, known)}"
        )
    make = getattr(optim, recipe.optimiser)
    wanted = {"momentum": recipe.momentum, "weight_decay": recipe.weight_decay}
    accepted = inspect.signature(make).parameters
    made: Optimizer = make(
        network.parameters(), lr=recipe.lr, **{k: v for k, v in wanted.items() if k in accepted}
    )
    return made
