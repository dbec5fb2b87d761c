"""Train one competitor for one group of rounds: the atom of work.

`train_group` is pure: its result depends on its arguments, the kind of machine and torch's version
alone. It takes seconds, runs again as a whole if it dies and is never resumed in the middle.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import torch

from bakeoff import rng
from bakeoff.errors import StudyError
from bakeoff.models import MODELS
from bakeoff.nn import Module, count_parameters, lockstep
from bakeoff.study.checks import unknown
from bakeoff.study.record import DIVERGED, EPOCH, FINISHED, LOSS, Record, Records, divergence_note
from bakeoff.study.user_code import is_own
from bakeoff.training.averaging import WeightAverage
from bakeoff.training.fresh import FreshPairs
from bakeoff.training.learner import MAIN, Learner
from bakeoff.training.recipe import Recipe
from bakeoff.training.round_data import RoundData, pair_labels, round_data
from bakeoff.training.scoring import is_regression, scores
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


def train_group(
    study: NetworkStudy,
    competitor: NetworkCompetitor,
    group: int,
    data_dir: str | None = None,
    *,
    plan: bool = True,
) -> Records:
    """Train `competitor` on every round of a group and return their results, in order.

    Args:
        study: for its seed and data.
        competitor: network and recipe.
        group: the group's number; it holds `competitor.recipe.rounds_of(group)`.
        data_dir: folder of IDX files in place of the embedded MNIST.
        plan: replay captured steps; without it the tape runs every step, with the same result to
            the bit.

    Raises:
        StudyError: for an unknown network or optimiser, or loss weights that do not fit.
        DataError: for faulty data files.
    """
    return trained_group(study, competitor, group, data_dir, plan=plan, kept=_kept)[1]


QUICK_SECONDS = 1.0
"""A group of rounds that trains in less is small, so its learner may be kept for the next one."""
MOST_KEPT = 16

_kept: dict[object, Learner] = {}


@torch.inference_mode()  # PyTorch's own bookkeeping off: a sixth of a small step
def trained_group(
    study: NetworkStudy,
    competitor: NetworkCompetitor,
    group: int,
    data_dir: str | None = None,
    *,
    plan: bool = True,
    kept: dict[object, Learner] | None = None,
) -> tuple[Module, Records]:
    """Train as `train_group` does, and return the network as well.

    With `kept`, learners of quick groups are kept in it for the next group, with their plans, as
    capturing a small network's step takes longer than training it. The network is then theirs.
    """
    recipe = competitor.recipe
    rounds = recipe.rounds_of(group)
    data = [round_data(study, r, recipe.standardise, data_dir) for r in rounds]
    inputs = torch.cat([d.train_input for d in data])
    labels = {k: torch.cat([d.train_labels[k] for d in data]) for k in data[0].train_labels}
    like = (
        *(competitor.network, competitor.options, competitor.loss_weights, recipe, plan),
        *(inputs.shape, tuple((k, y.shape, y.dtype) for k, y in labels.items())),
        len(rounds),
    )
    learner = kept.pop(like, None) if kept is not None else None
    if learner is None:
        network = started(competitor, study.seed, rounds)
        learner = Learner(network, inputs, labels, recipe, dict(competitor.loss_weights), plan=plan)
    else:
        network = learner.network
        learner.restart(study.seed, rounds[0], inputs, labels)
    orders = [rng.generator(study.seed, r, "order") for r in rounds]
    fresh = None
    if not recipe.augmentation.idle:
        fresh = [fresh_pairs(d, recipe, study.seed, r) for d, r in zip(data, rounds, strict=True)]
    curves, predictions, seconds = train(learner, data, orders, recipe, fresh)
    if kept is not None and seconds < QUICK_SECONDS and not is_own(competitor.network):
        kept[like] = learner
        if len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]
    return network, tuple(
        record_of(
            study,
            competitor,
            r,
            c,
            predictions[i],
            parameters=count_parameters(network),
            seconds=seconds / len(rounds),
            state=state_of(network, i) if r == 0 else {},
        )
        for i, (r, c) in enumerate(zip(rounds, curves, strict=True))
    )


def started(competitor: NetworkCompetitor, seed: int, rounds: range) -> Module:
    """Return a competitor's network as it starts some rounds, in lockstep if there are several.

    Raises:
        StudyError: for an unknown network.
    """
    if is_own(competitor.network):
        from bakeoff.training.user_code.network import start_own

        return start_own(competitor, seed, rounds)
    network = make_network(competitor)
    if len(rounds) > 1:
        lockstep(network, len(rounds))
    return network.initialise(seed, rounds[0])


def state_of(network: Module, place: int) -> dict[str, torch.Tensor]:
    """Return the weights of one of the rounds that a network trains in lockstep."""
    state = network.state_dict()
    if network.rounds is None:
        return state
    return {name: tensor[place].contiguous() for name, tensor in state.items()}


def record_of(
    study: NetworkStudy,
    competitor: NetworkCompetitor,
    round_: int,
    curves: Curves,
    predictions: torch.Tensor,
    *,
    parameters: int,
    seconds: float,
    state: Mapping[str, torch.Tensor],
) -> Record:
    """Return what a trained round leaves: `state`, its weights, are kept of round 0 alone."""
    from safetensors.torch import save

    by_name = curves.by_name("r2" if is_regression(predictions) else "accuracy")
    ends = {name: curve[-1] for name, curve in by_name.items() if curve and "/" not in name}
    epoch, facts = curves.diverged, {"parameters": parameters}
    attached = {"predictions": _as_bytes(predictions)}
    if round_ == 0:
        attached["weights"] = save(dict(state))
    return Record(
        competitor=competitor.name,
        round=round_,
        seed=int(study.seed),
        status=FINISHED if epoch is None else DIVERGED,
        scores=ends if epoch is None else {},
        curves=by_name,
        seconds=seconds,
        note="" if epoch is None else divergence_note(epoch, ends),
        facts=facts if epoch is None else facts | {EPOCH: epoch},
        attachments=attached if epoch is None else {},
    )


def _as_bytes(predictions: torch.Tensor) -> bytes:
    """Return a round's answers: a byte for each class, four for each number (float32, "<f4")."""
    if is_regression(predictions):
        return predictions.numpy().astype("<f4").tobytes()
    return bytes(predictions.tolist())


