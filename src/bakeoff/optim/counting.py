"""Counts of updates: what the optimisers share whose steps depend on how many there were."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bakeoff.autodiff import kernels
from bakeoff.autodiff.kernels import Array, update, view
from bakeoff.autodiff.tensor import Tensor
from bakeoff.optim.optimizer import Block, Optimizer


class Counting(Optimizer):
    """Base of the optimisers that count each parameter's updates, in the array `step`.

    Each parameter has its own count, as one that was frozen at first starts later. So only
    neighbours that were updated equally often share a block.
    """

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        super().__init__(params, lr)
        self.arrays["step"] = torch.zeros(len(self.parameters), dtype=torch.float64)

    def joined(self, places: list[int]) -> list[bool]:
        """Return for each place i whether parameters i and i + 1 were updated equally often."""
        what = f"{type(self).__name__}: which neighbours were updated equally often"
        return kernels.decide(what, lambda: self._equally_often(places))

    def _equally_often(self, places: list[int]) -> list[bool]:
        counts = self.arrays["step"].tolist()
        return [counts[i] == counts[i + 1] for i in places]

    def count(self, block: Block) -> Array:
        """Count an update of a block; return how many there were, a float64 array of one."""
        steps = self.arrays["step"]
        counts = view(torch.Tensor.__getitem__, steps, slice(block.first, block.last))
        update(torch.Tensor.add_, counts, 1.0)
        return view(torch.select, steps, 0, block.first)
