"""The report's second task, whole: a 2-25-25-25-1 network that tells the inside of a disk."""

from bakeoff.disk.network import (
    SHIPPED,
    disk_network,
    fold_standardiser,
    fresh_points,
    shipped_network,
)
from bakeoff.disk.rounds import DiskRound, document, train_rounds
from bakeoff.disk.training import DiskRecipe, DiskTraining

__all__ = [
    "SHIPPED",
    "DiskRecipe",
    "DiskRound",
    "DiskTraining",
    "disk_network",
    "document",
    "fold_standardiser",
    "fresh_points",
    "shipped_network",
    "train_rounds",
]
