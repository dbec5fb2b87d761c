"""One difference over rounds that cut the same set anew: the corrected resampled t test.

Such rounds share most of their examples, so their differences are correlated, and the variance of
their mean does not fall as 1/J: with Student's t, false differences abound. Nadeau and Bengio
2003, "Inference for the generalization error", Machine Learning 52, 239-281, section 3, estimate
the correlation by the share n2 / (n1 + n2) of examples that are tested on, which puts
(1/J + n2/n1) s² in the place of s²/J:

    t = mean / √((1/J + n2/n1) s²),    J - 1 degrees of freedom

for J rounds that train on n1 examples and test on n2, s² being the differences' sample variance. It
is an approximation; no number of rounds makes the interval shrink below what n2/n1 leaves.
"""

from __future__ import annotations

from math import inf, isfinite

import numpy as np
from scipy.special import stdtr

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Array, Interval, t_interval
from bakeoff.statistics.estimate import Estimate


def corrected_error(std: float, rounds: int, test_ratio: float) -> float:
    """Return the standard error of the mean difference, √(1/J + n2/n1) s.

    Args:
        std: s, the sample standard deviation of the differences (ddof 1).
        rounds: J.
        test_ratio: n2/n1, examples tested on over examples trained on.
    """
    return float((1 / rounds + test_ratio) ** 0.5 * std)


def resampled_estimate(
    differences: Array, test_ratio: float, *, alpha: float, margin: float | None
) -> Estimate:
    """Return the corrected resampled t test's figures for one comparison.

    Differences that are all equal have no variance to judge by: then no difference is claimed, nor
    an equivalence, unless all are 0.

    Args:
        differences: (rounds,) float64, finite, at least two.
        test_ratio: n2/n1, above 0.
        alpha: level of the interval.
        margin: equivalence margin in the values' unit, or None.

    Raises:
        StatisticsError: for a ratio that is not above 0 and finite.
    """
    check_ratio(test_ratio)
    rounds = len(differences)
    mean = float(differences.mean())
    constant = bool((differences == differences[0]).all())
    std = 0.0 if constant else float(differences.std(ddof=1))
    error = corrected_error(std, rounds, test_ratio)
    if constant:
        end = 0.0 if mean == 0 else inf
        interval, narrower = Interval(-end, end, 1 - alpha), Interval(-end, end, 1 - 2 * alpha)
    else:
        interval = t_interval(mean, error, rounds - 1, 1 - alpha)
        narrower = t_interval(mean, error, rounds - 1, 1 - 2 * alpha)
    return Estimate(
        rounds=rounds,
        mean=mean,
        std=std,
        effect_size=None if constant else mean / std,
        p_value=1.0 if constant else min(1.0, 2 * _below(-abs(mean), error, rounds)),
        interval=interval,
        method="corrected resampled t",
        student=None,
        constant=constant,
        drifted=False,
        equivalence_p=None if margin is None else _beyond(mean, error, rounds, margin, constant),
        equivalence_interval=None if margin is None else narrower,
    )


def check_ratio(test_ratio: float | None) -> None:
    """Raise unless there is a ratio of tested to trained examples, above 0.

    Raises:
        StatisticsError: with what was got.
    """
    if test_ratio is None or not (isfinite(test_ratio) and test_ratio > 0):
        raise StatisticsError(
            f"resampled: got {test_ratio} test examples for each training example, expected a"
            " number above 0"
        )


def _below(difference: float, error: float, rounds: int) -> float:
    return float(stdtr(rounds - 1, difference / error))


def _beyond(mean: float, error: float, rounds: int, margin: float, constant: bool) -> float:
    """Return the larger p of two one-sided tests, of a difference outside ±margin."""
    if constant:
        return 0.0 if mean == 0 else 1.0
    return max(_below(-margin - mean, error, rounds), _below(mean - margin, error, rounds))


def inflated(std: float, rounds: int, test_ratio: float) -> float:
    """Return the standard deviation at which independent rounds would be as unsure.

    Args:
        std: of the differences.
        rounds: J.
        test_ratio: n2/n1.
    """
    return float(std * np.sqrt(1 + rounds * test_ratio))
