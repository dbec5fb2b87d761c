import os
import subprocess
import sys

import torch

from bakeoff.system.processes import cpu_model
from bakeoff.training.torch_state import LIBRARIES, machine_with_torch


def test_what_torch_calculates_with_is_part_of_the_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith(LIBRARIES)]:
        monkeypatch.delenv(name)
    plain = machine_with_torch().cpu
    assert plain.split("; ")[:2] == [cpu_model(), torch.backends.cpu.get_cpu_capability()]
    monkeypatch.setenv("MKL_NUM_THREADS", "3")  # shapes nothing in one thread
    assert machine_with_torch().cpu == plain
    monkeypatch.setenv("MKL_DYNAMIC", "FALSE")
    monkeypatch.setenv("MKL_CBWR", "AVX2\x1b[2J")
    assert machine_with_torch().cpu == rf"{plain}; MKL_CBWR=AVX2\x1b[2J; MKL_DYNAMIC=FALSE"


def test_other_instructions_are_another_machine():
    module = "bakeoff.training.torch_state"
    code = f"from {module} import machine_with_torch; print(machine_with_torch().cpu)"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"ATEN_CPU_CAPABILITY": "default"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split("; ")[1].strip() in {"DEFAULT", "NO AVX"}
