"""The report's networks written again in PyTorch, as the oracle of ours."""

import torch
from torch import nn


class TorchBody(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3)
        self.conv2 = nn.Conv2d(16, 32, 3)

    def forward(self, x):
        conv1 = self.conv1(x).relu()
        pool = nn.functional.max_pool2d(conv1, 2)
        return conv1, pool, self.conv2(pool).relu()


class TorchBodies(nn.Module):
    def __init__(self, shared):
        super().__init__()
        self.first = TorchBody()
        self.second = None if shared else TorchBody()


class TorchSimplePair(nn.Module):
    """The report's wording, N-first, ReLU before the pool; parameters named as ours."""

    def __init__(self, shared, auxiliary="none"):
        super().__init__()
        self.auxiliary = auxiliary
        self.body = TorchBodies(shared)
        self.hidden1 = nn.Linear(1024, 64)
        self.hidden2 = nn.Linear(64, 32)
        self.output = nn.Linear(32, 2)
        if auxiliary == "target":
            self.branch_hidden1 = nn.ModuleList([nn.Linear(4608, 64), nn.Linear(1152, 64)])
        if auxiliary == "digits":
            self.first_digit = nn.Linear(32, 10)
            self.second_digit = nn.Linear(32, 10)
        if auxiliary == "digits-per-image":
            self.first_digit = nn.Linear(512, 10)
            self.second_digit = self.first_digit if shared else nn.Linear(512, 10)

    def forward(self, pairs):
        a = self.body.first(pairs[:, :1])
        b = (self.body.second or self.body.first)(pairs[:, 1:])
        conv1, pool, conv2 = (
            torch.cat([x.flatten(1), y.flatten(1)], 1) for x, y in zip(a, b, strict=True)
        )
        hidden = self.hidden2(self.hidden1(conv2).relu()).relu()
        outputs = {"target": self.output(hidden)}
        if self.auxiliary == "target":
            for name, first, x in (
                ("target.conv1", self.branch_hidden1[0], conv1),
                ("target.pool", self.branch_hidden1[1], pool),
            ):
                outputs[name] = self.output(self.hidden2(first(x).relu()).relu())
        if self.auxiliary == "digits":
            outputs |= {"first": self.first_digit(hidden), "second": self.second_digit(hidden)}
        if self.auxiliary == "digits-per-image":
            outputs |= {
                "first": self.first_digit(a[2].flatten(1)),
                "second": self.second_digit(b[2].flatten(1)),
            }
        return outputs


class TorchDeepBody(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2)
        self.conv3 = nn.Conv2d(32, 128, 3, padding=1)
        self.conv4 = nn.Conv2d(128, 128, 3, padding=1)
        self.conv5 = nn.Conv2d(128, 256, 3, padding=1)

    def forward(self, x):
        conv1 = self.conv1(x).relu()
        conv2 = nn.functional.max_pool2d(self.conv2(conv1).relu(), 2)
        conv4 = self.conv4(self.conv3(conv2).relu()).relu()
        return conv1, conv2, conv4, nn.functional.max_pool2d(self.conv5(conv4).relu(), 2)


class TorchDeepPair(nn.Module):
    """As `TorchSimplePair`: the deep networks in the report's wording."""

    def __init__(self, shared, auxiliary="none"):
        super().__init__()
        self.body = nn.Module()
        self.body.first = TorchDeepBody()
        self.body.second = None if shared else TorchDeepBody()
        self.hidden1 = nn.Linear(4608, 512)
        self.hidden2 = nn.Linear(512, 64)
        self.output = nn.Linear(64, 2)
        self.auxiliary = auxiliary
        if auxiliary == "target":
            lengths = (6272, 3136, 12544)
            self.branch_hidden1 = nn.ModuleList([nn.Linear(length, 512) for length in lengths])
        if auxiliary == "digits":
            self.first_digit = nn.Linear(64, 10)
            self.second_digit = nn.Linear(64, 10)

    def forward(self, pairs):
        a = self.body.first(pairs[:, :1])
        b = (self.body.second or self.body.first)(pairs[:, 1:])
        *stages, last = (
            torch.cat([x.flatten(1), y.flatten(1)], 1) for x, y in zip(a, b, strict=True)
        )
        hidden = self.hidden2(self.hidden1(last).relu()).relu()
        outputs = {"target": self.output(hidden)}
        if self.auxiliary == "target":
            for name, first, x in zip(
                ("conv1", "conv2", "conv4"), self.branch_hidden1, stages, strict=True
            ):
                outputs[f"target.{name}"] = self.output(self.hidden2(first(x).relu()).relu())
        if self.auxiliary == "digits":
            outputs |= {"first": self.first_digit(hidden), "second": self.second_digit(hidden)}
        return outputs
