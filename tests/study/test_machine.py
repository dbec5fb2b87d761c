import platform

import attrs
import torch

from bakeoff.study.machine import Machine, mixture_note, this_machine


def test_the_machine_tells_its_versions():
    machine = this_machine()
    # A build for GPUs tells its kind, +cu130, in one place alone.
    assert machine.torch in {torch.__version__, torch.__version__.partition("+")[0]}
    assert machine.python == platform.python_version()
    assert machine.threads == 1
    assert set(machine.versions()) == {"bakeoff", "torch", "python"}


def test_rounds_kept_before_instructions_were_noted_are_no_other_machines():
    new = Machine(cpu="EPYC; AVX2", torch="2.13.0", python="3.11.7", bakeoff="1")
    old, other = attrs.evolve(new, cpu="EPYC"), attrs.evolve(new, cpu="EPYC; AVX512")
    xeon = attrs.evolve(new, cpu="EPYC 2")
    assert mixture_note({old: 3, new: 4}) == mixture_note({new: 3, old: 4}) == ""
    assert "3 on EPYC; AVX2 with torch 2.13.0; 4 on EPYC; AVX512" in mixture_note(
        {new: 3, other: 4}
    )
    assert "3 on EPYC; AVX2 with torch 2.13.0; 4 on EPYC 2 with" in mixture_note({xeon: 4, new: 3})


def test_unlike_machines_are_named_with_the_threads_that_shape_bits():
    one = Machine(cpu="EPYC", threads=1, torch="2.13.0", python="3.11.7", bakeoff="1")
    newer = attrs.evolve(one, python="3.12.0", bakeoff="2")
    two = attrs.evolve(one, threads=2)
    assert mixture_note({one: 3}) == mixture_note({one: 3, newer: 4}) == mixture_note({}) == ""
    assert mixture_note({one: 3, two: 4, newer: 5}) == (
        "the rounds come from unlike machines, whose last bits differ: "
        "8 on EPYC with torch 2.13.0; 4 on EPYC with torch 2.13.0 and 2 threads."
    )
