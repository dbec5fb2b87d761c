"""The report's networks written again in PyTorch, with their auxiliary outputs, as ours' oracle."""

import torch
from torch import nn

from benchmarks.rivals.networks import DEEP, SIMPLE, DeepBody, PairNetwork, SimpleBody


class SimpleStages(SimpleBody):
    def forward(self, x):
        conv1 = self.conv1(x).relu()
        pool = nn.functional.max_pool2d(conv1, 2)
        return conv1, pool, self.conv2(pool).relu()


class DeepStages(DeepBody):
    def forward(self, x):
        conv1 = self.conv1(x).relu()
        conv2 = nn.functional.max_pool2d(self.conv2(conv1).relu(), 2)
        conv4 = self.conv4(self.conv3(conv2).relu()).relu()
        return conv1, conv2, conv4, nn.functional.max_pool2d(self.conv5(conv4).relu(), 2)


class TorchPair(PairNetwork):
    """The report's wording, N-first, ReLU before the pool; parameters named as ours."""

    def __init__(self, body, sizes, branches, shared, auxiliary):
        super().__init__(body, shared, sizes)
        self.auxiliary, self.branches = auxiliary, tuple(branches)
        if auxiliary == "target":
            self.branch_hidden1 = nn.ModuleList([nn.Linear(n, sizes[1]) for n in branches.values()])
        if auxiliary == "digits":
            self.first_digit = nn.Linear(sizes[2], 10)
            self.second_digit = nn.Linear(sizes[2], 10)
        if auxiliary == "digits-per-image":
            self.first_digit = nn.Linear(512, 10)
            self.second_digit = self.first_digit if shared else nn.Linear(512, 10)

    def forward(self, pairs):
        a, b = self.both(pairs)
        *stages, last = (
            torch.cat([x.flatten(1), y.flatten(1)], 1) for x, y in zip(a, b, strict=True)
        )
        hidden = self.hidden(last)
        outputs = {"target": self.output(hidden)}
        if self.auxiliary == "target":
            for name, first, x in zip(self.branches, self.branch_hidden1, stages, strict=True):
                branch = self.hidden2(first(x).relu()).relu()
                outputs[f"target.{name}"] = self.output(branch)
        if self.auxiliary == "digits":
            outputs |= {"first": self.first_digit(hidden), "second": self.second_digit(hidden)}
        if self.auxiliary == "digits-per-image":
            outputs |= {
                "first": self.first_digit(a[-1].flatten(1)),
                "second": self.second_digit(b[-1].flatten(1)),
            }
        return outputs


def simple_pair(shared, auxiliary="none"):
    return TorchPair(SimpleStages, SIMPLE, {"conv1": 4608, "pool": 1152}, shared, auxiliary)


def deep_pair(shared, auxiliary="none"):
    return TorchPair(
        DeepStages, DEEP, {"conv1": 6272, "conv2": 3136, "conv4": 12544}, shared, auxiliary
    )
