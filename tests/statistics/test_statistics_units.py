from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.statistics.describe import Interval
from bakeoff.statistics.units import (
    PLAIN,
    POINTS,
    Ratio,
    Unit,
    count,
    mean_decimals,
    p_text,
    percent,
)

INF = float("inf")


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [
        (0.009, 0.020, ("0.9", "2.0")),
        (0.0043, 0.0066, ("0.43", "0.66")),
        (0.10, 0.35, ("10", "35")),
        (-0.002, 0.004, ("\u22120.20", "0.40")),
        (0.0000001, 0.02, ("0.00001", "2.00000")),  # an end that is not 0 is not shown as 0
        (0.0, 0.02, ("0.0", "2.0")),
        (-0.0072, 1e-12, ("\u22120.72", "0.00")),  # but for rounding errors it is 0
        (-INF, INF, ("minus infinity", "infinity")),
    ],
)
def test_an_interval_is_shown_to_two_digits_of_its_width(low, high, ends):
    interval = Interval(low, high, 0.95)
    decimals = POINTS.decimals(interval, 0.01)
    assert (POINTS.digits(low, decimals), POINTS.digits(high, decimals)) == ends


def test_a_mean_is_shown_finer_than_wide_ends():
    assert [mean_decimals(decimals) for decimals in (0, 1, 2, 3)] == [1, 2, 2, 3]


@pytest.mark.parametrize(
    ("low", "high", "mean", "shown"),
    [
        (6e17, 1.15e18, 8.75e17, ("6.0e+17", "1.15e+18", "8.75e+17")),
        (0.01, 333333333334, 1e11, ("0", "3.3e+11", "1.00e+11")),
        (-4e8, 333333333334, 1e11, ("0", "3.3e+11", "1.00e+11")),
        (12345678, 12345900, 12345789, ("1.234568e+07", "1.234590e+07", "12345789")),
        (12345678.1, 12345679.9, 12345679, ("12345678.1", "12345679.9", "12345679.00")),
        (600000, 1150000, 875000, ("600000", "1150000", "875000")),
        (-6e-19, 1.15e-18, 8.8e-19, ("\u22126e-19", "1.2e-18", "9e-19")),
        # The width of equal differences is what ties are widened by, and no digit of it counts.
        (0.009999999999, 0.010000000001, 0.01, ("0.010", "0.010", "0.010")),
    ],
)
def test_very_large_and_small_numbers_have_no_more_digits_than_the_interval_earns(
    low, high, mean, shown
):
    decimals = PLAIN.decimals(Interval(low, high, 0.95), mean)
    found = [PLAIN.digits(end, decimals) for end in (low, high)]
    assert (*found, PLAIN.digits(mean, mean_decimals(decimals))) == shown


@pytest.mark.parametrize(
    ("low", "high", "mean", "shown"),
    [
        (log(1.7), log(1.9), log(1.8), ("1.70", "1.90", "1.80 times")),
        (log(0.97), log(1.04), log(1), ("0.970", "1.040", "1.000 times")),
        (log(20), log(90), log(40), ("20", "90", "40.0 times")),
        (-INF, INF, log(2), ("0.0", "infinity", "2.00 times")),
        (log(2), log(2), log(2), ("2.0", "2.0", "2.00 times")),
        (0.0, 0.0, 0.0, ("1.00", "1.00", "1.00 times")),
        (1.0, 1e6, 900.0, ("2.72", "infinity", "infinity times")),
        (-1e6, 0.5, -1e6, ("0.0", "1.6", "0.00 times")),
    ],
)
def test_a_ratio_is_shown_to_two_digits_of_its_intervals_width(low, high, mean, shown):
    unit = Ratio(faster=True)
    decimals = unit.decimals(Interval(low, high, 0.95), mean)
    found = (unit.digits(low, decimals), unit.digits(high, decimals))
    assert (*found, unit.show(mean, mean_decimals(decimals))) == shown


def test_a_ratios_margin_is_told_as_it_was_given():
    assert Ratio().plain(log(1.05)) == "1.05 times"
    assert Ratio().plain(1e6) == "inf times"


def test_nothing_is_minus_zero():
    assert POINTS.digits(-0.0000001, 1) == "0.0"


def test_units_are_named():
    assert POINTS.show(0.0143, 2) == "1.43 points"
    assert PLAIN.show(-0.0143, 3) == "\u22120.014"
    assert POINTS.plain(0.005) == "0.5 points"
    assert POINTS.plain(0.01) == "1 point"
    assert Unit(1.0, "s").show(2.5, 1) == "2.5 s"
    assert Unit(1.0, "s").plain(1.0) == "1 s"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0003, "= 0.0003"),
        (0.00001, "< 0.0001"),
        (0.01234, "= 0.012"),
        (1.0, "= 1"),
        (0.0502, "= 0.0502"),  # not 0.05, which would be a verdict
        (0.0500001, "= 0.0500001"),
        (0.0496, "= 0.05"),
    ],
)
def test_p_is_never_rounded_across_alpha(p, text):
    assert p_text(p, 0.05) == text


@given(st.floats(1e-4, 1), st.sampled_from([0.01, 0.05, 0.1]))
def test_the_p_that_is_shown_decides_as_p_does(p, alpha):
    assert (float(p_text(p, alpha)[2:]) <= alpha) == (p <= alpha)


def test_words():
    assert percent(1 - 0.05) == "95 %"
    assert percent(1 - 2 * 0.05) == "90 %"
    assert count(1, "round") == "1 round"
    assert count(1200, "round") == "1,200 rounds"
