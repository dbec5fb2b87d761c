"""Contenders in processes of their own, asked in turn."""

import os

import pytest

from benchmarks.interleave import (
    Effort,
    Processes,
    Timer,
    check_agreement,
    make,
    product_flops,
    product_peak,
)
from benchmarks.works import OURS, BenchError, Work

DISK = Work("w", "", "train", "disk", ("our-tape", "sklearn-of-yore"), batch=10, steps=2, width=6)


def test_rivals_that_agree_pass():
    check_agreement(DISK, {OURS: (0.5, 0.25), "jax-jit": (0.50009, 0.2499)})


@pytest.mark.parametrize("figures", [(0.5, 0.2502), (0.4998, 0.25), (0.5, float("nan"))])
def test_a_rival_that_does_other_work_is_named(figures):
    with pytest.raises(BenchError, match="w: JAX jit differs from ours by"):
        check_agreement(DISK, {OURS: (0.5, 0.25), "jax-jit": figures})


def test_a_rival_that_does_less_work_is_named():
    with pytest.raises(BenchError, match="JAX jit gave 1 figures, expected 2"):
        check_agreement(DISK, {OURS: (0.5, 0.25), "jax-jit": (0.5,)})


def test_effort_sets_the_number_of_samples():
    effort = Effort(seconds=2.0, least=4, most=30)
    assert [effort.cycles(seconds) for seconds in (0.001, 0.1, 10.0)] == [30, 20, 4]


class Ticking:
    """Does nothing, and says that it took so long."""

    def __init__(self, seconds):
        self.seconds, self.calls = seconds, 0

    def run(self):
        self.calls += 1

    def now(self):
        return self.calls * self.seconds


@pytest.mark.parametrize(("seconds", "calls"), [(0.001, 10), (0.5, 1), (1e-9, 1000)])
def test_a_short_work_is_repeated_within_a_sample(monkeypatch, seconds, calls):
    contender = Ticking(seconds)
    monkeypatch.setattr("benchmarks.interleave.time.perf_counter", contender.now)
    timer = Timer(contender.run, units=4)
    assert timer.sample_seconds == pytest.approx(calls * seconds)
    before = contender.calls
    assert timer.sample() == pytest.approx(seconds / 4)
    assert contender.calls - before == calls


def test_processes_are_pinned_measured_in_turn_and_gone_afterwards():
    before = os.sched_getaffinity(0)
    with Processes() as processes:
        assert os.sched_getaffinity(0) == {min(before)}
        found = processes.measure(DISK, Effort(seconds=0.0, least=3, most=3))
        opened = [p for pool in processes._open.values() for p in pool._processes.values()]
        assert all(os.sched_getaffinity(p.pid) == {max(before)} for p in opened)
    assert os.sched_getaffinity(0) == before
    assert not any(process.is_alive() for process in opened)
    assert found.timings.keys() == {OURS, "our-tape"}
    for timing in found.timings.values():
        assert len(timing.samples) == 3
        assert min(timing.samples) > 0
        assert timing.start_seconds > 0
    assert "sklearn-of-yore does not do the network 'disk'" in found.missing["sklearn-of-yore"]
    assert found.flops > 0


def test_a_rival_that_fails_is_missing_and_told_why(monkeypatch):
    from benchmarks.rivals import pytorch

    def fail(problem):
        raise RuntimeError("no C++ compiler\nmore words")

    monkeypatch.setattr(pytorch, "compiled", fail)
    assert make("torch-compile", DISK) == "RuntimeError: no C++ compiler"
    monkeypatch.setattr("benchmarks.rivals.import_module", _not_installed)
    assert make("jax-jit", DISK) == "No module named 'jax'; pip install '.[bench]'"


def _not_installed(name):
    raise ModuleNotFoundError("No module named 'jax'", name="jax")


def test_the_peak_is_a_number_of_operations_a_second():
    assert 1e8 < product_peak(0.05) < 1e14


def test_a_process_that_dies_is_told():
    with Processes() as processes, pytest.raises(BenchError, match="the process of our plan ended"):
        processes.ask(OURS, os._exit, 3)


def test_the_operations_of_a_step_of_the_disk_network():
    work = Work("w", "", "train", "disk", (), rounds=3, batch=10, width=7, steps=2)
    multiplications = 2 * 7 + 7 * 7 + 7 * 7 + 7
    # Forward, the weights' gradients, and the inputs' gradients but for the first layer's.
    assert product_flops(work) == 2 * 10 * (3 * multiplications - 2 * 7)


def test_the_operations_of_inference_of_model_2_on_1000_pairs():
    work = Work("w", "", "predict", "model2", (), batch=100)
    an_image = 9 * 16 * 144 + 9 * 16 * 32 * 16
    a_pair = 2 * an_image + 1024 * 64 + 64 * 32 + 32 * 2
    assert product_flops(work) == 2 * 1000 * a_pair
