"""Which digit is it? Single images of ten classes, as everyone else trains on MNIST."""

from __future__ import annotations

from typing import NamedTuple

import torch

from bakeoff.data.counts import check_count
from bakeoff.data.mnist import Digits, Mnist
from bakeoff.errors import DataError


class DigitSets(NamedTuple):
    """Images and the digits that they show.

    Attributes:
        train_input: (n, 1, 14, 14) or (n, 1, 28, 28) float32, grey values 0 to 255.
        train_target: (n,) int64, 0 to 9.
        test_input: as train_input, of other images.
        test_target: as train_target.
    """

    train_input: torch.Tensor
    train_target: torch.Tensor
    test_input: torch.Tensor
    test_target: torch.Tensor


def draw_digit_sets(
    mnist: Mnist, n: int, test_n: int, *, train: torch.Generator, test: torch.Generator
) -> DigitSets:
    """Draw n of the training images and test_n of the test images, none twice.

    Args:
        mnist: the digits to draw from, of either side.
        n: images to train on, at most as many as there are.
        test_n: images to test on, likewise.
        train: generator of the images to train on.
        test: generator of the others.

    Raises:
        DTypeError, ArgumentError: if a number is not an integer of at least 1.
        DataError: if a number is larger than there are images.
    """
    return DigitSets(
        *_draw(mnist.train, n, train, "train"), *_draw(mnist.test, test_n, test, "test")
    )


def _draw(
    digits: Digits, n: int, generator: torch.Generator, split: str
) -> tuple[torch.Tensor, torch.Tensor]:
    n = check_count(n, "digit sets")
    there = len(digits.labels)
    if n > there:
        raise DataError(f"digit sets: got n={n}, expected at most {there}, all {split} images")
    chosen = torch.randperm(there, generator=generator)[:n]
    return digits.images[chosen].float().unsqueeze(1), digits.labels[chosen]
