"""Which of two digits is larger, worked out from what each of them may be."""

from __future__ import annotations

import torch

from bakeoff.autodiff import index_select, stack
from bakeoff.autodiff.tensor import Tensor
from bakeoff.nn import Module

CLASSES = 10


class LargerDigit(Module):
    """The answer that follows from both digits' probabilities.

    With p and q the probabilities of the first and the second digit,

        P(first > second) = Σ p_i q_j over i > j,    P(first < second) = Σ p_i q_j over i < j.

    The two digits of a pair are never equal, so what p and q give to equal ones does not count:
    the logits below are the logarithms of both sums, and their softmax is the probability of each
    answer given that the digits differ.

    Shape:
        Two log-probabilities (..., 10, N), batch-last, to logits (..., 2, N); row 0 says that the
        first digit is larger, row 1 that the second is.
    """

    def __init__(self) -> None:
        # All pairs (smaller, larger) of ten digits, 45 of them.
        self.smaller, self.larger = (Tensor(row.clone()) for row in _unequal_pairs())

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Log-probabilities (..., 10, N) of both digits to logits (..., 2, N)."""
        first_larger = self._both(first, self.larger, second, self.smaller)
        second_larger = self._both(first, self.smaller, second, self.larger)
        return stack(first_larger, second_larger, dim=-2)

    @staticmethod
    def _both(first: Tensor, i: Tensor, second: Tensor, j: Tensor) -> Tensor:
        """Return log Σ p_i q_j over the pairs (i, j), (..., N)."""
        rows = index_select(first, i, dim=first.ndim - 2)
        joint = rows + index_select(second, j, dim=second.ndim - 2)
        return joint.logsumexp(-2)


def _unequal_pairs() -> tuple[torch.Tensor, ...]:
    return torch.triu_indices(CLASSES, CLASSES, offset=1).unbind()
