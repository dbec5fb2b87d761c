"""Schedules of the step size under PyTorch's names.

A schedule writes the step size into the optimiser's memory between steps, where a captured step
reads it; keep `schedule.step()` outside what is captured.
"""

from bakeoff.optim.lr_scheduler.one_cycle import OneCycleLR
from bakeoff.optim.lr_scheduler.plateau import ReduceLROnPlateau
from bakeoff.optim.lr_scheduler.scheduler import CosineAnnealingLR, LRScheduler, StepLR

__all__ = ["CosineAnnealingLR", "LRScheduler", "OneCycleLR", "ReduceLROnPlateau", "StepLR"]
