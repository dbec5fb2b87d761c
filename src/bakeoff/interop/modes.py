"""Networks put in evaluation mode for a while, ours and PyTorch's alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bakeoff.nn import Module


@contextmanager
def modes_kept(network: Module | torch.nn.Module) -> Iterator[None]:
    """At the end, put every layer back in the mode that it was in, training or evaluation."""
    modes = [(part, part.training) for _, part in network.named_modules()]
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextmanager
def evaluating(network: Module | torch.nn.Module) -> Iterator[None]:
    """Put every layer in evaluation mode, and at the end back in the mode that it was in."""
    with modes_kept(network):
        network.eval()
        yield
