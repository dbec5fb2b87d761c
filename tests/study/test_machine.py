import platform

import torch

from bakeoff.study.machine import cpu_model, this_machine


def test_the_machine_tells_its_versions():
    machine = this_machine()
    assert machine.torch == torch.__version__
    assert machine.python == platform.python_version()
    assert machine.threads == 1
    assert set(machine.versions()) == {"bakeoff", "torch", "python"}


def test_the_cpu_has_a_name():
    assert cpu_model().strip() == cpu_model() != ""
