"""Pairing the same digits anew: every image meets another partner, none is left out."""

from __future__ import annotations

import torch


def pair_anew(labels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Pair all images at random so that the two digits of a pair always differ.

    A random pairing has some pairs of equal digits, one in ten on MNIST. Each of those swaps its
    second image with that of another pair, drawn from all pairs that hold no such digit; there is
    one as long as no digit makes up more than half of the images.

    Args:
        labels: (2·n,) int64, each digit n times at most.
        generator: CPU generator.

    Returns:
        (n, 2) int64, places in `labels`, each exactly once.
    """
    pairs = torch.randperm(len(labels), generator=generator).view(-1, 2)
    digits = labels[pairs]
    for equal in torch.nonzero(digits[:, 0] == digits[:, 1]).flatten().tolist():
        if digits[equal, 0] != digits[equal, 1]:
            continue  # it was another equal pair's partner
        others = torch.nonzero((digits != digits[equal, 0]).all(1)).flatten()
        other = others[torch.randint(len(others), (), generator=generator)]
        both = torch.stack([torch.tensor(equal), other])
        pairs[both, 1] = pairs[both.flip(0), 1]
        digits[both, 1] = digits[both.flip(0), 1]
    return pairs
