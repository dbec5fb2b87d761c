"""Who holds a claim: a process, told apart from a later one that happens to get its number."""

from __future__ import annotations

import os
from pathlib import Path

from bakeoff.study.process import status_of


def this_process() -> str:
    """Return this process's identity: boot, process namespace, number and start time."""
    return f"{_world()}/{os.getpid()}/{start_time(os.getpid())}"


def is_alive(owner: str) -> bool:
    """Tell whether the process that `this_process` described still runs.

    A process of an earlier boot is gone. One of another process namespace (a container) cannot be
    seen from here and counts as gone: its rounds are then trained twice, to the same bits.
    """
    world, number, start = ("", "", *owner.rsplit("/", 2))[-3:]
    return world == _world() and number.isdigit() and start_time(int(number)) == start


def _world() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"


def start_time(number: int) -> str:
    """Return when a process started, in clock ticks since boot; "" if it is gone or a zombie."""
    fields = status_of(number)
    return "" if fields[0] in "ZX" else fields[19]


def number_of(owner: str) -> int:
    """Return the number of the process that `this_process` described."""
    return int(owner.split("/")[-2])


def is_stopped(number: int) -> bool:
    """Tell whether a process is stopped, as by Ctrl-Z, and goes on only when told to."""
    return status_of(number)[0] in "Tt"
