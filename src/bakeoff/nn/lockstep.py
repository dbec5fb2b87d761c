"""Many rounds at once: R independent networks of one architecture train in lockstep."""

from __future__ import annotations

from typing import TypeVar

import torch

from bakeoff.checks import check_count
from bakeoff.errors import ArgumentError
from bakeoff.nn.module import Module

AnyModule = TypeVar("AnyModule", bound=Module)


def lockstep(module: AnyModule, rounds: int) -> AnyModule:
    """Give every parameter and buffer of `module` a leading axis of `rounds` copies, in place.

    From then on the module takes and gives (rounds, N, ...) at its door: round r of the input
    meets round r of the parameters, and no round sees another. One long call does the work of
    `rounds` short ones, so that small networks train for little more than the price of one. Losses
    are modules too: `lockstep(CrossEntropyLoss(), rounds)` gives one value a round.

    Args:
        module: a network or loss, not yet in lockstep. Its parameters are forgotten, to be drawn
            by `initialise`, which gives each round the start that it would have alone.
        rounds: at least 1.

    Returns:
        The module itself.

    Raises:
        ArgumentError: for rounds below 1, or a module that is in lockstep already.
    """
    check_count("lockstep", "rounds", rounds)
    modules = [inner for _, inner in module.named_modules()]
    for inner in modules:
        if inner.rounds is not None:
            raise ArgumentError(
                f"lockstep: got a {type(inner).__name__} in lockstep already, expected a fresh one"
            )
    for inner in modules:
        inner.rounds = rounds
    for _, parameter in module.named_parameters():
        parameter.data = torch.full((rounds, *parameter.shape), float("nan"), dtype=parameter.dtype)
        parameter.grad, parameter.ready = None, False
    for _, buffer in module.named_buffers():
        buffer.data = buffer.data.expand(rounds, *buffer.shape).clone()
    return module
