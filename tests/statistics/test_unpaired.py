import dataclasses
import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.statistics.unpaired import (
    Published,
    analyse_unpaired,
    relabellings,
    unpaired_difference,
)

RNG = np.random.default_rng(4)


def judged(first, second, **options):
    first, second = np.asarray(first, float), np.asarray(second, float)
    marks = relabellings(len(first), len(second), resamples=options.pop("resamples", 9_999))
    return unpaired_difference(first, second, marks, **options)


def scipy_p(first, second):
    """The exact permutation test of scipy, of the difference of means."""
    return stats.permutation_test(
        (first, second),
        lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
        n_resamples=np.inf,
        vectorized=True,
    ).pvalue


values = st.lists(st.integers(0, 40), min_size=2, max_size=6)


@given(first=values, second=values)
@settings(max_examples=60, deadline=None)
def test_the_exact_p_is_scipys(first, second):
    """Whole numbers, so that scipy's sums are exact where there are ties."""
    assert judged(first, second).p_value == pytest.approx(scipy_p(first, second))


def test_a_drawn_p_is_near_scipys_exact_one():
    first, second = RNG.normal(0.4, 1, 12), RNG.normal(0, 1, 11)  # 1,352,078 relabellings
    found = judged(first, second)
    assert found.method == "permutation of labels, drawn"
    exact = stats.permutation_test(
        (first, second),
        lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
        n_resamples=200_000,
        vectorized=True,
        rng=np.random.default_rng(0),
    ).pvalue
    assert found.p_value == pytest.approx(exact, abs=0.02)
    assert judged(first, second) == found


@given(first=values, second=values, alpha=st.sampled_from([0.05, 0.1, 0.3]))
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_what_the_test_does_not_reject(first, second, alpha):
    first, second = np.array(first, float), np.array(second, float)
    found = judged(first, second, alpha=alpha)
    low, high = found.interval.low, found.interval.high
    assert (0 in found.interval) == (found.p_value > alpha)
    assert low <= found.mean <= high
    for end, outwards in ((low, -1), (high, 1)):
        if np.isfinite(end) and high - low > 1e-3:
            assert scipy_p(first - end - outwards * 1e-3, second) <= alpha
            assert scipy_p(first - end + outwards * 1e-6, second) > alpha
        elif not np.isfinite(end):
            assert scipy_p(first - found.mean - outwards * 1e6, second) > alpha


def test_an_interval_by_hand():
    """Of 20 relabellings, 2 on either side may be left out at alpha 0.2."""
    first, second = [5.0, 7.0, 9.0], [1.0, 2.0, 4.0]
    thresholds = sorted(
        np.mean(a) - np.mean(b)
        for k in (1, 2, 3)
        for a in combinations(first, k)
        for b in combinations(second, k)
    )
    found = judged(first, second, alpha=0.2)
    assert found.p_value == 0.1
    assert found.interval.low == pytest.approx(thresholds[1], abs=1e-9)
    assert found.interval.high == pytest.approx(thresholds[-2], abs=1e-9)


@given(
    first=st.lists(st.floats(-5, 5), min_size=3, max_size=30),
    second=st.lists(st.floats(-5, 5), min_size=3, max_size=30),
)
@settings(max_examples=40, deadline=None)
def test_welch_stands_beside_as_scipy_has_it(first, second):
    if np.ptp(first) < 1e-3 or np.ptp(second) < 1e-3:
        return
    found, welch = judged(first, second, resamples=99).student, stats.ttest_ind(
        first, second, equal_var=False
    )  # fmt: skip
    assert (found.statistic, found.p_value, found.df) == pytest.approx(
        (welch.statistic, welch.pvalue, welch.df), rel=1e-6, abs=1e-12
    )
    ends = welch.confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(ends), rel=1e-6)


def test_every_relabelling_is_listed_once_the_observed_one_first():
    marks = relabellings(3, 4)
    assert (marks.sum(axis=1) == 3).all()
    assert len(np.unique(marks, axis=0)) == len(marks) == 35
    assert marks[0].tolist() == [1, 1, 1, 0, 0, 0, 0]
    drawn = relabellings(30, 20, seed=1, resamples=500)
    assert drawn.shape == (501, 50)
    assert (drawn.sum(axis=1) == 30).all()
    assert drawn[0].tolist() == [1] * 30 + [0] * 20
    assert len(np.unique(drawn, axis=0)) == 501
    assert not np.array_equal(drawn, relabellings(30, 20, seed=2, resamples=500))


# ---- verdicts ------------------------------------------------------------------------------------


