"""Ratios of timings, and how they are read."""

import json

import made_up
import pytest

from bakeoff.system.processes import cpu_model
from benchmarks.measure import Measured, Timing, duration, json_rows, markdown
from benchmarks.works import GROWTH, WORKS, Work

WORK = Work("w", "a work", "train", "disk", ("pytorch-eager", "jax-jit"))


def measured(**rivals):
    timings = {name.replace("_", "-"): Timing(tuple(s), 0.5) for name, s in rivals.items()}
    return Measured(WORK, timings, {}, flops=600)


def test_minimum_and_median():
    timing = Timing((3.0, 1.0, 2.0, 9.0), 0.5)
    assert (timing.minimum, timing.median) == (1.0, 2.5)


def test_ratios_say_how_many_times_faster_we_are():
    found = measured(our_plan=[2.0, 4.0, 5.0], pytorch_eager=[6.0, 10.0, 30.0])
    (row,) = found.rows().values()
    assert (row.work, row.rival) == ("w", "pytorch-eager")
    assert (row.ours_seconds, row.rival_seconds) == (2.0, 6.0)
    assert (row.ratio_of_minima, row.ratio_of_medians) == (3.0, 2.5)


def test_a_rival_that_was_not_measured_has_no_row():
    found = measured(our_plan=[1.0], jax_jit=[0.5])
    assert {rival: row.ratio_of_minima for rival, row in found.rows().items()} == {"jax-jit": 0.5}


def test_share_of_peak_is_taken_at_the_minimum():
    found = measured(our_plan=[2.0, 3.0], jax_jit=[0.5])
    _, _, ours, theirs = (line.split() for line in _table(markdown(found, 1000.0)))
    assert (ours[-3:-1], theirs[-3:-1]) == (["30", "%"], ["120", "%"])
    assert "%" not in markdown(Measured(WORK, found.timings, {}), 1000.0)


def _table(text):
    return [line for line in text.splitlines() if line.startswith("|")]


def test_a_sample_of_steps_and_rounds_is_counted_in_units():
    assert Work("w", "", "train", "disk", (), rounds=30, steps=20).units == 600
    assert Work("w", "", "fit", "disk", (), steps=200, batch=50).units == 10
    assert Work("w", "", "predict", "model2", ()).units == 1


KEYS = ["work", "rival", "ours_seconds", "rival_seconds", "ratio_of_minima", "ratio_of_medians"]


def test_json_rows_have_these_keys_and_numbers():
    rows = json.loads(json_rows([made_up.measured(missing=("jax-jit",)), made_up.measured()]))
    assert all(list(row) == [*KEYS, "machine"] for row in rows)
    assert rows[0] == {
        "work": "disk-step",
        "rival": "pytorch-eager",
        "ours_seconds": 1e-4,
        "rival_seconds": pytest.approx(3e-4),
        "ratio_of_minima": pytest.approx(3.0),
        "ratio_of_medians": pytest.approx(2.25),
        "machine": cpu_model(),
    }
    assert len(rows) == 4 + 5


def test_markdown_is_an_aligned_table_with_floors_and_what_is_missing():
    lines = markdown(made_up.measured(missing=("jax-jit",)), made_up.PEAK).splitlines()
    assert lines[0] == "disk network, a step of 50 points: time per step"
    assert len({len(line) for line in lines[2:8]}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:8]]
    assert cells[2] == ["our plan", "100 µs", "200 µs", "", "", "", "250 ms", "5 %"]
    assert cells[3][:3] == ["PyTorch eager", "300 µs", "450 µs"]
    assert cells[3][3:] == ["3.00×", "2.25×", "4×", "12.0 s", "2 %"]
    assert lines[-1] == "JAX jit: not available: not installed"


@pytest.mark.parametrize("work", [*WORKS, *GROWTH], ids=lambda work: work.name)
def test_tables_fit_in_90_columns(work):
    lines = markdown(made_up.measured(work), made_up.PEAK).splitlines()
    assert max(map(len, lines)) <= 90


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.4e-8, "0.03 µs"),
        (1.234e-4, "123 µs"),
        (1.26e-3, "1.26 ms"),
        (0.0563, "56.3 ms"),
        (95.4, "95.4 s"),
    ],
)
def test_durations_have_a_fitting_unit(seconds, text):
    assert duration(seconds) == text
