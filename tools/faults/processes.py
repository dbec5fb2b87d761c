"""Waiting for processes, and finding those that live."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PATIENCE = 600.0
"""Seconds after which something does not happen any more, on the busiest machine."""


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something to come true.

    Raises:
        TimeoutError: if it does not.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.02)


def living(groups: set[int]) -> set[int]:
    """Return the numbers of the processes in some groups that live; a zombie does not."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in parentheses, may hold blanks itself.
            state, _, group, *_ = path.read_text(errors="replace").rpartition(")")[2].split()
            if state not in "ZX" and int(group) in groups:
                found.add(int(path.parent.name))
    return found
