"""What a network's answers are worth: accuracy of classes, R² of numbers."""

from __future__ import annotations

import torch

THRESHOLD = 0.5
"""The number from which on a single output says yes, half-way between 0 for no and 1 for yes."""


def is_regression(targets: torch.Tensor) -> bool:
    """Tell whether targets are numbers, (n, k) floating point, rather than classes."""
    return targets.is_floating_point()


def is_yes_or_no(targets: torch.Tensor) -> bool:
    """Tell whether targets are yes or no, (n,) bool, for which one number is enough."""
    return targets.dtype == torch.bool


def classes_or_numbers(targets: torch.Tensor) -> torch.Tensor:
    """Return targets with yes and no as the classes 1 and 0."""
    return targets.long() if is_yes_or_no(targets) else targets


def variances(targets: torch.Tensor) -> list[float]:
    """Return each round's variance of targets, the mean over all k numbers.

    Args:
        targets: (R, n, k) floating point.
    """
    wide = targets.double()
    return (wide - wide.mean(1, keepdim=True)).square().mean((1, 2)).tolist()


def r_squared(error: float, variance: float) -> float:
    """Return the coefficient of determination, 1 - error / variance.

    For several numbers an example, errors and variances are summed over them before the division:
    what scikit-learn calls ``r2_score(multioutput="variance_weighted")``.

    Args:
        error: the mean squared error.
        variance: of the targets, as of `variances`; above 0.
    """
    return 1.0 - error / variance


def scores(answers: torch.Tensor, targets: torch.Tensor) -> list[float]:
    """Return each round's accuracy or R².

    Args:
        answers: (R, n) int64, classes; or (R, n, k) float32, numbers.
        targets: of the same shape and kind; or (R, n) bool, yes or no, of which yes is class 1.

    Returns:
        R numbers: accuracies from 0 to 1, or R² of at most 1, which is not finite where an answer
        is not.
    """
    if not is_regression(targets):
        right = (answers == targets).sum(1).tolist()
        return [count / targets.shape[1] for count in right]
    errors = (answers.double() - targets.double()).square().mean((1, 2)).tolist()
    return [r_squared(e, v) for e, v in zip(errors, variances(targets), strict=True)]
