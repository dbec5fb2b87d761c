"""The networks in PyTorch's own layers, as a PyTorch user would write them."""

from __future__ import annotations

import torch
from torch import nn

from bakeoff.bench.problem import Problem


class Body(nn.Module):
    """What is done to each image, ReLU after each convolution as the report has it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, 14, 14) to features (N, F)."""
        raise NotImplementedError


class SimpleBody(Body):
    """conv 1→16 k3, max-pool 2, conv 16→32 k3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3)
        self.conv2 = nn.Conv2d(16, 32, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, 14, 14) to features (N, 512)."""
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = self.conv2(x).relu()
        return x.flatten(1)


class DeepBody(Body):
    """Five convolutions and two pools."""

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
        x = nn.functional.max_pool2d(x, 2)
        return x.flatten(1)


class PairNetwork(nn.Module):
    """Both images through their bodies, or one body, and the joined features through a head."""

    def __init__(self, body: type[Body], shared: bool, sizes: tuple[int, int, int]) -> None:
        super().__init__()
        self.first = body()
        self.second = None if shared else body()
        self.head = nn.Sequential(
            nn.Linear(sizes[0], sizes[1]),
            nn.ReLU(),
            nn.Linear(sizes[1], sizes[2]),
            nn.ReLU(),
            nn.Linear(sizes[2], 2),
        )

    def forward(self, pairs: torch.Tensor) -> torch.Tensor:
        """Pairs (N, 2, 14, 14) to logits (N, 2)."""
        first, second = pairs[:, :1], pairs[:, 1:]
        joined = torch.cat([self.first(first), (self.second or self.first)(second)], 1)
        logits: torch.Tensor = self.head(joined)
        return logits


def torch_network(name: str, width: int = 25) -> nn.Module:
    """Return the network of that name, with PyTorch's own random weights."""
    if name == "disk":
        return nn.Sequential(
            nn.Linear(2, width),
            nn.Tanh(),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Linear(width, 1),
        )
    if name == "model4":
        return PairNetwork(DeepBody, False, (4608, 512, 64))
    return PairNetwork(SimpleBody, name == "model2", (1024, 64, 32))


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
