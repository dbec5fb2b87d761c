import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.errors import StatisticsError
from bakeoff.statistics.holm import holm, shaffer

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def test_four_p_values_worked_by_hand():
    # sorted 0.01, 0.02, 0.03, 0.5 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.5
    assert holm([0.03, 0.01, 0.5, 0.02]).tolist() == pytest.approx([0.06, 0.04, 0.5, 0.06])


def test_a_corrected_p_never_falls_below_the_one_before_it():
    # 0.02 times 3 is 0.06; 0.025 times 2 would be 0.05.
    assert holm([0.02, 0.025, 0.9]).tolist() == pytest.approx([0.06, 0.06, 0.9])


def test_one_comparison_needs_no_correction_and_none_is_fine():
    assert holm([0.03]).tolist() == [0.03]
    assert holm([]).tolist() == []


@given(P_VALUES)
def test_it_is_statsmodels_holm(p_values):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.multitest import multipletests
    theirs = multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(holm(p_values), theirs, rtol=1e-12, atol=0)


@given(P_VALUES, st.data())
def test_a_larger_p_never_shrinks_any_corrected_p(p_values, data):
    index = data.draw(st.integers(0, len(p_values) - 1))
    raised = list(p_values)
    raised[index] = data.draw(st.floats(p_values[index], 1))
    assert (holm(raised) >= holm(p_values)).all()


@given(P_VALUES)
def test_it_lies_between_p_and_bonferroni_and_keeps_the_order(p_values):
    p, corrected = np.array(p_values), holm(p_values)
    assert (corrected >= p).all()
    assert (corrected <= np.minimum(p * len(p), 1)).all()
    assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= 0).all()


def test_each_row_is_a_family_of_its_own():
    rows = np.array([[0.01, 0.02], [0.5, 0.04]])
    assert holm(rows).tolist() == [holm(rows[0]).tolist(), holm(rows[1]).tolist()]


@pytest.mark.parametrize("p_values", [[-0.1], [1.1], [0.5, float("nan")]])
def test_what_is_no_p_value_is_refused(p_values):
    with pytest.raises(StatisticsError, match="outside 0 to 1"):
        holm(p_values)


def test_three_comparisons_with_a_margin_worked_by_hand():
    # In order: 0.001 of a, 0.004 of a, 0.01 of b, 0.02 of c, 0.03 of b, 0.5 of c. Open comparisons
    # before each: 3, 3, 2 (a is settled both ways), 2, 2, 1.
    differences, equivalences = shaffer([0.001, 0.03, 0.5], [0.004, 0.01, 0.02])
    assert differences.tolist() == pytest.approx([0.003, 0.06, 0.5])
    assert equivalences.tolist() == pytest.approx([0.012, 0.02, 0.04])


def test_one_comparison_with_a_margin_is_asked_two_things_at_no_cost():
    assert [p.tolist() for p in shaffer([0.2], [0.03])] == [[0.2], [0.03]]
    assert [p.tolist() for p in shaffer([], [])] == [[], []]
    with pytest.raises(StatisticsError, match="outside 0 to 1"):
        shaffer([0.5], [float("nan")])


@given(P_VALUES, st.data())
def test_two_questions_a_comparison_cost_no_less_than_one_and_no_more_than_bonferroni(
    p_values, data
):
    m = len(p_values)
    p = np.array([p_values, data.draw(st.lists(st.floats(0, 1), min_size=m, max_size=m))])
    corrected = np.array(shaffer(*p))
    assert (corrected >= holm(p)).all()
    assert (corrected <= np.minimum(m * p, 1)).all() or m == 1
    order = np.argsort(p, axis=None, kind="stable")
    assert (np.diff(corrected.ravel()[order]) >= 0).all()