def samples(rng, shift=0.0, n=10, m=12):
    return {"a": rng.normal(0, 1, n), "b": rng.normal(shift, 1, m)}


def test_the_sentence_says_that_rounds_are_unpaired_and_how_many_each_has():
    found = analyse_unpaired(samples(RNG, 3.0), [("b", "a")])
    (comparison,) = found.comparisons
    assert comparison.verdict == "better"
    assert "; 12 and 10 rounds, unpaired)." in comparison.sentence
    assert found.mode == "unpaired"
    assert found.notes[0].startswith("rounds are unpaired")
    lower = analyse_unpaired(samples(RNG, 3.0), [("b", "a")], larger_is_better=False)
    assert lower.comparisons[0].verdict == "worse"


def test_a_margin_is_met_by_two_one_sided_tests():
    rng = np.random.default_rng(1)
    pair = {"a": rng.normal(0, 0.1, 20), "b": rng.normal(0, 0.1, 25)}
    (near,) = analyse_unpaired(pair, [("b", "a")], margin=0.2).comparisons
    assert near.verdict == "equivalent"
    assert near.estimate.equivalence_interval.inside(0.2)
    (tight,) = analyse_unpaired(pair, [("b", "a")], margin=0.03).comparisons
    assert tight.verdict == "undecided"
    inner = tight.estimate.equivalence_interval
    assert inner.confidence == pytest.approx(0.9)
    edge = max(-inner.low, inner.high)
    for margin, met in ((edge * 1.001, True), (edge * 0.999, False)):
        (found,) = analyse_unpaired(pair, [("b", "a")], margin=margin).comparisons
        assert (found.estimate.equivalence_p <= 0.05) == met


def test_holm_runs_over_the_pairs():
    three = samples(RNG) | {"c": RNG.normal(1, 1, 9)}
    found = analyse_unpaired(three, [("b", "a"), ("c", "a"), ("c", "b")]).comparisons
    smallest = min(found, key=lambda c: c.estimate.p_value)
    assert smallest.corrected_p == pytest.approx(3 * smallest.estimate.p_value)


@pytest.mark.parametrize(
    ("n", "m", "comparisons", "told"),
    [
        (3, 3, 1, "3 rounds cannot reach p = 0.05, 4 can"),
        (4, 4, 3, "4 rounds cannot reach p = 0.05 over 3 comparisons, 5 can"),
        (3, 30, 1, ""),
    ],
)
def test_too_few_rounds_for_any_verdict_are_told(n, m, comparisons, told):
    rng = np.random.default_rng(2)
    rows = {"a": rng.normal(0, 1, n)} | {k: rng.normal(0, 1, m) for k in "bcd"[:comparisons]}
    (first, *_) = analyse_unpaired(rows, [(k, "a") for k in rows if k != "a"]).comparisons
    assert told in first.sentence
    assert ("cannot reach" in first.sentence) == bool(told)


def test_rounds_that_diverged_are_left_out_and_counted():
    rows = samples(np.random.default_rng(3), 4.0)
    clean = analyse_unpaired(rows, [("b", "a")]).comparisons[0].estimate
    rows["b"] = np.append(rows["b"], [np.nan, np.nan])
    told = analyse_unpaired(rows, [("b", "a")])
    (found,) = told.comparisons
    assert "failed rounds are left out, which favours" in told.notes[-1]
    assert found.estimate == clean
    assert "12 and 10 rounds, unpaired, 2 left out as failed" in found.sentence
    (none,) = analyse_unpaired({"a": [1.0], "b": [1.0, 2.0]}, [("b", "a")]).comparisons
    assert none.verdict == "undecided"


def test_equal_values_on_both_sides_prove_nothing():
    (found,) = analyse_unpaired({"a": [0.5] * 9, "b": [0.7] * 9}, [("b", "a")]).comparisons
    assert found.verdict == "undecided"
    assert "copies of a single round" in found.sentence
    (one,) = analyse_unpaired({"a": [0.5] * 9, "b": [0.7, 0.8] * 5}, [("b", "a")]).comparisons
    assert one.verdict == "better"


def test_a_difference_said_to_be_found_is_found_four_times_in_five():
    rng, found, tried = np.random.default_rng(8), 0, 300
    for _ in range(tried):
        seen = samples(rng, 0.0, 8, 14)
        (seen,) = analyse_unpaired(seen, [("b", "a")], resamples=99).comparisons
        again = samples(rng, seen.detectable, 8, 14)
        again = [again["b"], again["a"]]
        found += stats.ttest_ind(*again, equal_var=False).pvalue <= 0.05
    assert seen.detectable is not None
    assert found / tried > 0.78


