"""A network in training: a step on a batch, running means, predictions.

This is the seam between a study and what trains in it: the trainer knows data, order and epochs,
a learner knows a network, its losses and its optimiser.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import torch

from bakeoff.autodiff import Tensor, index_select, kernels, no_grad
from bakeoff.autodiff.call import replace_outputs
from bakeoff.autodiff.plan import Plan, capture
from bakeoff.errors import StudyError, nearest
from bakeoff.nn import CrossEntropyLoss, Module, MSELoss, batch_last, lockstep
from bakeoff.nn.module import all_ours
from bakeoff.optim import OPTIMISERS, SCHEDULES, LRScheduler, Optimizer
from bakeoff.study.checks import find
from bakeoff.training.averaging import WeightAverage
from bakeoff.training.recipe import RECIPE_SCHEDULES, Recipe
from bakeoff.training.scoring import (
    THRESHOLD,
    classes_or_numbers,
    is_regression,
    is_yes_or_no,
    r_squared,
    variances,
)

Labels = Mapping[str, torch.Tensor]
MAIN = "target"
SAID = "said."  # no output has a name that ends so
EVALUATION_BATCH = 100
HALF = torch.tensor(THRESHOLD)
ROW_MAJOR = torch.contiguous_format


def label_of(output: str) -> str:
    """Return which label an output is scored against: the part of its name before the dot."""
    return output.partition(".")[0]


class Learner:
    """Trains one of our own networks, or R of them in lockstep.

    Args:
        network: initialised; its forward returns logits or numbers by output name, `target` being
            the main output. Cross-entropy scores an output against classes, the mean squared error
            one against numbers, unless the network has `output_losses`, a loss by output name. One
            number against yes or no is taken for a number, 1 or 0, and says yes from `THRESHOLD`
            on. In lockstep, `network.rounds` is R; otherwise R is 1.
        inputs: (R·n, ...) float32, the training inputs, round after round.
        labels: by name, (R·n,) int64, classes; (R·n,) bool, yes or no; or (R·n, k) float32.
        recipe: optimiser, step size and so on.
        loss_weights: the weight of each output's loss in the sum that is minimised. An output
            that is not named weighs 0, except the main output, which then weighs 1.
        plan: capture each kind of step once and replay it; the results are the same to the bit. A
            network with a user's own layer or loss runs on the tape all the same.

    Raises:
        StudyError: for an unknown optimiser, a loss weight of an output that is not there, or
            classes that an output does not have.
    """

    def __init__(
        self,
        network: Module,
        inputs: torch.Tensor,
        labels: Labels,
        recipe: Recipe,
        loss_weights: Mapping[str, float],
        *,
        plan: bool = True,
    ) -> None:
        self.network = network
        self.rounds = network.rounds or 1
        # Copies of its own, as `renew` overwrites them; of features batch-last, to be picked so.
        self._turned = inputs.ndim == 2
        self.inputs = Tensor((inputs.T if self._turned else inputs).clone(memory_format=ROW_MAJOR))
        self.examples = len(inputs) // self.rounds
        self.labels = {name: Tensor(classes_or_numbers(y).clone()) for name, y in labels.items()}
        self.weights = {MAIN: 1.0} | dict(loss_weights)
        self.recipe = recipe
        self.optimizer = make_optimizer(network, recipe)
        self._fresh = self.optimizer.state_dict()
        self.schedule = self._schedule()
        self.average = WeightAverage(network)
        self.plan = plan
        self._steps: dict[tuple[str, torch.Size], Callable[..., Any]] = {}
        self.losses: dict[str, torch.Tensor] = {}
        self.scored: dict[str, Module] = {}
        self._classes: dict[str, int] = {}
        self._single: set[str] = set()  # the outputs that say yes or no by one number
        self.regression = is_regression(labels[MAIN])
        self.variances = self._variances()
        self.samples = 0
        self._find_outputs(inputs[:1], {name for name, y in labels.items() if is_yes_or_no(y)})
        counted = torch.int64 if MAIN not in self._single else torch.float64
        self.correct = torch.zeros(self.rounds, dtype=counted)
        self.plan = self.plan and all_ours(network, *self.scored.values())

    def _schedule(self) -> LRScheduler | None:
        steps = math.ceil(self.examples / self.recipe.batch_size)
        return make_schedule(self.optimizer, self.recipe, self.recipe.epochs * steps)

    def _variances(self) -> list[float]:
        if not self.regression:
            return []
        targets = self.labels[MAIN].data
        return variances(targets.view(self.rounds, -1, targets.shape[1]))

    def restart(self, seed: int, round_: int, inputs: torch.Tensor, labels: Labels) -> None:
        """Begin other rounds, as many, with the plans that are captured: to the bits of a new one.

        Whatever a plan reads is written where it lies.

        Args:
            seed: the study's seed.
            round_: the first round.
            inputs: as at first.
            labels: as at first.

        Raises:
            StudyError: for classes that an output does not have.
        """
        streams = dict(self.network.named_streams())
        layers = [(module, list(module.streams)) for _, module in self.network.named_modules()]
        self.network.initialise(seed, round_)
        for name, fresh in self.network.named_streams():
            streams[name].set_state(fresh.get_state())
        for module, before in layers:
            module.set_streams(before)
        self.network.train()
        self.renew(inputs, labels)
        for name in self.losses:
            check_classes(name, self._classes[name], self.labels[label_of(name)].data)
        self.optimizer.load_state_dict(self._fresh)
        self.schedule = self._schedule()
        self.average = WeightAverage(self.network)
        self.variances = self._variances()
        self._forget_epoch()

    def _find_outputs(self, sample: torch.Tensor, yes_or_no: set[str]) -> None:
        """Run one sample forward, to know the outputs before any training."""
        with no_grad(), batch_last():
            self.network.eval()
            outputs = self.network(self._turn(Tensor(sample.repeat_interleave(self.rounds, 0))))
            self.network.train()
        check_weights(self.weights, list(outputs))
        for name in [name for name in outputs if self.weights.get(name, 0.0) > 0]:
            target = self.labels[label_of(name)].data
            self._classes[name] = outputs[name].shape[-2]
            if self._classes[name] == 1 and label_of(name) in yes_or_no:
                self._classes[name] = 2
                self._single.add(name)
            check_classes(name, self._classes[name], target)
            self.losses[name] = torch.zeros(self.rounds, dtype=torch.float64)
            self.scored[name] = self._loss_of(name, target)
        for label in yes_or_no:
            if {name for name in self.losses if label_of(name) == label} <= self._single:
                self.labels[label] = Tensor(self.labels[label].data.float())  # no step casts it

    def _loss_of(self, name: str, target: torch.Tensor) -> Module:
        own: Mapping[str, Module] = getattr(self.network, "output_losses", {})
        if name in own:
            return own[name]
        numbers = is_regression(target) or name in self._single
        usual = MSELoss() if numbers else CrossEntropyLoss()
        return usual if self.network.rounds is None else lockstep(usual, self.rounds)

    def _turn(self, x: Tensor) -> Tensor:
        """(R·N, ...) to batch-last: (..., N), with the rounds in front in lockstep."""
        if self.network.rounds is not None:
            x = x.reshape(self.rounds, x.shape[0] // self.rounds, *x.shape[1:])
            return x.movedim(1, -1).contiguous() if x.ndim > 2 else x
        return x.movedim(0, -1).contiguous() if x.ndim > 1 else x

    def _picked(self, rows: Tensor) -> Tensor:
        """Return the inputs in these places, batch-last."""
        if not self._turned:
            return self._turn(index_select(self.inputs, 0, rows))
        x = index_select(self.inputs, 1, rows)
        if self.network.rounds is None:
            return x
        return x.reshape(x.shape[0], self.rounds, -1).movedim(0, 1).contiguous()

    # ---- training ---------------------------------------------------------------------------

    def prepare(self, batch_sizes: set[int]) -> None:
        """Capture the plans that batches of these sizes will need, so that no step waits."""
        for n in filter(None, batch_sizes):
            self._trained(torch.zeros(self.rounds * n, dtype=torch.int64))

    def step(self, rows: torch.Tensor) -> None:
        """Train on one batch: `rows` (R·N,) int64 are the places of the samples in `inputs`."""
        n = len(rows) // self.rounds
        self._count(replace_outputs(self._trained(rows)(rows), lambda x: x[None]), rows[None], n)
        if self.schedule is not None:
            self.schedule.step()

    def steps(self, batches: Sequence[torch.Tensor]) -> None:
        """Train on one batch after another; those of one size that follow each other at once."""
        for size, equal in groupby(batches, len):
            rows = torch.stack(list(equal))
            k, train = len(rows), self._trained(rows[0])
            if not isinstance(train, Plan):
                for row in rows:
                    self.step(row)
                continue
            self._count(train.scan(rows, numbers=self._numbers(k)), rows, size // self.rounds)
            if self.schedule is not None:
                self.schedule.last_epoch += k - 1
                self.schedule.step()

    def _numbers(self, k: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return where the optimiser keeps what the schedule moves, and all of it for k steps."""
        if self.schedule is None:
            return []
        t, optimizer = self.schedule.last_epoch, self.optimizer
        told = [self.schedule.numbers_at(t + i) for i in range(k)]
        return [
            (array, torch.tensor([numbers[name] for numbers in told], dtype=array.dtype))
            for name in told[0]
            for array in (optimizer.numbers[name], optimizer.working(name))
        ]

    def _trained(self, rows: torch.Tensor) -> Callable[..., Any]:
        return self._made("train", self._train_step, rows)

    def forget_plans(self) -> None:
        """Let go of all captured steps, where batches of other sizes come."""
        self._steps.clear()

    def renew(self, inputs: torch.Tensor, labels: Labels) -> None:
        """Replace the training inputs and labels by others of the same shapes."""
        # Where a captured step reads them.
        self.inputs.data.copy_(inputs.T if self._turned else inputs)
        for name, y in self.labels.items():
            y.data.copy_(labels[name])

    def _train_step(self, rows: Tensor) -> dict[str, Tensor]:
        """Return each output's loss by its name, and as `SAID` what the main output said."""
        self.optimizer.zero_grad()
        labels = {k: self._turn(index_select(y, 0, rows)) for k, y in self.labels.items()}
        found = {}
        with batch_last():
            outputs = self.network(self._picked(rows))
            total = None
            for name in self.losses:
                wanted = labels[label_of(name)]
                if name in self._single:
                    wanted = wanted.to(torch.float32).unsqueeze(-2)
                loss = self.scored[name](outputs[name], wanted)
                found[name] = loss.detach()
                weight = self.weights[name]
                part = loss if weight == 1.0 else loss * weight
                total = part if total is None else total + part
        if total is not None:
            # Rounds do not meet: the sum over them gives each its own gradient.
            total.sum().backward()
            self.optimizer.step()
        if not self.regression:  # R² follows from the loss
            found[SAID] = outputs[MAIN].detach()
        return found

    def _count(self, found: Mapping[str, Tensor], rows: torch.Tensor, n: int) -> None:
        """Add to the epoch's sums what k steps on batches (k, R·n) found."""
        for name, sums in self.losses.items():
            # One after the other, whether k steps are counted at once or one by one.
            each = (found[name].data * float(n)).view(-1, self.rounds).double()
            sums.copy_(torch.cat([sums[None], each]).cumsum(0)[-1])
        if not self.regression:
            guesses = self._guessed(found[SAID])
            truth = self.labels[MAIN].data[rows].view(guesses.shape)
            self.correct += (guesses == truth).sum(-1).view(-1, self.rounds).sum(0)
        self.samples += n * len(rows)

    def _guessed(self, output: Tensor) -> torch.Tensor:
        """Return the class that the main output takes each example for, (..., N)."""
        if MAIN not in self._single:
            return output.argmax(-2).data
        number = output[..., 0, :].data
        return kernels.fill(torch.ge, kernels.empty(number.shape, number), number, HALF)

    def _made(self, kind: str, step: Callable[..., Any], x: torch.Tensor) -> Callable[..., Any]:
        """Return the step as a plan for inputs of this shape, captured when first needed."""
        if not self.plan:
            return lambda x: step(Tensor(x))
        key = (kind, x.shape)
        if key not in self._steps:
            self._steps[key] = capture(step, x)
        return self._steps[key]

    def finish_epoch(self) -> list[tuple[float, float, dict[str, float]]]:
        """Return each round's means since the last call; see `Learning`."""
        means = []
        totals = {name: sums.tolist() for name, sums in self.losses.items()}
        for r, correct in enumerate(self.correct.tolist()):
            losses = {name: sums[r] / self.samples for name, sums in totals.items()}
            main = losses.pop(MAIN, math.nan)
            right = correct / self.samples
            score = r_squared(main, self.variances[r]) if self.regression else right
            means.append((main, score, losses))
        self._forget_epoch()
        return means

    def _forget_epoch(self) -> None:
        for sums in (*self.losses.values(), self.correct):
            sums.zero_()
        self.samples = 0

    # ---- prediction -------------------------------------------------------------------------

    def predict(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the answers to inputs (R, n, ...); see `Learning`."""
        # A network that looks at each image more than once may ask for smaller batches.
        batch = getattr(self.network, "evaluation_batch", EVALUATION_BATCH)
        self.network.eval()
        parts = [
            self._in_order(self._made("predict", self._predict_step, rows)(rows).data.clone())
            for part in inputs.split(batch, dim=1)  # type: ignore[no-untyped-call]
            for rows in (part.flatten(0, 1),)
        ]
        self.network.train()
        return torch.cat(parts, 1)

    def _predict_step(self, x: Tensor) -> Tensor:
        with no_grad(), batch_last():
            outputs: Mapping[str, Tensor] = self.network(self._turn(x))
            return outputs[MAIN] if self.regression else Tensor(self._guessed(outputs[MAIN]))

    def _in_order(self, said: torch.Tensor) -> torch.Tensor:
        """Turn answers that are batch-last: classes to (R, N), numbers to (R, N, k)."""
        if not self.regression:
            return said.view(self.rounds, -1).long()
        return said.movedim(-1, -2).reshape(self.rounds, -1, said.shape[-2])


def check_classes(name: str, classes: int, target: torch.Tensor) -> None:
    """Raise unless an output has a row for every class that it is scored against.

    Args:
        name: the output's.
        classes: how many it has.
        target: (n,) int64; numbers, (n, k) floating point, pass.

    Raises:
        StudyError: with the class that is too much.
    """
    if not is_regression(target) and int(target.max()) >= classes:
        raise StudyError(
            f"output {name!r}: has {classes} classes, expected at least {int(target.max()) + 1}, as"
            " the targets of this round have; give the network more outputs"
        )


def check_weights(weights: Mapping[str, float], outputs: list[str], where: str = "") -> None:
    """Raise unless every loss weight is of an output that is there.

    Args:
        weights: by output.
        outputs: those of the network.
        where: what an error begins with.

    Raises:
        StudyError: with the nearest output.
    """
    for name in weights:
        if name not in outputs:
            raise StudyError(
                f"{where}loss weight of {name!r}: the network gives {', '.join(outputs)}"
                f"{nearest(name, outputs)}"
            )


def make_optimizer(network: Module, recipe: Recipe) -> Optimizer:
    """Return the recipe's optimiser over the network's parameters.

    Raises:
        StudyError: for an optimiser that `bakeoff.optim` does not have.
    """
    make = find("optimiser", recipe.optimiser, OPTIMISERS, "recipe: ")
    return make(network.parameters(), **recipe.optimiser_arguments(make))


def make_schedule(optimizer: Optimizer, recipe: Recipe, steps: int) -> LRScheduler | None:
    """Return the recipe's schedule over so many steps, or None for a constant rate.

    Raises:
        StudyError: for a schedule that the trainer cannot make.
    """
    if recipe.schedule is None:
        return None
    find("schedule", recipe.schedule, RECIPE_SCHEDULES, "recipe: ")
    # Plain SGD has a momentum to set, but 0 means that it keeps none.
    moving = optimizer.cycled is not None and getattr(optimizer, optimizer.cycled) > 0
    return SCHEDULES[recipe.schedule](optimizer, **recipe.schedule_arguments(steps, moving=moving))
