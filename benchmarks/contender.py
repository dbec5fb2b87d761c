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


# Of each, module and class for the disk network, and for networks on pairs of images.
_HOMES: dict[str, tuple[str, str]] = {
    OURS: ("ours.DiskPlan", "ours.PairsPlan"),
    "our-tape": ("ours.DiskTape", "ours.PairsTape"),
    "pytorch-eager": ("pytorch.Eager", "pytorch.Eager"),
    "pytorch-channels-last": ("", "pytorch.ChannelsLast"),
    "torch-compile": ("pytorch.Compiled", "pytorch.Compiled"),
    "torch-vmap-grad": ("pytorch.VmapGrad", ""),
    "torch-stacked": ("pytorch.Stacked", ""),
    "jax-jit": ("jax_networks.DiskJit", "jax_networks.PairsJit"),
    "jax-scan": ("jax_networks.DiskScan", ""),
    "jax-vmap-scan": ("jax_networks.DiskVmapScan", ""),
    "sklearn": ("sklearn_fit.SklearnFit", ""),
}


def contender_class(name: str, network: str) -> type[Contender]:
    """Return the class of a contender.

    Raises:
        BenchError: if it does not do this network.
        ImportError: if what it needs is not installed.
    """
    module, _, kind = _HOMES.get(name, ("", ""))[network != "disk"].partition(".")
    if not module:
        raise BenchError(f"bench: {name} does not do the network {network!r}")
    found: type[Contender] = getattr(import_module(f"benchmarks.rivals.{module}"), kind)
    return found
