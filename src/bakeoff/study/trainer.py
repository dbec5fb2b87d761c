"""Train one competitor for one group of rounds: the atom of work.

`train_group` is pure: its result depends on its arguments, the kind of machine and torch's version
alone. It takes seconds, runs again as a whole if it dies and is never resumed in the middle.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from bakeoff import rng
from bakeoff.data import draw_pair_sets, load_mnist, standardise
from bakeoff.errors import StudyError, nearest
from bakeoff.models import MODELS
from bakeoff.nn import Module, count_parameters
from bakeoff.study.learner import MAIN, Learner
from bakeoff.study.result import Divergence, RoundResult
from bakeoff.study.spec import Competitor, Study


@dataclass(frozen=True)
class RoundData:
    """The data of one round: inputs (N, ...) float32 and labels (N,) int64 by name."""

    train_input: torch.Tensor
    train_labels: Mapping[str, torch.Tensor]
    test_input: torch.Tensor
    test_labels: Mapping[str, torch.Tensor]


def train_group(
    study: Study, competitor: Competitor, group: int, data_dir: str | None = None
) -> tuple[RoundResult, ...]:
    """Train `competitor` on every round of a group and return their results, in order.

    Args:
        study: for its seed and data.
        competitor: network and recipe.
        group: the group's number; it holds `competitor.recipe.rounds_of(group)`.
        data_dir: folder of IDX files in place of the embedded MNIST.

    Raises:
        StudyError: for an unknown network or optimiser, or loss weights that do not fit.
        DataError: for faulty data files.
    """
    return tuple(
        train_round(study, competitor, r, data_dir) for r in competitor.recipe.rounds_of(group)
    )


def round_data(study: Study, round_: int, standardised: bool, data_dir: str | None) -> RoundData:
    """Draw the data of one round; it is the same for every competitor of the study."""
    sets = draw_pair_sets(
        load_mnist(data_dir),
        study.train_size,
        train=rng.generator(study.seed, round_, "data", "train"),
        test=rng.generator(study.seed, round_, "data", "test"),
    )
    if standardised:
        sets = standardise(sets)
    return RoundData(
        sets.train_input,
        _labels(sets.train_target, sets.train_classes),
        sets.test_input,
        _labels(sets.test_target, sets.test_classes),
    )


def _labels(target: torch.Tensor, classes: torch.Tensor) -> dict[str, torch.Tensor]:
    return {MAIN: target, "first": classes[:, 0].contiguous(), "second": classes[:, 1].contiguous()}


def make_network(competitor: Competitor) -> Module:
    """Return the competitor's network, not yet initialised.

    Raises:
        StudyError: for an unknown network.
    """
    if competitor.network not in MODELS:
        raise StudyError(
            f"competitor {competitor.name!r}: got network {competitor.network!r}, expected one of"
            f" {', '.join(MODELS)}{nearest(competitor.network, list(MODELS))}"
        )
    return MODELS[competitor.network](**dict(competitor.options))


def train_round(
    study: Study, competitor: Competitor, round_: int, data_dir: str | None
) -> RoundResult:
    """Train and evaluate one round; see `RoundResult` for what its figures mean."""
    recipe = competitor.recipe
    data = round_data(study, round_, recipe.standardise, data_dir)
    network = make_network(competitor).initialise(study.seed, round_)
    learner = Learner(network, recipe, dict(competitor.loss_weights))
    order = rng.generator(study.seed, round_, "order")
    curves = Curves()
    evaluated = set(recipe.evaluated_epochs())
    diverged = None
    predictions = torch.empty(0, dtype=torch.int64)
    started = time.perf_counter()
    for epoch in range(1, recipe.epochs + 1):
        train_epoch(learner, data, order, recipe.batch_size)
        if not curves.add(*learner.finish_epoch()):
            diverged = Divergence(epoch, curves.last())
            break
        if epoch in evaluated:
            predictions = learner.predict(data.test_input)
            right = (predictions == data.test_labels[MAIN]).sum()
            curves.test_accuracy.append(int(right) / len(predictions))
    return RoundResult(
        competitor=competitor.name,
        round=round_,
        seed=study.seed,
        parameters=count_parameters(network),
        train_loss=tuple(curves.train_loss),
        train_accuracy=tuple(curves.train_accuracy),
        test_accuracy=tuple(curves.test_accuracy),
        auxiliary=curves.auxiliary,
        seconds=time.perf_counter() - started,
        predictions=b"" if diverged else bytes(predictions.tolist()),
        diverged=diverged,
        weights=_weights(network) if round_ == 0 and diverged is None else None,
    )


def train_epoch(learner: Learner, data: RoundData, order: torch.Generator, batch_size: int) -> None:
    """Train once on every sample, in a fresh random order, a batch at a time."""
    shuffled = torch.randperm(len(data.train_input), generator=order)
    for batch in shuffled.split(batch_size):  # type: ignore[no-untyped-call]
        learner.step(
            data.train_input[batch], {name: y[batch] for name, y in data.train_labels.items()}
        )


class Curves:
    """The figures of a round, an epoch at a time."""

    def __init__(self) -> None:
        self.train_loss: list[float] = []
        self.train_accuracy: list[float] = []
        self.test_accuracy: list[float] = []
        self.auxiliary: dict[str, list[float]] = {}

    def add(self, loss: float, accuracy: float, auxiliary: Mapping[str, float]) -> bool:
        """Take an epoch's means; return False, taking none, unless all of them are finite."""
        if not all(math.isfinite(x) for x in (loss, *auxiliary.values())):
            return False
        self.train_loss.append(loss)
        self.train_accuracy.append(accuracy)
        for name, value in auxiliary.items():
            self.auxiliary.setdefault(name, []).append(value)
        return True

    def last(self) -> tuple[tuple[str, float], ...]:
        """Return the last finite values, by name."""
        curves = {
            "train_loss": self.train_loss,
            "train_accuracy": self.train_accuracy,
            "test_accuracy": self.test_accuracy,
        }
        return tuple((name, curve[-1]) for name, curve in curves.items() if curve)


def _weights(network: Module) -> bytes:
    from safetensors.torch import save

    return save(network.state_dict())
