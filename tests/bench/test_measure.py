"""Ratios of timings."""

import math

from bakeoff.bench.measure import Measured, Timing
from bakeoff.bench.work import Work

WORK = Work("w", "a work", "train", "disk", ("pytorch-eager", "jax-jit"))


def measured(**rivals):
    timings = {name.replace("_", "-"): Timing(tuple(s), 0.5) for name, s in rivals.items()}
    return Measured(WORK, timings, {}, flops=600)


def test_minimum_and_median():
    timing = Timing((3.0, 1.0, 2.0, 9.0), 0.5)
    assert (timing.minimum, timing.median) == (1.0, 2.5)


def test_ratios_say_how_many_times_faster_we_are():
    found = measured(our_plan=[2.0, 4.0, 5.0], pytorch_eager=[6.0, 10.0, 30.0])
    (row,) = found.rows()
    assert (row.work, row.rival) == ("w", "pytorch-eager")
    assert (row.ours_seconds, row.rival_seconds) == (2.0, 6.0)
    assert (row.ratio_of_minima, row.ratio_of_medians) == (3.0, 2.5)


def test_a_rival_that_was_not_measured_has_no_row():
    found = measured(our_plan=[1.0], jax_jit=[0.5])
    assert [row.rival for row in found.rows()] == ["jax-jit"]
    assert found.rows()[0].ratio_of_minima == 0.5


def test_share_of_peak_is_taken_at_the_minimum():
    found = measured(our_plan=[2.0, 3.0], jax_jit=[0.5])
    assert math.isclose(found.share_of_peak("our-plan", 1000.0), 0.3)
    assert math.isclose(found.share_of_peak("jax-jit", 1000.0), 1.2)
    assert Measured(WORK, found.timings, {}).share_of_peak("jax-jit", 1000.0) is None


def test_a_sample_of_steps_and_rounds_is_counted_in_units():
    assert Work("w", "", "train", "disk", (), rounds=30, steps=20).units == 600
    assert Work("w", "", "fit", "disk", (), steps=200, batch=50).units == 10
    assert Work("w", "", "predict", "model2", ()).units == 1
