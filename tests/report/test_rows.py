import numpy as np
import pytest

from bakeoff.report.figures.rows import (
    DOTTED,
    Difference,
    Row,
    draw_differences,
    draw_dots,
    has_far_ones,
    swarm,
)
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


def dots_of(rows):
    with drawing():
        figure = draw_differences(rows, "difference")
        figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    drawn = [line for line in figure.axes[0].lines if line.get_markersize() == 3.6]
    return [line.get_xdata() for line in drawn if len(line.get_xdata())], low, high


def test_each_rounds_difference_is_a_dot_and_none_is_cut_off():
    values = (-7.0, 0.5, 1.0, 9.0)
    (dots,), low, high = dots_of([Difference("b − a", 0.9, 0.5, 1.3, "better", "better", values)])
    assert dots.tolist() == list(values)
    assert low < -7
    assert high > 9


def test_of_very_many_comparisons_the_intervals_stand_alone():
    row = Difference("b − a", 0.9, 0.5, 1.3, "better", "better", (-7.0, 9.0))
    assert len(dots_of([row] * DOTTED)[0]) == DOTTED
    dots, low, _ = dots_of([row] * (DOTTED + 1))
    assert dots == []
    assert low > -1
