"""The contenders: ours, and each rival as its own documentation advises.

A contender is a function that takes a `Problem` and returns a `Run`, which does the work once when
it is called, waits until it is done and returns what must agree between contenders: for training
the mean loss of each round over the steps, for a fit that of each epoch, for inference all logits.
Training goes on from where the last call left it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks.works import CONTENDERS, BenchError

if TYPE_CHECKING:
    from benchmarks.problem import Problem

Run = Callable[[], Any]


def contender(name: str, network: str) -> Callable[[Problem], Run]:
    """Return what makes a contender for a network.

    Raises:
        BenchError: if it does not do this network.
        ImportError: if what it needs is not installed.
    """
    found = CONTENDERS.get(name)
    home = found and (found.disk if network == "disk" else found.pairs)
    if not home:
        raise BenchError(f"bench: {name} does not do the network {network!r}")
    module, _, function = home.partition(".")
    made: Callable[[Problem], Run] = getattr(import_module(f"benchmarks.rivals.{module}"), function)
    return made
