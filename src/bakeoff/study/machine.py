"""Where rounds were made: versions and the kind of CPU."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from attrs import frozen

from bakeoff.system.processes import cpu_model


@frozen
class Machine:
    """Where rounds were trained; the same study gives the same bits on equal machines.

    Attributes:
        cpu: the CPU's model name, and after a semicolon each what torch calculates with on it: the
            instructions that it chose, and what the environment tells the matrix library.
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
    """Describe this machine, but for what torch calculates with on it."""
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


def mixture_note(machines: Mapping[Machine, int]) -> str:
    """Return a sentence that names unlike machines, or "" where all rounds have like bits.

    The CPU, torch and the number of threads shape bits; the versions of Python and bakeoff do not.
    Rounds that were kept before instructions were noted count as made with those of the others.
    """
    alike: dict[str, int] = {}
    # Where they were noted, first.
    for machine, rounds in sorted(machines.items(), key=lambda pair: ";" not in pair[0].cpu):
        told = f"{machine.cpu} with torch {machine.torch}"
        told += f" and {machine.threads} threads" * (machine.threads > 1)
        if ";" not in machine.cpu:
            first, rest = told[: len(machine.cpu)] + ";", told[len(machine.cpu) :]
            told = next((a for a in alike if a.startswith(first) and a.endswith(rest)), told)
        alike[told] = alike.get(told, 0) + rounds
    if len(alike) < 2:
        return ""
    each = "; ".join(f"{rounds} on {told}" for told, rounds in alike.items())
    return f"the rounds come from unlike machines, whose last bits differ: {each}."
