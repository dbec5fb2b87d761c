"""What a result's bits depend on besides the study: versions, the kind of CPU, torch's settings."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from attrs import frozen

from bakeoff.errors import printable


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
    """Describe this machine."""
    return Machine(
        cpu="; ".join([cpu_model(), *_arithmetic()]),
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


# Of what libraries read in the environment, what may shape bits: those of MKL, oneDNN and OpenBLAS.
LIBRARIES = ("MKL_", "DNNL_", "ONEDNN_", "OPENBLAS_")
HARMLESS = ("_NUM_THREADS", "_VERBOSE")  # workers calculate in one thread, whatever is asked for


def _arithmetic() -> list[str]:
    """Return what torch calculates with on this CPU; nothing where there is no torch."""
    try:
        from torch.backends.cpu import get_cpu_capability
    except ImportError:
        return []
    told = [
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(LIBRARIES) and not name.endswith(HARMLESS)
    ]
    return [get_cpu_capability(), *map(printable, told)]


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


_HALF = float("0.5")  # no constant, which Python would multiply beforehand


class _Setting(NamedTuple):
    """A setting of the whole process that shapes bits, and the value that rounds are trained at."""

    read: Callable[[], Any]
    write: Callable[[Any], object]
    known: Any


# Of torch.backends, as far as a release has them; None where the processor cannot do it.
BACKENDS = {
    "mkldnn.enabled": True,
    "mkldnn.deterministic": False,
    "mkldnn.allow_tf32": None,
    "fp32_precision": "none",
    "mkldnn.fp32_precision": "none",
    "mkldnn.matmul.fp32_precision": "none",
    "mkldnn.conv.fp32_precision": "none",
    "mkldnn.rnn.fp32_precision": "none",
}


@contextmanager
def known_state() -> Iterator[None]:
    """Have torch calculate in one thread and as it does when it is new; afterwards as before.

    A user's module may change that for the whole process as it is imported or run, and their
    rivals' rounds are not to be trained otherwise for it. The current folder is put back, too.
    """
    settings = _settings()
    before = [setting.read() for setting in settings]
    _put(settings, [setting.known for setting in settings])
    try:
        yield
    finally:
        _put(settings, before)


def _put(settings: list[_Setting], values: list[Any]) -> None:
    # Twice, as one setting may move another.
    for _ in range(2):
        for setting, value in zip(settings, values, strict=True):
            if setting.read() != value:
                setting.write(value)


def _settings() -> list[_Setting]:
    import torch

    def deterministic() -> tuple[bool, bool]:
        warns = torch.is_deterministic_algorithms_warn_only_enabled()
        return torch.are_deterministic_algorithms_enabled(), warns

    cpu, cuda = torch.device("cpu"), torch.backends.cuda
    settings = [
        _Setting(os.getcwd, os.chdir, os.getcwd()),
        _Setting(torch.get_num_threads, torch.set_num_threads, 1),
        _Setting(torch.get_default_dtype, torch.set_default_dtype, torch.float32),
        _Setting(
            torch.get_default_device,
            lambda device: torch.set_default_device(None if device == cpu else device),
            cpu,
        ),
        _Setting(
            deterministic,
            lambda on: torch.use_deterministic_algorithms(on[0], warn_only=on[1]),
            (False, False),
        ),
        _Setting(_flushes, torch.set_flush_denormal, False),
        _Setting(torch.is_grad_enabled, torch.set_grad_enabled, True),
        _Setting(
            lambda: torch.is_autocast_enabled("cpu"),
            lambda on: torch.set_autocast_enabled("cpu", on),
            False,
        ),
        _Setting(cuda.flash_sdp_enabled, cuda.enable_flash_sdp, True),
        _Setting(cuda.mem_efficient_sdp_enabled, cuda.enable_mem_efficient_sdp, True),
        _Setting(cuda.math_sdp_enabled, cuda.enable_math_sdp, True),
        _Setting(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest"),
    ]
    for name, known in BACKENDS.items():
        path, _, attribute = f"backends.{name}".rpartition(".")
        try:
            owner = attrgetter(path)(torch)
            getattr(owner, attribute)
        except AttributeError:
            continue
        write = partial(setattr, owner, attribute)
        settings.append(_Setting(partial(getattr, owner, attribute), write, known))
    return settings


def _flushes() -> bool:
    """Tell whether numbers near 0 become 0: Python's own do as torch's."""
    return bool(sys.float_info.min * _HALF == 0.0)
