import numpy as np
import pytest

from bakeoff.report.figures.rows import Row, draw_dots, has_far_ones, swarm
from bakeoff.report.figures.style import drawing


def axes_of(values, **options):
    row = Row("a", 0, np.array(values), float(np.mean(values)), min(values), max(values), "a")
    with drawing():
        figure = draw_dots([row], "seconds", **options)
        figure.draw_without_rendering()
    return figure.axes[0]


def test_times_begin_at_zero_unless_some_are_far_out():
    axes = axes_of([2.0, 2.5, 3.0], from_zero=True)
    assert (axes.get_xscale(), axes.get_xlim()[0]) == ("linear", 0.0)
    axes = axes_of([2.0, 2.5, 3.0, 74.0], from_zero=True)
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "seconds, logarithmic"
    low, high = axes.get_xlim()
    assert low < 2.0
    assert high > 74.0
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert {"2", "5", "10", "20", "50"} <= set(labels)


def test_an_accuracy_is_never_on_a_logarithmic_axis():
    assert axes_of([0.5, 0.6, 90.0]).get_xscale() == "linear"


@pytest.mark.parametrize(
    ("values", "far"), [([1, 2, 10], False), ([1, 1, 11], True), ([0, 1, 11], False), ([], False)]
)
def test_far_ones(values, far):
    assert has_far_ones(np.array(values, dtype=float)) is far


def test_near_dots_are_lifted_apart_and_stay_in_their_row():
    lift = swarm(np.array([5.0, 5.0, 5.0, 9.0]), 0.0, 10.0)
    assert len(set(lift[:3])) == 3
    assert lift[3] == 0.0
    assert np.abs(swarm(np.full(100, 5.0), 0.0, 10.0)).max() <= 0.4
