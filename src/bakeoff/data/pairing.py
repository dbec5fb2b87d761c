"""Which images meet: pairs of image numbers, drawn before any image is touched.

One shuffle of all images of a split is cut into neighbours, and pairs of equal digits are dropped.
What is left is a *deck*: each image is in it at most once, so any two stretches of one deck have no
image in common. A round's training pairs are the deck's first n; pairs to tune on are the next n,
images of the training split that the round does not use.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from bakeoff.data.counts import check_count
from bakeoff.data.mnist import Mnist
from bakeoff.errors import DataError


class PairIndices(NamedTuple):
    """Numbers of the images of each pair, first image and second.

    Attributes:
        train: (n, 2) int64, into the training digits.
        test: (n, 2) int64, into the test digits (`pair_indices`) or into the training digits
            that `train` leaves over (`tuning_indices`).
    """

    train: torch.Tensor
    test: torch.Tensor


def deal_unequal_pairs(labels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Pair all images at random without replacement and drop the pairs of equal digits.

    Args:
        labels: (m,) int64; an odd one out is left unpaired.
        generator: CPU generator; the deck is a function of its state, which advances.

    Returns:
        (k, 2) int64, image numbers in random order, k at most m // 2 (0.45 m for MNIST).
    """
    shuffled = torch.randperm(len(labels), generator=generator)
    pairs = shuffled[: len(labels) // 2 * 2].view(-1, 2)
    first, second = labels[pairs].unbind(1)
    return pairs[first != second]


def pair_indices(
    mnist: Mnist, n: int, *, train: torch.Generator, test: torch.Generator
) -> PairIndices:
    """Draw n pairs of training images and n pairs of test images.

    Args:
        mnist: the digits to draw from.
        n: pairs of each kind. The largest possible n is the size of the smaller deck, some 4,500
            for MNIST; it differs a little from draw to draw, by how many equal digits met. A
            smaller n gives the first of the pairs that a larger n gives.
        train: generator of the training pairs.
        test: generator of the test pairs.

    Returns:
        The image numbers; no image occurs twice within a split.

    Raises:
        DTypeError, ArgumentError: if n is not an integer of at least 1.
        DataError: if n is larger than possible for this draw; it names the largest possible.
    """
    n = check_count(n, "pair sets")
    train_deck = deal_unequal_pairs(mnist.train.labels, train)
    test_deck = deal_unequal_pairs(mnist.test.labels, test)
    largest = min(len(train_deck), len(test_deck))
    if n > largest:
        raise DataError(
            f"pair sets: got n={n}, expected at most {largest}, the largest possible for this draw "
            f"(unequal pairs of training images: {len(train_deck)}, of test images: "
            f"{len(test_deck)})"
        )
    return PairIndices(train_deck[:n], test_deck[:n])


def tuning_indices(mnist: Mnist, n: int, *, train: torch.Generator) -> PairIndices:
    """Draw n pairs to train on and n to tune on, both of training images, none shared.

    Args:
        mnist: the digits to draw from; its test digits stay untouched.
        n: pairs of each kind, at most half the deck, some 13,500 for MNIST.
        train: generator of the pairs; in the same state it gives the training pairs of
            `pair_indices`.

    Returns:
        The image numbers, both into the training digits.

    Raises:
        DTypeError, ArgumentError: if n is not an integer of at least 1.
        DataError: if n is larger than possible for this draw; it names the largest possible.
    """
    n = check_count(n, "tuning sets")
    deck = deal_unequal_pairs(mnist.train.labels, train)
    if n > len(deck) // 2:
        raise DataError(
            f"tuning sets: got n={n}, expected at most {len(deck) // 2}, the largest possible for "
            f"this draw (half of {len(deck)} unequal pairs of training images)"
        )
    return PairIndices(deck[:n], deck[n : 2 * n])
