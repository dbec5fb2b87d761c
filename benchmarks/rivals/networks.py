"""The networks in PyTorch's own layers, as a PyTorch user would write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

SIMPLE, DEEP = (1024, 64, 32), (4608, 512, 64)
"""The sizes of the heads of models 1 to 3 and of model 4."""


class SimpleBody(nn.Module):
    """Two convolutions and a pool, ReLU after each convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3)
        self.conv2 = nn.Conv2d(16, 32, 3)

    def forward(self, x: torch.Tensor) -> Any:
        """Images (N, 1, 14, 14) to features (N, 512)."""
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        return self.conv2(x).relu().flatten(1)


class DeepBody(nn.Module):
    """Five convolutions and two pools, ReLU after each convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2)
        self.conv3 = nn.Conv2d(32, 128, 3, padding=1)
        self.conv4 = nn.Conv2d(128, 128, 3, padding=1)
        self.conv5 = nn.Conv2d(128, 256, 3, padding=1)

    def forward(self, x: torch.Tensor) -> Any:
        """Images (N, 1, 14, 14) to features (N, 2304)."""
        x = nn.functional.max_pool2d(self.conv2(self.conv1(x).relu()).relu(), 2)
        x = self.conv5(self.conv4(self.conv3(x).relu()).relu()).relu()
        return nn.functional.max_pool2d(x, 2).flatten(1)


class PairNetwork(nn.Module):
    """Both images through their bodies, or one body, and the joined features through a head.

    Its parameters are named and ordered as ours.
    """

    def __init__(self, body: type[nn.Module], shared: bool, sizes: tuple[int, int, int]) -> None:
        super().__init__()
        self.body = nn.ModuleDict({name: body() for name in ("first", "second")[: 2 - shared]})
        self.hidden1 = nn.Linear(sizes[0], sizes[1])
        self.hidden2 = nn.Linear(sizes[1], sizes[2])
        self.output = nn.Linear(sizes[2], 2)

    def both(self, pairs: torch.Tensor) -> tuple[Any, Any]:
        """Pairs (N, 2, 14, 14) to what the bodies return of either image."""
        second = self.body["second" if "second" in self.body else "first"]
        return self.body["first"](pairs[:, :1]), second(pairs[:, 1:])

    def hidden(self, joined: torch.Tensor) -> torch.Tensor:
        """Return the head's last hidden layer of joined features (N, F)."""
        hidden: torch.Tensor = self.hidden2(self.hidden1(joined).relu()).relu()
        return hidden

    def forward(self, pairs: torch.Tensor) -> Any:
        """Pairs (N, 2, 14, 14) to logits (N, 2)."""
        return self.output(self.hidden(torch.cat(self.both(pairs), 1)))


def torch_network(name: str, start: Sequence[torch.Tensor]) -> nn.Module:
    """Return the network of that name with the weights `start`, in the order of its layers."""
    if name == "disk":
        *hidden, last = [nn.Linear(*weight.shape[::-1]) for weight in start[::2]]
        layers = [part for layer in hidden for part in (layer, nn.Tanh())]
        network: nn.Module = nn.Sequential(*layers, last)
    elif name == "model4":
        network = PairNetwork(DeepBody, False, DEEP)
    else:
        network = PairNetwork(SimpleBody, name == "model2", SIMPLE)
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), start, strict=True):
            parameter.copy_(value)
    return network
