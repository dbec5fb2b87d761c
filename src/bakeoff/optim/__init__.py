"""Optimisers under PyTorch's names."""

from bakeoff.optim.optimizer import Optimizer
from bakeoff.optim.sgd import SGD

__all__ = ["SGD", "Optimizer"]
