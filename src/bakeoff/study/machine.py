"""What a result's bits depend on besides the study: versions, the kind of CPU, threads."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from attrs import frozen


@frozen
class Machine:
    """Where rounds were trained; the same study gives the same bits on equal machines.

    Attributes:
        cpu: the CPU's model name.
        torch: torch's version.
        python: Python's version.
        bakeoff: bakeoff's version.
        threads: torch threads a worker; always 1 for our own workers.
    """

    cpu: str
    torch: str
    python: str
    bakeoff: str
    threads: int = 1

    def versions(self) -> dict[str, str]:
        """Return the three versions by name."""
        return {"bakeoff": self.bakeoff, "torch": self.torch, "python": self.python}


def this_machine() -> Machine:
    """Describe this machine, without importing torch."""
    return Machine(
        cpu=cpu_model(),
        torch=_version("torch"),
        python=platform.python_version(),
        bakeoff=_version("bakeoff"),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def cpu_model() -> str:
    """Return the CPU's model name, as Linux tells it, or else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def mixture_note(machines: Mapping[Machine, int]) -> str:
    """Return a sentence that names unlike machines, or "" where all rounds have like bits.

    The CPU, torch and the number of threads shape bits; the versions of Python and bakeoff do not.
    """
    alike: dict[str, int] = {}
    for machine, rounds in machines.items():
        told = f"{machine.cpu} with torch {machine.torch}"
        told += f" and {machine.threads} threads" * (machine.threads > 1)
        alike[told] = alike.get(told, 0) + rounds
    if len(alike) < 2:
        return ""
    each = "; ".join(f"{rounds} on {told}" for told, rounds in alike.items())
    return f"the rounds come from unlike machines, whose last bits differ: {each}."
