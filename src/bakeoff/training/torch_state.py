"""What of torch shapes a round's bits: the instructions that it chose, and its settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from attrs import evolve

from bakeoff.errors import printable
from bakeoff.study.machine import Machine, this_machine

# Of what libraries read in the environment, what may shape bits: those of MKL, oneDNN and OpenBLAS.
LIBRARIES = ("MKL_", "DNNL_", "ONEDNN_", "OPENBLAS_")
HARMLESS = ("_NUM_THREADS", "_VERBOSE")  # workers calculate in one thread, whatever is asked for


def machine_with_torch() -> Machine:
    """Describe this machine, with what torch calculates with on its CPU."""
    machine = this_machine()
    return evolve(machine, cpu="; ".join([machine.cpu, *_arithmetic()]))


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
