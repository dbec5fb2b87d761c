"""Contenders in processes of their own, asked in turn."""

import os

import pytest

from benchmarks.child import Missing, Timer, _made, product_peak
from benchmarks.contender import BenchError
from benchmarks.interleave import Effort, Processes, check_agreement
from benchmarks.works import OURS, Work

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
    monkeypatch.setattr("benchmarks.child.time.perf_counter", contender.now)
    timer = Timer(contender, units=4)
    assert timer.sample_seconds == pytest.approx(calls * seconds)
    before = contender.calls
    assert timer.sample() == pytest.approx(seconds / 4)
    assert contender.calls - before == calls


def test_processes_are_pinned_measured_in_turn_and_gone_afterwards():
    before = os.sched_getaffinity(0)
    with Processes() as processes:
        assert os.sched_getaffinity(0) == {min(before)}
        found = processes.measure(DISK, Effort(seconds=0.0, least=3, most=3))
        opened = [process for process, _ in processes._open.values()]
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

    def fail(self, problem):
        raise RuntimeError("no C++ compiler\nmore words")

    monkeypatch.setattr(pytorch.Compiled, "__init__", fail)
    assert _made("torch-compile", DISK) == (None, Missing("RuntimeError: no C++ compiler"))
    monkeypatch.setattr("benchmarks.contender.import_module", _not_installed)
    _, missing = _made("jax-jit", DISK)
    assert missing.why == "No module named 'jax'; pip install '.[bench]'"


def _not_installed(name):
    raise ModuleNotFoundError("No module named 'jax'", name="jax")


def test_the_peak_is_a_number_of_operations_a_second():
    assert 1e8 < product_peak(0.05) < 1e14