def fresh_pairs(data: RoundData, recipe: Recipe, seed: int, round_: int) -> FreshPairs:
    """Return what draws a round's pairs for each epoch, from its training pairs alone."""
    digits = torch.stack([data.train_labels["first"], data.train_labels["second"]], 1)
    return FreshPairs(data.train_input, digits, data.background, recipe.augmentation, seed, round_)


class Curves:
    """What is told of a round, an epoch at a time, until it ends or diverges."""

    def __init__(self) -> None:
        self.train_loss: list[float] = []
        self.train_accuracy: list[float] = []
        self.test_accuracy: list[float] = []
        self.auxiliary: dict[str, list[float]] = {}
        self.diverged: int | None = None

    def add(self, epoch: int, loss: float, accuracy: float, auxiliary: Mapping[str, float]) -> None:
        """Take an epoch's means; the first that are not all finite end the round."""
        if self.diverged is not None:
            return
        if not all(math.isfinite(x) for x in (loss, *auxiliary.values())):
            self.diverged = epoch
            return
        self.train_loss.append(loss)
        self.train_accuracy.append(accuracy)
        for name, value in auxiliary.items():
            self.auxiliary.setdefault(name, []).append(value)

    def add_test(self, epoch: int, accuracy: float) -> None:
        """Take the test accuracy or R² after an epoch; one that is not finite ends the round."""
        if self.diverged is not None:
            return
        if math.isfinite(accuracy):
            self.test_accuracy.append(accuracy)
            return
        # The epoch's last step diverged, after its last loss: the epoch does not count.
        for curve in (self.train_loss, self.train_accuracy, *self.auxiliary.values()):
            curve.pop()
        self.diverged = epoch

    def by_name(self, score: str) -> dict[str, list[float]]:
        """Return all curves by name; `score` is "accuracy", or "r2" of a regression."""
        further = {f"{LOSS}/{name}": curve for name, curve in self.auxiliary.items()}
        own = {LOSS: self.train_loss, f"train_{score}": self.train_accuracy}
        return own | {f"test_{score}": self.test_accuracy} | further


