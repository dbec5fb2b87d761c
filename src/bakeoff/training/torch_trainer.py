"""Train one competitor for one group of rounds with PyTorch's layers, autograd and optimisers.

The data, the starting weights and the order of the batches are those of `trainer`, so that the two
can be held against each other: they differ in the order in which numbers are added up, no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch

from bakeoff import rng
from bakeoff.errors import StudyError
from bakeoff.interop.to_torch import to_torch
from bakeoff.nn import Module, NLLLoss
from bakeoff.study.checks import find
from bakeoff.study.record import Record, Records
from bakeoff.study.user_code import is_own
from bakeoff.training.averaging import WeightAverage
from bakeoff.training.learner import (
    EVALUATION_BATCH,
    MAIN,
    Labels,
    check_classes,
    check_weights,
    label_of,
)
from bakeoff.training.recipe import RECIPE_SCHEDULES, Recipe
from bakeoff.training.round_data import round_data
from bakeoff.training.scoring import (
    THRESHOLD,
    classes_or_numbers,
    is_regression,
    is_yes_or_no,
    r_squared,
    variances,
)
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import fresh_pairs, make_network, record_of, train
from bakeoff.training.user_code.network import by_name, make_own

OPTIMISERS: dict[str, type[torch.optim.Optimizer]] = {
    kind.__name__: kind
    for kind in (
        torch.optim.SGD,
        torch.optim.Adagrad,
        torch.optim.Adam,
        torch.optim.AdamW,
        torch.optim.RMSprop,
    )
}


def train_group(
    study: NetworkStudy, competitor: NetworkCompetitor, group: int, data_dir: str | None = None
) -> Records:
    """Train `competitor` on every round of a group, one after the other; arguments as ours.

    Raises:
        StudyError: for an unknown network or optimiser, or loss weights that do not fit.
        InteropError: for a network with a layer that PyTorch has no counterpart of.
        DataError: for faulty data files.
    """
    rounds = competitor.recipe.rounds_of(group)
    return tuple(train_round(study, competitor, r, data_dir)[1] for r in rounds)


def train_round(
    study: NetworkStudy, competitor: NetworkCompetitor, round_: int, data_dir: str | None = None
) -> tuple[torch.nn.Module, Record]:
    """Train `competitor` on one round; return the network too. Errors as of `train_group`."""
    recipe = competitor.recipe
    data = round_data(study, round_, recipe.standardise, data_dir)
    network, losses = started(competitor, study.seed, round_, data.train_input[:1])
    fresh = None
    if not recipe.augmentation.idle:
        fresh = [fresh_pairs(data, recipe, study.seed, round_)]
    # PyTorch's dropout draws from the global generator, which is given back as it was.
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.default_generator.manual_seed(rng.stream_seed(study.seed, round_, "dropout"))
        learner = TorchLearner(
            network,
            data.train_input,
            data.train_labels,
            recipe,
            dict(competitor.loss_weights),
            losses,
        )
        order = rng.generator(study.seed, round_, "order")
        (curves,), predictions, seconds = train(learner, [data], [order], recipe, fresh)
    return network, record_of(
        study,
        competitor,
        round_,
        curves,
        predictions[0],
        parameters=sum(p.numel() for p in network.parameters()),
        seconds=seconds,
        state=network.state_dict(),
    )


def started(
    competitor: NetworkCompetitor, seed: int, round_: int, example: torch.Tensor
) -> tuple[torch.nn.Module, dict[str, torch.nn.Module]]:
    """Return a competitor's network as it starts a round, and the losses of some outputs.

    Raises:
        InteropError: for a network of ours with a layer that PyTorch has no counterpart of.
    """
    if not is_own(competitor.network):
        network: Module | torch.nn.Module = make_network(competitor)
    else:
        network = make_own(competitor, seed, round_)
    if isinstance(network, torch.nn.Module):
        return network.train(), {}
    network.initialise(seed, round_)
    return to_torch(network, example), output_losses(network)


def output_losses(network: Module) -> dict[str, torch.nn.Module]:
    """Return PyTorch's losses for the outputs that are not scored by cross-entropy.

    Raises:
        StudyError: for a loss other than NLLLoss.
    """
    found: dict[str, torch.nn.Module] = {}
    for name, loss in getattr(network, "output_losses", {}).items():
        if type(loss) is not NLLLoss:
            raise StudyError(
                f"output {name!r}: is scored by {type(loss).__name__}, expected NLLLoss or"
                " cross-entropy, which --trainer torch can do"
            )
        found[name] = torch.nn.NLLLoss()
    return found


class TorchLearner:
    """Trains one torch.nn.Module, as `Learner` trains a network of ours.

    Args:
        network: its forward returns logits or numbers by output name, `target` being the main
            output.
        inputs: (n, ...) float32, the training inputs.
        labels: by name, (n,) int64 or bool, or (n, k) float32.
        recipe: optimiser, step size and so on.
        loss_weights: as of `Learner`.
        output_losses: the loss of each output that is not scored by cross-entropy or squared error.

    Raises:
        StudyError: for an unknown optimiser, or a loss weight of an output that is not there.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        inputs: torch.Tensor,
        labels: Labels,
        recipe: Recipe,
        loss_weights: Mapping[str, float],
        output_losses: Mapping[str, torch.nn.Module],
    ) -> None:
        self.network = network
        self.renew(inputs, labels)
        self.weights = {MAIN: 1.0} | dict(loss_weights)
        self.optimizer = make_optimizer(network, recipe)
        steps = recipe.epochs * math.ceil(len(inputs) / recipe.batch_size)
        self.schedule = make_schedule(self.optimizer, recipe, steps)
        self.average = WeightAverage(cast(Any, network))  # it finds weights by the same names
        self.samples = self.correct = 0
        self.regression = is_regression(labels[MAIN])
        self.variance = variances(labels[MAIN][None])[0] if self.regression else 0.0
        network.eval()
        with torch.no_grad():
            outputs = by_name(network(inputs[:1]))
        network.train()
        check_weights(self.weights, list(outputs))
        self.losses = {name: 0.0 for name in outputs if self.weights.get(name, 0.0) > 0}
        self.scored: dict[str, torch.nn.Module] = {}
        self.single: set[str] = set()
        for name in self.losses:
            target = labels[label_of(name)]
            single = is_yes_or_no(target) and outputs[name].shape[1] == 1
            check_classes(name, 2 if single else outputs[name].shape[1], target)
            numbers = is_regression(target) or single
            usual = torch.nn.MSELoss if numbers else torch.nn.CrossEntropyLoss
            self.scored[name] = output_losses.get(name, usual())
            self.single |= {name} if single else set()

    def prepare(self, batch_sizes: set[int]) -> None:
        """PyTorch needs no preparation."""

    def steps(self, batches: Sequence[torch.Tensor]) -> None:
        """Train on one batch after another; see `step`."""
        for rows in batches:
            self.step(rows)

    def step(self, rows: torch.Tensor) -> None:
        """Train on one batch: `rows` (N,) int64 are the places of the samples in the inputs."""
        self.optimizer.zero_grad()
        outputs = by_name(self.network(self.inputs[rows]))
        total = None
        for name in self.losses:
            wanted = self.labels[label_of(name)][rows]
            wanted = wanted.float().unsqueeze(1) if name in self.single else wanted
            loss = self.scored[name](outputs[name], wanted)
            self.losses[name] += float(loss.detach()) * len(rows)
            part = self.weights[name] * loss
            total = part if total is None else total + part
        if total is not None:
            total.backward()
            self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        if not self.regression:
            self.correct += int((self._answers(outputs[MAIN]) == self.labels[MAIN][rows]).sum())
        self.samples += len(rows)

    def renew(self, inputs: torch.Tensor, labels: Labels) -> None:
        """Replace the training inputs and labels by others."""
        self.inputs = inputs
        self.labels = {name: classes_or_numbers(label) for name, label in labels.items()}

    def finish_epoch(self) -> list[tuple[float, float, dict[str, float]]]:
        """Return the means since the last call: main loss, accuracy or R², auxiliary losses."""
        losses = {name: total / self.samples for name, total in self.losses.items()}
        main = losses.pop(MAIN, math.nan)
        right = self.correct / self.samples
        score = r_squared(main, self.variance) if self.regression else right
        means = [(main, score, losses)]
        self.losses = dict.fromkeys(self.losses, 0.0)
        self.samples = self.correct = 0
        return means

    def predict(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the answers (1, n) or (1, n, k) to inputs (1, n, ...), as of `Learning`."""
        self.network.eval()
        with torch.no_grad():
            parts = [
                self._answers(by_name(self.network(part))[MAIN])
                for part in inputs[0].split(EVALUATION_BATCH)  # type: ignore[no-untyped-call]
            ]
        self.network.train()
        return torch.cat(parts)[None]

    def _answers(self, said: torch.Tensor) -> torch.Tensor:
        if self.regression:
            return said
        return (said[:, 0] >= THRESHOLD).long() if MAIN in self.single else said.argmax(1)


def make_optimizer(network: torch.nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return PyTorch's optimiser of the recipe's name over the network's parameters.

    Raises:
        StudyError: for an optimiser that the two do not share.
    """
    kind = find("optimiser", recipe.optimiser, OPTIMISERS, "recipe: ")
    return kind(network.parameters(), **recipe.optimiser_arguments(kind))


def make_schedule(
    optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int
) -> torch.optim.lr_scheduler.LRScheduler | None:
    """Return PyTorch's schedule of the recipe's name, or None for a constant rate.

    Raises:
        StudyError: for a schedule that the trainer cannot make.
    """
    if recipe.schedule is None:
        return None
    find("schedule", recipe.schedule, RECIPE_SCHEDULES, "recipe: ")
    moving = "betas" in optimizer.defaults or optimizer.defaults.get("momentum", 0.0) > 0
    make: Callable[..., torch.optim.lr_scheduler.LRScheduler] = getattr(
        torch.optim.lr_scheduler, recipe.schedule
    )
    return make(optimizer, **recipe.schedule_arguments(steps, moving=moving))
