"""Where a plan's buffers lie: two buffers share memory if they are never needed at once."""

from __future__ import annotations

from dataclasses import dataclass

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


@dataclass
class Lifetime:
    """From the call that makes a buffer to the last one that uses it, and where it will lie.

    Attributes:
        size: in bytes.
        first: number of the call that makes it.
        last: number of the last call that uses it.
        offset: place in the arena, in bytes, once `place` has run.
    """

    size: int
    first: int
    last: int
    offset: int = 0

    def meets(self, other: Lifetime) -> bool:
        """Return whether both are needed at some call."""
        return self.first <= other.last and other.first <= self.last


def place(lifetimes: list[Lifetime]) -> int:
    """Choose an offset for each buffer and return the arena's size in bytes.

    The largest buffer first, each at the lowest place where it meets no other ("greedy by size",
    Pisarchyk & Lee 2020, "Efficient memory management for deep neural net inference", section 4).
    """
    placed: list[Lifetime] = []
    for buffer in sorted(lifetimes, key=lambda b: (-b.size, b.first)):
        offset = 0
        for other in sorted((b for b in placed if b.meets(buffer)), key=lambda b: b.offset):
            if offset + buffer.size <= other.offset:
                break
            offset = max(offset, _aligned(other.offset + other.size))
        buffer.offset = offset
        placed.append(buffer)
    return max((_aligned(b.offset + b.size) for b in lifetimes), default=0)


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