class Learning(Protocol):
    """What a round needs of a network in training, or of R; see `Learner`, which trains ours.

    Attributes:
        average: the mean of the weights over the last epochs.
    """

    average: WeightAverage

    def prepare(self, batch_sizes: set[int]) -> None:
        """Make ready for batches of these sizes, so that no step waits."""

    def steps(self, batches: Sequence[torch.Tensor]) -> None:
        """Train on one batch after another, each (R·N,) int64: the samples' places."""

    def renew(self, inputs: torch.Tensor, labels: dict[str, torch.Tensor]) -> None:
        """Replace the training inputs and labels by others of the same shapes."""

    def finish_epoch(self) -> list[tuple[float, float, dict[str, float]]]:
        """Return each round's means since the last call: main loss, score, auxiliary losses.

        The score is the accuracy of classes, or the R² of numbers.
        """

    def predict(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the main output answers to inputs (R, n, ...).

        Returns:
            (R, n) int64, classes; or (R, n, k) float32, numbers.
        """


def _renew(learner: Learning, fresh: list[FreshPairs]) -> None:
    """Give the learner the next epoch's pairs."""
    drawn = [pairs.draw() for pairs in fresh]
    images, digits = (torch.cat(parts) for parts in zip(*drawn, strict=True))
    learner.renew(images, pair_labels((digits[:, 1] > digits[:, 0]).long(), digits))


def make_network(competitor: NetworkCompetitor) -> Module:
    """Return the competitor's network, not yet initialised.

    Raises:
        StudyError: for an unknown network.
    """
    if competitor.network not in MODELS:
        raise StudyError(
            f"competitor {competitor.name!r}: {unknown('network', competitor.network, MODELS)}"
        )
    return MODELS[competitor.network](**dict(competitor.options))


def train(
    learner: Learning,
    data: list[RoundData],
    orders: list[torch.Generator],
    recipe: Recipe,
    fresh: list[FreshPairs] | None = None,
) -> tuple[list[Curves], torch.Tensor, float]:
    """Train for the recipe's epochs; return curves, last answers (R, n) or (R, n, k), and seconds.

    A round that diverges ends there; the whole group ends when all of its rounds have.

    Args:
        learner: trains.
        data: of each round.
        orders: the generator of each round's order.
        recipe: how long, and in which batches.
        fresh: what draws each round's training pairs anew for every epoch; None leaves them.
    """
    n = len(data[0].train_input)
    test_input = torch.stack([d.test_input for d in data])
    test_target = torch.stack([d.test_labels[MAIN] for d in data])
    curves = [Curves() for _ in data]
    evaluated = set(recipe.evaluated_epochs())
    predictions = torch.zeros_like(test_target)
    learner.prepare({min(recipe.batch_size, n), n % recipe.batch_size})
    learner.predict(test_input)
    started = time.perf_counter()
    for epoch in range(1, recipe.epochs + 1):
        if fresh is not None:
            _renew(learner, fresh)
        learner.steps(list(epoch_rows(n, orders, recipe.batch_size)))
        if recipe.average_epochs > 1 and epoch > recipe.epochs - recipe.average_epochs:
            learner.average.add()
        for c, means in zip(curves, learner.finish_epoch(), strict=True):
            c.add(epoch, *means)
        if all(c.diverged for c in curves):
            break
        if epoch == recipe.epochs:
            learner.average.settle()
        if epoch in evaluated:
            predictions = learner.predict(test_input)
            for c, score in zip(curves, scores(predictions, test_target), strict=True):
                c.add_test(epoch, score)
    return curves, predictions, time.perf_counter() - started


def epoch_rows(n: int, orders: list[torch.Generator], batch_size: int) -> Iterator[torch.Tensor]:
    """Yield batches of a fresh random order of n samples, as rows of all rounds' samples.

    Each is (R·N,) int64 with N = batch_size, and less at the end: N rows of the first round, then
    N of the second and so on; round r's samples are numbered from r·n.
    """
    shuffled = torch.stack([torch.randperm(n, generator=g) + r * n for r, g in enumerate(orders)])
    for batch in shuffled.split(batch_size, dim=1):  # type: ignore[no-untyped-call]
        yield batch.reshape(-1)
