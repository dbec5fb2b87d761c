"""What is promised, on made-up figures."""

import pytest

from benchmarks.measure import FLOORS, Measured, Timing, broken
from benchmarks.works import LOCKSTEP, MODEL1, OURS, WORKS


def measured(ratio, missing=None, work=MODEL1):
    timings = {OURS: Timing((1.0, 7.0), 0.0)}
    timings |= {rival: Timing((ratio, ratio), 0.0) for rival in work.rivals}
    for rival in missing or {}:
        del timings[rival]
    return Measured(work, timings, missing or {})


def test_every_floor_is_about_a_work_and_one_of_its_rivals():
    rivals = {work.name: work.rivals for work in WORKS}
    for (work, rival), floor in FLOORS.items():
        assert rival in rivals[work]
        assert 0 < floor.least <= floor.aim


@pytest.mark.parametrize("ratio", [2.5, 2.6, 100.0])
def test_a_kept_promise_is_not_told(ratio):
    assert broken([measured(ratio)]) == []


def test_a_broken_promise_says_got_and_expected():
    assert broken([measured(2.49)]) == [
        "model1-step against pytorch-eager: got 2.49×, expected at least 2.5×"
    ]


def test_the_minima_decide_not_the_medians():
    # Our median is 4, so the ratio of medians is below 1 here.
    assert broken([measured(3.0)]) == []


def test_a_rival_that_could_not_be_measured_breaks_its_promise():
    (sentence,) = broken([measured(9.0, {"pytorch-eager": "no such module"})])
    assert sentence.startswith("model1-step against pytorch-eager: not measured (no such module)")


def test_one_without_a_promise_may_be_missing_or_slow():
    assert broken([measured(9.0, {"jax-jit": "not installed"})]) == []


def test_work_that_was_left_out_is_not_checked():
    assert broken([]) == []


def test_all_promises_of_a_work_are_checked():
    assert len(broken([measured(1.0, work=LOCKSTEP)])) == 4
    assert len(broken([measured(1.5, work=LOCKSTEP)])) == 2
    assert len(broken([measured(1.5, work=LOCKSTEP), measured(1.0)])) == 3
