"""Named random streams: a generator for each (study seed, round, purpose, name).

A stream depends on its own name alone, so adding a layer or a competitor shifts no other stream,
and two competitors that name a layer alike start it alike: that is what makes rounds *paired*.
Nothing here reads or moves torch's global generator.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Literal, get_args

import torch

from bakeoff.errors import ArgumentError

Purpose = Literal["data", "init", "order", "augment", "dropout", "bootstrap"]
PURPOSES: tuple[str, ...] = get_args(Purpose)


class Held(int):
    """A study's seed, of which `round_of(purpose, round)` tells which round's stream is drawn."""

    round_of: Callable[[str, int], int]


def stream_seed(seed: int, round_: int, purpose: Purpose, name: str = "") -> int:
    """Return the 32-bit seed of one stream.

    The four parts are joined unambiguously and hashed with BLAKE2b (RFC 7693) to 4 bytes, all that
    torch's CPU generator keeps of a seed.

    Args:
        seed: the study's seed, an integer of any size; one that is `Held` says of which round.
        round_: the round's number, at least 0.
        purpose: one of `PURPOSES`.
        name: the layer's or parameter's name; any text.

    Returns:
        An integer from 0 to 2**32 - 1.

    Raises:
        ArgumentError: for an unknown purpose or a negative round.
    """
    if purpose not in PURPOSES:
        raise ArgumentError(f"random stream: got purpose {purpose!r}, expected one of {PURPOSES}")
    if round_ < 0:
        raise ArgumentError(f"random stream: got round {round_}, expected 0 or more")
    if isinstance(seed, Held):
        round_ = seed.round_of(purpose, round_)
    key = f"{seed}/{round_}/{purpose}/{name}".encode()
    return int.from_bytes(blake2b(key, digest_size=4).digest(), "little")


def generator(seed: int, round_: int, purpose: Purpose, name: str = "") -> torch.Generator:
    """Return a fresh CPU generator at the start of one stream; arguments as in `stream_seed`."""
    return torch.Generator().manual_seed(stream_seed(seed, round_, purpose, name))
