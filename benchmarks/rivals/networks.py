"""The networks in PyTorch's own layers, as a PyTorch user would write them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from benchmarks.problem import Problem

SIMPLE, DEEP = (1024, 64, 32), (4608, 512, 64)
"""The sizes of the heads of models 1 to 3 and of model 4."""


class SimpleBody(nn.Module):
    """conv 1→16 k3, max-pool 2, conv 16→32 k3, ReLU after each convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3)
        self.conv2 = nn.Conv2d(16, 32, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, 14, 14) to features (N, 512)."""
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = self.conv2(x).relu()
        return x.flatten(1)


class DeepBody(nn.Module):
    """Five convolutions and two pools, ReLU after each convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2)
        self.conv3 = nn.Conv2d(32, 128, 3, padding=1)
        self.conv4 = nn.Conv2d(128, 128, 3, padding=1)
        self.conv5 = nn.Conv2d(128, 256, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, 14, 14) to features (N, 2304)."""
        x = self.conv2(self.conv1(x).relu()).relu()
        x = nn.functional.max_pool2d(x, 2)
        x = self.conv5(self.conv4(self.conv3(x).relu()).relu()).relu()
        return nn.functional.max_pool2d(x, 2).flatten(1)


class PairNetwork(nn.Module):
    """Both images through their bodies, or one body, and the joined features through a head.

    Its parameters are named and ordered as ours.
    """

    def __init__(self, body: type[nn.Module], shared: bool, sizes: tuple[int, int, int]) -> None:
        super().__init__()
        bodies = {"first": body()} if shared else {"first": body(), "second": body()}
        self.body = nn.ModuleDict(bodies)
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


def torch_network(name: str, width: int = 25) -> nn.Module:
    """Return the network of that name, with PyTorch's own random weights."""
    if name == "disk":
        hidden = [layer for n in (2, width, width) for layer in (nn.Linear(n, width), nn.Tanh())]
        return nn.Sequential(*hidden, nn.Linear(width, 1))
    if name == "model4":
        return PairNetwork(DeepBody, False, DEEP)
    return PairNetwork(SimpleBody, name == "model2", SIMPLE)


def started(problem: Problem, round_: int) -> nn.Module:
    """Return the problem's network with the weights that everybody starts from."""
    network = torch_network(problem.work.network, problem.work.width)
    with torch.no_grad():
        for parameter, start in zip(network.parameters(), problem.start, strict=True):
            parameter.copy_(start[round_])
    return network


def loss_of(problem: Problem) -> nn.Module:
    """Return the loss of the problem's network."""
    return nn.MSELoss() if problem.work.network == "disk" else nn.CrossEntropyLoss()
