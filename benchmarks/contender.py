"""A contender: one way of doing a piece of work, ours or a rival's."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

from bakeoff.errors import BakeoffError
from benchmarks.problem import Problem
from benchmarks.works import OURS


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
    ("pytorch-eager", "disk"): ("pytorch", "Eager"),
    ("pytorch-eager", "pairs"): ("pytorch", "Eager"),
    ("pytorch-channels-last", "pairs"): ("pytorch", "ChannelsLast"),
    ("torch-compile", "disk"): ("pytorch", "Compiled"),
    ("torch-compile", "pairs"): ("pytorch", "Compiled"),
    ("torch-vmap-grad", "disk"): ("pytorch", "VmapGrad"),
    ("torch-stacked", "disk"): ("pytorch", "Stacked"),
    ("jax-jit", "disk"): ("jax_networks", "DiskJit"),
    ("jax-scan", "disk"): ("jax_networks", "DiskScan"),
    ("jax-vmap-scan", "disk"): ("jax_networks", "DiskVmapScan"),
    ("jax-jit", "pairs"): ("jax_networks", "PairsJit"),
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
    module = import_module(f"benchmarks.rivals.{home[0]}")
    found: type[Contender] = getattr(module, home[1])
    return found
