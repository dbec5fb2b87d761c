"""The data of a round, drawn from its own streams: the same for every competitor of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from bakeoff import rng
from bakeoff.data import (
    Mnist,
    Standardiser,
    draw_digit_sets,
    draw_disk_sets,
    draw_pair_sets,
    fit_standardiser,
    load_mnist,
)
from bakeoff.study.user_code import is_own
from bakeoff.training.data_sets import PAIRS
from bakeoff.training.learner import MAIN
from bakeoff.training.spec import NetworkStudy


@dataclass(frozen=True)
class RoundData:
    """The data of one round.

    Attributes:
        train_input: (n, ...) float32.
        train_labels: by name: classes (n,) int64, yes or no (n,) bool, or numbers (n, k) float32.
        test_input: (m, ...) float32.
        test_labels: as train_labels, of m examples.
        background: the inputs' value where nothing is drawn.
    """

    train_input: torch.Tensor
    train_labels: Mapping[str, torch.Tensor]
    test_input: torch.Tensor
    test_labels: Mapping[str, torch.Tensor]
    background: float = 0.0


def round_data(
    study: NetworkStudy, round_: int, standardised: bool, data_dir: str | None
) -> RoundData:
    """Draw the data of one round.

    Args:
        study: for its seed, data and sizes.
        round_: the round's number.
        standardised: whether inputs are standardised by the training inputs; otherwise they stay
            as they were drawn.
        data_dir: folder of IDX files in place of the embedded MNIST.

    Raises:
        DataError: for faulty data files, or sizes larger than possible.
        StudyError: for a user's own function that fails, or gives what is no round's data.
    """
    data = _drawn(study, round_, data_dir)
    if _holds_out(study):
        data = _held_out(study, data)
    if not standardised:
        return data
    transform = standardiser(data)
    return RoundData(
        transform(data.train_input),
        data.train_labels,
        transform(data.test_input),
        data.test_labels,
        0.0 if transform.mean.ndim else float(transform(torch.zeros(()))),
    )


def _holds_out(study: NetworkStudy) -> bool:
    return study.held_out or study.data == "tuning-pairs"


def _in_sight(study: NetworkStudy, mnist: Mnist) -> Mnist:
    """Return the digits, without those of the test set where nobody may look at them."""
    return mnist._replace(test=mnist.train) if _holds_out(study) else mnist


def _held_out(study: NetworkStudy, data: RoundData) -> RoundData:
    """Return a round that is judged by the last of its training examples, and trains on the rest.

    As many judge of all as in the study's own rounds.
    """
    drawn, sizes = len(data.train_input), study.train_size + study.test_size
    cut = drawn - max(1, drawn * study.test_size // sizes)
    train, test = (
        {name: label[part] for name, label in {**data.train_labels, "": data.train_input}.items()}
        for part in (slice(cut), slice(cut, None))
    )
    return RoundData(train.pop(""), train, test.pop(""), test, data.background)


def standardiser(data: RoundData) -> Standardiser:
    """Return what a round's inputs, as they were drawn, are standardised by."""
    # Pixels share a scale, features need not.
    return fit_standardiser(data.train_input, per_feature=data.train_input.ndim == 2)


def _drawn(study: NetworkStudy, round_: int, data_dir: str | None) -> RoundData:
    n, test_n = study.train_size + _holds_out(study) * study.test_size, study.test_size
    if is_own(study.data):
        from bakeoff.training.user_code.data import draw_own

        return draw_own(study, round_)
    train, test = (rng.generator(study.seed, round_, "data", name) for name in ("train", "test"))
    if study.data in PAIRS:
        mnist = load_mnist(data_dir)
        sets = draw_pair_sets(_in_sight(study, mnist), n, train=train, test=test)
        return RoundData(
            sets.train_input,
            pair_labels(sets.train_target, sets.train_classes),
            sets.test_input,
            pair_labels(sets.test_target, sets.test_classes),
        )
    if study.data == "disk":
        disk = draw_disk_sets(n, train=train, test=test, test_n=test_n)
        return RoundData(
            disk.train_input,
            {MAIN: disk.train_target.flatten() == 1},
            disk.test_input,
            {MAIN: disk.test_target.flatten() == 1},
        )
    mnist = load_mnist(data_dir, side=28 if study.data == "digits-28" else 14)
    digits = draw_digit_sets(_in_sight(study, mnist), n, test_n, train=train, test=test)
    return RoundData(
        digits.train_input,
        {MAIN: digits.train_target},
        digits.test_input,
        {MAIN: digits.test_target},
    )


def pair_labels(target: torch.Tensor, classes: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the labels of pairs by name: which digit is larger (n,), and the digits (n, 2)."""
    return {MAIN: target, "first": classes[:, 0].contiguous(), "second": classes[:, 1].contiguous()}
