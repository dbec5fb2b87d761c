"""The mean of a network's weights over the last epochs."""

from __future__ import annotations

import torch

from bakeoff.autodiff import Tensor
from bakeoff.nn import Module


class WeightAverage:
    """Averages parameters and running statistics of a network as it trains.

    Izmailov, Podoprikhin, Garipov, Vetrov and Wilson 2018, "Averaging weights leads to wider optima
    and better generalization", algorithm 1, but for the running statistics of batch normalisation,
    which are averaged too rather than measured anew.

    Args:
        network: the network in training.
    """

    def __init__(self, network: Module) -> None:
        self._network, self.count = network, 0
        self._tensors: list[Tensor] = []
        self._means: list[torch.Tensor] = []

    def add(self) -> None:
        """Take the weights as they are now."""
        if not self.count:
            network = self._network
            tensors = [*network.parameters(), *(b for _, b in network.named_buffers())]
            # Those that count something, or choose, have no mean.
            self._tensors = [t for t in tensors if t.dtype.is_floating_point]
            self._means = [torch.zeros_like(t.data) for t in self._tensors]
        self.count += 1
        for mean, tensor in zip(self._means, self._tensors, strict=True):
            mean.lerp_(tensor.data, 1.0 / self.count)

    def settle(self) -> None:
        """Give the network the mean of the weights that were taken; none leaves it as it is."""
        if self.count:
            for mean, tensor in zip(self._means, self._tensors, strict=True):
                tensor.data.copy_(mean)
