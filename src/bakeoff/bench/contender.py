"""A contender: one way of doing a piece of work, ours or a rival's."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

from bakeoff.bench.problem import Problem
from bakeoff.bench.work import OURS
from bakeoff.errors import BakeoffError


class BenchError(BakeoffError, RuntimeError):
    """A benchmark cannot be run, or a rival computes something else than we do."""


class Contender:
    """Base of all contenders.

    Args:
        problem: data, weights and order.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def run(self) -> Any:
        """Do the work once, wait until it is done and return what `figures` takes.

        Training goes on from where the last call left it.
        """
        raise NotImplementedError

    def figures(self, result: Any) -> list[float]:
        """Return what must agree between contenders.

        For training, the mean loss of each round over the steps; for a fit, that of each epoch;
        for inference, all logits.
        """
        return [float(x) for x in torch.as_tensor(result).flatten().tolist()]


# name: (module, class) by kind of network; "pairs" stands for all networks on pairs of images.
_HOMES: dict[tuple[str, str], tuple[str, str]] = {
    (OURS, "disk"): ("ours", "DiskPlan"),
    ("our-tape", "disk"): ("ours", "DiskTape"),
    (OURS, "pairs"): ("ours", "PairsPlan"),
    ("our-tape", "pairs"): ("ours", "PairsTape"),
    ("pytorch-eager", "disk"): ("eager", "Eager"),
    ("pytorch-eager", "pairs"): ("eager", "Eager"),
    ("pytorch-channels-last", "pairs"): ("eager", "ChannelsLast"),
    ("torch-compile", "disk"): ("eager", "Compiled"),
    ("torch-compile", "pairs"): ("eager", "Compiled"),
    ("torch-vmap-grad", "disk"): ("functional", "VmapGrad"),
    ("torch-stacked", "disk"): ("stacked", "Stacked"),
    ("jax-jit", "disk"): ("jax_disk", "DiskJit"),
    ("jax-scan", "disk"): ("jax_disk", "DiskScan"),
    ("jax-vmap-scan", "disk"): ("jax_disk", "DiskVmapScan"),
    ("jax-jit", "pairs"): ("jax_pairs", "PairsJit"),
    ("sklearn", "disk"): ("sklearn_fit", "SklearnFit"),
}


def contender_class(name: str, network: str) -> type[Contender]:
    """Return the class of a contender.

    Raises:
        BenchError: if it does not do this network.
        ImportError: if what it needs is not installed.
    """
    home = _HOMES.get((name, "disk" if network == "disk" else "pairs"))
    if home is None:
        raise BenchError(f"bench: {name} does not do the network {network!r}")
    module = import_module(f"bakeoff.bench.rivals.{home[0]}")
    found: type[Contender] = getattr(module, home[1])
    return found
