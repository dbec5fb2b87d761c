import numpy as np
import pytest

from bakeoff.errors import StatisticsError
from bakeoff.statistics.contrast import Contrast, all_pairs, pair

VALUES = np.array([[1.0, 4.0, 2.0], [2.0, np.nan, 2.5]])
NAMES = ("a", "b", "c")


def test_a_pair_is_first_minus_second():
    contrast = pair("b", "a")
    assert contrast.name == "b - a"
    assert contrast.formula == "+1 b -1 a"
    np.testing.assert_array_equal(contrast.values(VALUES, NAMES), [3.0, np.nan])


def test_rounds_that_diverged_elsewhere_do_not_count():
    np.testing.assert_array_equal(pair("c", "a").values(VALUES, NAMES), [1.0, 0.5])


def test_weights_are_shown_as_fractions():
    contrast = Contrast("x", (("a", 0.5), ("b", 0.5), ("c", -1.0)), "ab", "c")
    assert contrast.formula == "+1/2 a +1/2 b -1 c"
    np.testing.assert_array_equal(contrast.values(VALUES, NAMES), [0.5, np.nan])


def test_the_largest_value_behind_a_contrast_ignores_diverged_rounds():
    assert pair("b", "a").largest(VALUES, NAMES).tolist() == [4.0, 2.0]
    assert pair("c", "a").largest(-VALUES, NAMES).tolist() == [2.0, 2.5]
    assert pair("c", "a").largest(VALUES * np.nan, NAMES).tolist() == [0.0, 0.0]


def test_all_pairs_set_the_later_against_the_earlier():
    assert [c.name for c in all_pairs("abc")] == ["b - a", "c - a", "c - b"]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ((("a", 1.0), ("a", -1.0)), "named twice"),
        ((("a", 1.0), ("b", -0.5)), "sum to 0.5, expected 0"),
        ((("a", 1.0), ("b", -1.0), ("c", 0.0)), "but no 0"),
        ((("a", float("inf")), ("b", float("-inf"))), "finite"),
        ((), "finite"),
    ],
)
def test_weights_that_are_no_contrast_are_refused(weights, message):
    with pytest.raises(StatisticsError, match=message):
        Contrast("x", weights, "up", "down")


def test_a_competitor_against_itself_is_refused():
    with pytest.raises(StatisticsError, match="'a' with itself"):
        pair("a", "a")


def test_an_unknown_competitor_is_refused_with_the_nearest_name():
    with pytest.raises(StatisticsError, match=r"'modle1' \(did you mean 'model1'\?\)"):
        pair("modle1", "b").values(VALUES, ("model1", "b", "other"))
