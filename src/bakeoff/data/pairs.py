"""The paper's task: which of two handwritten digits is larger?

Pairs of image numbers are drawn before any image is touched. One shuffle of all images of a split
is cut into neighbours, and pairs of equal digits are dropped. What is left is a *deck*: each image
is in it at most once, so any two stretches of one deck have no image in common. A round's training
pairs are the deck's first n.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import torch

from bakeoff.checks import check_count
from bakeoff.data.mnist import Digits, Mnist, load_mnist
from bakeoff.errors import DataError, DTypeError
from bakeoff.rng import generator


class PairIndices(NamedTuple):
    """Numbers of the images of each pair, first image and second.

    Attributes:
        train: (n, 2) int64, into the training digits.
        test: (n, 2) int64, into the test digits.
    """

    train: torch.Tensor
    test: torch.Tensor


def deal_unequal_pairs(labels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Pair all images at random without replacement and drop the pairs of equal digits.

    Labels (m,) int64 give (k, 2) int64, image numbers in random order, k at most m // 2 (0.45 m for
    MNIST); an odd one out is left unpaired.
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
    n = check_count("pair sets", "n", n, wrong_type=DTypeError)
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


class PairSets(NamedTuple):
    """The paper's six tensors, in its order.

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
    check_count("pair sets", "n", n, wrong_type=DTypeError)
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


# ---- the same images paired anew ----------------------------------------------------------------


def pair_anew(labels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Pair all images at random so that the two digits of a pair always differ.

    A random pairing has some pairs of equal digits, one in ten on MNIST. Each of those swaps its
    second image with that of another pair, drawn from all pairs that hold no such digit; there is
    one as long as no digit makes up more than half of the images.

    Args:
        labels: (2·n,) int64, each digit n times at most.
        generator: CPU generator.

    Returns:
        (n, 2) int64, places in `labels`, each exactly once.
    """
    pairs = torch.randperm(len(labels), generator=generator).view(-1, 2)
    digits = labels[pairs]
    for equal in torch.nonzero(digits[:, 0] == digits[:, 1]).flatten().tolist():
        if digits[equal, 0] != digits[equal, 1]:
            continue  # it was another equal pair's partner
        others = torch.nonzero((digits != digits[equal, 0]).all(1)).flatten()
        other = others[torch.randint(len(others), (), generator=generator)]
        both = torch.stack([torch.tensor(equal), other])
        pairs[both, 1] = pairs[both.flip(0), 1]
        digits[both, 1] = digits[both.flip(0), 1]
    return pairs