def test_false_verdicts_are_as_rare_as_promised_and_welch_is_told_where_it_disagrees():
    """300 studies of each kind with equal means; unlike spreads are outside the promise."""
    rng = np.random.default_rng(9)
    false = {"alike": 0, "tied": 0, "unlike": 0}
    told = 0
    for _ in range(300):
        drawn = {
            "alike": samples(rng, 0.0, 6, 7),
            "tied": {name: rng.integers(85, 90, 6) / 100 for name in "ab"},
            "unlike": {"a": rng.normal(0, 4, 8), "b": rng.normal(0, 1, 40)},
        }
        for kind, rows in drawn.items():
            found = analyse_unpaired(rows, [("b", "a")], resamples=499).comparisons[0]
            false[kind] += found.verdict != "undecided"
            told += kind == "unlike" and found.verdict != "undecided" and bool(found.notes)
    assert false["alike"] <= 25
    assert false["tied"] <= 25
    assert false["unlike"] > 60
    assert told > 0.5 * false["unlike"]


# ---- published numbers ---------------------------------------------------------------------------


def test_a_published_number_is_judged_by_welch_as_scipy_has_it():
    ours = np.random.default_rng(6).normal(87.5, 1.0, 20)
    told = Published.parse("theirs=86.6±1.3,n=30")
    assert told == Published("theirs", 86.6, 1.3, 30)
    (found,) = (analysis := analyse_unpaired({"ours": ours}, [("ours", "theirs")], published=told)
    ).comparisons  # fmt: skip
    oracle = stats.ttest_ind_from_stats(
        ours.mean(), ours.std(ddof=1), 20, 86.6, 1.3, 30, equal_var=False
    )
    assert found.estimate.p_value == pytest.approx(oracle.pvalue)
    assert found.estimate.student.statistic == pytest.approx(oracle.statistic)
    assert found.estimate.method == "Welch's t"
    assert found.estimate.equivalence_p is None
    assert "20 and 30 rounds, unpaired" in found.sentence
    assert re.match(r"theirs is a published mean, and proves less: .* 1\.3 is", analysis.notes[0])
    assert [s.name for s in analysis.summaries] == ["ours", "theirs"]
    (near,) = analyse_unpaired(
        {"ours": ours}, [("ours", "theirs")], published=told, margin=5.0
    ).comparisons
    assert near.verdict == "equivalent"
    one_sided = stats.ttest_ind_from_stats(
        ours.mean() - 5, ours.std(ddof=1), 20, 86.6, 1.3, 30, equal_var=False, alternative="less"
    )
    assert near.estimate.equivalence_p == pytest.approx(one_sided.pvalue)


@pytest.mark.parametrize(
    "text", ["a=86.6±1.3,n=30", "a = 86.6 +- 1.3, n = 30", "a=86.6+/-1.3,n=30", "a=8.66e1±1.3,n=30"]
)
def test_it_may_be_written_in_several_ways(text):
    assert dataclasses.astuple(Published.parse(text)) == ("a", 86.6, 1.3, 30)


@pytest.mark.parametrize(
    "text",
    ["a=86.6±1.3", "a=86.6,n=30", "86.6±1.3,n=30", "a=86.6±0,n=30", "a=86.6±1.3,n=1", "a=x±1,n=3"],
)
def test_a_number_that_cannot_be_compared_is_refused(text):
    with pytest.raises(StatisticsError, match=r"published: got .* expected NAME=MEAN±STD,n=ROUNDS"):
        Published.parse(text)


def test_contradictions_are_refused():
    with pytest.raises(StatisticsError, match="no name twice"):
        analyse_unpaired({"a": [1, 2]}, [], published=Published("a", 1, 1, 3))
    with pytest.raises(StatisticsError, match="margin"):
        analyse_unpaired({"a": [1, 2], "b": [1, 2]}, [("b", "a")], margin=-1.0)
    with pytest.raises(StatisticsError, match="infinite"):
        analyse_unpaired({"a": [1, np.inf], "b": [1, 2]}, [("b", "a")])


@pytest.mark.parametrize("size", [1e-90, 1e90])
def test_welch_stands_beside_values_of_any_size(size):
    first, second = RNG.normal(5, 1, (2, 8))
    plain, scaled = judged(first, second), judged(size * first, size * second)
    assert scaled.student.df == pytest.approx(plain.student.df)
    assert scaled.student.p_value == pytest.approx(plain.student.p_value)
