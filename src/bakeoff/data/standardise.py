"""Standardisation: inputs of mean 0 and standard deviation 1, as measured on training data alone.

Test inputs are moved by the training data's mean and scaled by its deviation: whatever is learnt
from test data, even a mean, would leak.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import torch

from bakeoff.data.disk import DiskSets
from bakeoff.data.pairs import PairSets
from bakeoff.errors import DataError

Sets = TypeVar("Sets", PairSets, DiskSets)


class Standardiser(NamedTuple):
    """The map x -> (x - mean) / std.

    Attributes:
        mean: float32, () for one number or (features,) for one a feature.
        std: likewise; the sample standard deviation (ddof 1), and 1 where that is zero or, of a
            single value, undefined, so that constant inputs become 0 and nothing becomes NaN.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return (x - mean) / std, of x's shape, float32; x itself stays as it is."""
        return (x - self.mean) / self.std


def fit_standardiser(train_input: torch.Tensor, *, per_feature: bool) -> Standardiser:
    """Measure mean and standard deviation.

    Args:
        train_input: (n, ...) of any real dtype, n at least 1.
        per_feature: True for a mean and deviation of each feature (over axis 0 alone), False for
            one of all numbers together: pixels share a scale, coordinates need not.

    Raises:
        DataError: if there is nothing to measure.
    """
    if train_input.numel() == 0:
        raise DataError(
            f"standardisation: got training inputs of shape {tuple(train_input.shape)}, "
            "expected at least one number"
        )
    # In float64, and in two passes: the mean of constant inputs is then exactly that constant,
    # and the deviation exactly 0.
    x = train_input.double()
    x = x if per_feature else x.flatten()
    mean = x.mean(0)
    variance = (x - mean).square().sum(0) / (len(x) - 1)
    # A single value's variance, 0 / 0, is not above 0 either.
    std = torch.where(variance > 0, variance.sqrt(), 1.0)
    return Standardiser(mean.float(), std.float())


def standardise(sets: Sets) -> Sets:
    """Standardise train and test inputs by the training inputs; the rest is passed on.

    Images are standardised by one mean and deviation of all pixels, the disk's points by one of
    each coordinate.

    Args:
        sets: pair sets or disk sets.

    Returns:
        Sets of the same kind, with float32 inputs in units of training standard deviations.
    """
    transform = fit_standardiser(sets.train_input, per_feature=isinstance(sets, DiskSets))
    return sets._replace(
        train_input=transform(sets.train_input), test_input=transform(sets.test_input)
    )
