import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.errors import StatisticsError
from bakeoff.statistics.contrast import Contrast, all_pairs, factorial_contrasts, pair

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


# ---- factorial studies -------------------------------------------------------------------------

SQUARE = {
    "plain": {"sharing": "no", "digits": "no"},
    "shared": {"sharing": "yes", "digits": "no"},
    "digits": {"sharing": "no", "digits": "yes"},
    "both": {"sharing": "yes", "digits": "yes"},
}


def cells(*sizes):
    """A full factorial: factor f0, f1, ... with levels a, b, ...; names spell the cell."""
    names = ["".join(chr(97 + i) for i in index) for index in np.ndindex(*sizes)]
    return {name: {f"f{i}": level for i, level in enumerate(name)} for name in names}


def by_name(contrasts):
    return {contrast.name: contrast for contrast in contrasts}


def test_two_by_two_worked_by_hand():
    found = by_name(factorial_contrasts(SQUARE))
    assert list(found) == ["sharing: yes - no", "digits: yes - no", "sharing=yes x digits=yes"]
    # plain 80, shared 82, digits 83, both 89: sharing +2 and +6, digits +3 and +7.
    values = np.array([[80.0, 82.0, 83.0, 89.0]])
    effects = [c.values(values, list(SQUARE)).item() for c in found.values()]
    assert effects == [4.0, 5.0, 4.0]


def test_two_by_three_weights_worked_by_hand():
    found = by_name(factorial_contrasts(cells(2, 3)))
    assert [c.kind for c in found.values()] == ["main effect"] * 3 + ["interaction"] * 2
    sharing = found["f0: b - a"].formula
    assert sharing == "-1/3 aa -1/3 ab -1/3 ac +1/3 ba +1/3 bb +1/3 bc"
    assert found["f1: c - a"].formula == "-1/2 aa +1/2 ac -1/2 ba +1/2 bc"
    assert found["f0=b x f1=c"].formula == "+1 aa -1 ac -1 ba +1 bc"


def test_a_third_factor_is_averaged_over():
    found = by_name(factorial_contrasts(cells(2, 2, 2)))
    assert len(found) == 3 + 3
    interaction = found["f0=b x f1=b"].formula
    assert interaction == "+1/2 aaa +1/2 aab -1/2 aba -1/2 abb -1/2 baa -1/2 bab +1/2 bba +1/2 bbb"


@given(st.lists(st.integers(2, 4), min_size=1, max_size=3), st.data())
def test_an_additive_table_has_its_effects_and_no_interaction(sizes, data):
    design = cells(*sizes)
    effect = {
        (f"f{i}", chr(97 + k)): data.draw(st.integers(-9, 9))
        for i, size in enumerate(sizes)
        for k in range(size)
    }
    values = np.array(
        [[sum(effect[item] for item in levels.items()) for levels in design.values()]], dtype=float
    )
    for contrast in factorial_contrasts(design):
        value = contrast.values(values, list(design)).item()
        if contrast.kind == "interaction":
            assert value == pytest.approx(0, abs=1e-9)
        else:
            factor, level = contrast.name.split(": ")[0], contrast.name.split(": ")[1][0]
            assert value == pytest.approx(effect[factor, level] - effect[factor, "a"], abs=1e-9)


def test_words_say_what_is_averaged_and_held():
    main, _, interaction = factorial_contrasts(SQUARE)
    assert (main.upper, main.lower) == ("sharing=yes", "sharing=no (averaged over digits)")
    assert interaction.upper == "the effect of sharing (yes against no) under digits=yes"
    assert interaction.lower == "under digits=no"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"both": None}, "no competitor is the cell yes, yes"),
        ({"both": {"sharing": "yes"}}, "'both' has no level of digits"),
        ({"both": SQUARE["plain"]}, "'plain' and 'both' are both the cell no, no"),
        ({"both": None, "digits": None}, "'digits' has one level only"),
        ({name: {} for name in SQUARE}, "no factor"),
    ],
)
def test_what_is_no_full_factorial_is_refused(changed, message):
    design = {k: v for k, v in {**SQUARE, **changed}.items() if v is not None}
    with pytest.raises(StatisticsError, match=message):
        factorial_contrasts(design)
