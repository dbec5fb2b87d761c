"""Optimisers, their schedules and the clipping of gradients, under PyTorch's names.

Schedules are also found where PyTorch keeps them, in `lr_scheduler`. `OPTIMISERS` and `SCHEDULES`
are the classes that a recipe can name.
"""

from bakeoff.optim import lr_scheduler
from bakeoff.optim.adaptive import Adagrad, Adam, AdamW, RMSprop
from bakeoff.optim.lr_scheduler import (
    CosineAnnealingLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
)
from bakeoff.optim.optimizer import Optimizer, clip_grad_norm_
from bakeoff.optim.sgd import SGD

OPTIMISERS: dict[str, type[Optimizer]] = {
    c.__name__: c for c in (SGD, Adagrad, Adam, AdamW, RMSprop)
}
SCHEDULES: dict[str, type[LRScheduler]] = {
    c.__name__: c for c in (StepLR, CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau)
}

__all__ = [
    "OPTIMISERS",
    "SCHEDULES",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "LRScheduler",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "StepLR",
    "clip_grad_norm_",
    "lr_scheduler",
]
