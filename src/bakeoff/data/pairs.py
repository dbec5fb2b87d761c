"""The report's task: which of two handwritten digits is larger?"""

from __future__ import annotations

import os
from typing import NamedTuple

import torch

from bakeoff.data.counts import check_count
from bakeoff.data.mnist import Digits, Mnist, load_mnist
from bakeoff.data.pairing import pair_indices, tuning_indices
from bakeoff.rng import generator


class PairSets(NamedTuple):
    """The report's six tensors, in its order.

    Attributes:
        train_input: (n, 2, 14, 14) float32, grey values 0 to 255: n pairs of images.
        train_target: (n,) int64, 0 or 1: the index of the larger digit.
        train_classes: (n, 2) int64, 0 to 9: the two digits, never equal.
        test_input: as train_input, of other images.
        test_target: as train_target.
        test_classes: as train_classes.
    """

    train_input: torch.Tensor
    train_target: torch.Tensor
    train_classes: torch.Tensor
    test_input: torch.Tensor
    test_target: torch.Tensor
    test_classes: torch.Tensor


def generate_pair_sets(
    n: int = 1000, *, seed: int, data_dir: str | os.PathLike[str] | None = None
) -> PairSets:
    """Draw n training pairs and n test pairs of digits.

    Images are paired at random without replacement, pairs of equal digits are dropped and exactly
    n are kept; training pairs come from MNIST's 60,000 training images, test pairs from its
    10,000 test images.

    Args:
        n: pairs in each set, at most some 4,500 for MNIST (see `pairing.pair_indices`).
        seed: any integer; the same seed gives the same pairs.
        data_dir: folder of other IDX files; None for the one that BAKEOFF_DATA names, else the
            embedded MNIST.

    Returns:
        The six tensors of `PairSets`, which are the caller's own.

    Raises:
        DTypeError, ArgumentError: if n is not an integer of at least 1.
        DataError: if the files are faulty, or if n is larger than possible for this seed; it
            names the largest possible.
    """
    check_count(n, "pair sets")
    return draw_pair_sets(
        load_mnist(data_dir),
        n,
        train=generator(seed, 0, "data", "train"),
        test=generator(seed, 0, "data", "test"),
    )


def draw_pair_sets(
    mnist: Mnist, n: int, *, train: torch.Generator, test: torch.Generator
) -> PairSets:
    """Draw pair sets from explicit generators; arguments and errors as in `pair_indices`."""
    indices = pair_indices(mnist, n, train=train, test=test)
    return PairSets(
        *gather_pairs(mnist.train, indices.train), *gather_pairs(mnist.test, indices.test)
    )


def draw_tuning_sets(mnist: Mnist, n: int, *, train: torch.Generator) -> PairSets:
    """Draw pair sets to tune on: their "test" pairs are of training images too.

    The training pairs are those that `draw_pair_sets` draws from the same generator; the others
    are of training images that these leave over. No test image is seen, so whatever is chosen by
    them is chosen fairly. Arguments and errors as in `tuning_indices`.
    """
    indices = tuning_indices(mnist, n, train=train)
    return PairSets(
        *gather_pairs(mnist.train, indices.train), *gather_pairs(mnist.train, indices.test)
    )


def gather_pairs(
    digits: Digits, indices: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the input, target and classes (as in `PairSets`) of pairs of image numbers.

    Args:
        digits: the digits that the numbers count.
        indices: (n, 2) int64.
    """
    classes = digits.labels[indices]
    target = (classes[:, 1] > classes[:, 0]).long()
    return digits.images[indices], target, classes
