import dataclasses
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.errors import StatisticsError
from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.contrast import all_pairs, factorial_contrasts
from bakeoff.statistics.estimate import paired_difference
from bakeoff.statistics.holm import holm
from bakeoff.statistics.units import PLAIN
from bakeoff.statistics.verdict import Verdict

NAN = float("nan")
RNG = np.random.default_rng(5)
#: 30 rounds of four competitors: b is 2 points above a, c is equal to a, d is noisy.
TRUTH = np.array([0.86, 0.88, 0.86, 0.865])
SPREAD = np.array([0.006, 0.006, 0.002, 0.03])
VALUES = np.rint(1000 * (TRUTH + SPREAD * RNG.standard_normal((30, 4)))) / 1000
NAMES = ("a", "b", "c", "d")


def verdicts(*arguments, **options):
    return [str(c.verdict) for c in analyse(*arguments, **options).comparisons]


def only(*arguments, **options):
    (comparison,) = analyse(*arguments, **options).comparisons
    return comparison


def test_the_four_verdicts():
    pairs = [("b", "a"), ("a", "b"), ("c", "a"), ("d", "a")]
    assert verdicts(VALUES, NAMES, pairs[:1]) == ["better"]
    assert verdicts(VALUES, NAMES, pairs[1:2]) == ["worse"]
    assert verdicts(VALUES, NAMES, [pairs[0], *pairs[2:]], margin=0.01) == [
        "better",
        "equivalent",
        "undecided",
    ]


def test_losses_are_better_when_smaller():
    assert verdicts(VALUES, NAMES, [("b", "a")], larger_is_better=False, unit=PLAIN) == ["worse"]


def test_holm_runs_over_the_declared_comparisons():
    found = analyse(VALUES, NAMES, all_pairs(NAMES))
    p_values = [c.estimate.p_value for c in found.comparisons]
    assert [c.corrected_p for c in found.comparisons] == holm(p_values).tolist()
    alone = only(VALUES, NAMES, [("b", "a")])
    assert alone.corrected_p == alone.estimate.p_value


def test_figures_are_those_of_the_paired_difference():
    estimate = only(VALUES, NAMES, [("b", "a")], seed=3, resamples=999).estimate
    paired = paired_difference(
        VALUES[:, 1] - VALUES[:, 0], seed=3, resamples=999, largest=VALUES.max()
    )
    for field in ("mean", "std", "effect_size", "p_value", "interval", "student"):
        assert getattr(estimate, field) == getattr(paired, field)


def test_diverged_rounds_leave_only_the_comparisons_they_touch():
    values = VALUES.copy()
    values[3, 0] = values[7, 1] = values[9, 1] = NAN
    found = analyse(values, NAMES, [("b", "a"), ("c", "a"), ("d", "c")], resamples=999)
    assert [(c.rounds, c.dropped) for c in found.comparisons] == [(27, 3), (29, 1), (30, 0)]
    assert [s.failed for s in found.summaries] == [1, 2, 0, 0]
    kept = np.delete(VALUES, [3, 7, 9], axis=0)
    again = only(kept, NAMES, [("b", "a")], resamples=999)
    assert found.comparisons[0].estimate.mean == again.estimate.mean
    assert "b failed in 2 of 30 rounds and a in 1 (" in found.comparisons[0].sentence
    assert "; 27 rounds)." in found.comparisons[0].sentence


@pytest.mark.parametrize("mode", ["planned", "anytime"])
def test_a_competitor_that_always_diverged_is_told_and_spoils_nothing(mode):
    values = VALUES.copy()
    values[:, 3] = NAN
    found = analyse(values, NAMES, [("d", "a"), ("b", "a")], mode=mode, margin=0.001)
    lost, fine = found.comparisons
    assert (lost.verdict, lost.estimate) == (Verdict.WORSE, None)
    assert (lost.rounds, lost.dropped, lost.equivalence) == (0, 30, None)
    assert lost.sentence == (
        "d is worse than a, ahead in 0 of 30 rounds and behind in 30 (corrected p < 0.0001; a"
        " failed round is lost). d failed in 30 of 30 rounds and a in none (corrected p of failing"
        " alike < 0.0001); both finished in fewer than two."
    )
    assert fine.verdict is Verdict.BETTER
    assert found.summaries[3].mean is None


@pytest.mark.parametrize(("rounds", "comparisons", "needed"), [(5, 1, 6), (9, 6, 8), (7, 6, 8)])
def test_no_verdict_that_the_rounds_cannot_reach(rounds, comparisons, needed):
    values = np.linspace(0.8, 0.9, rounds)[:, None] + np.array([0.0, 0.01, 0.02, 0.03])
    found = analyse(values, NAMES, all_pairs(NAMES)[:comparisons])
    assert {c.rounds_to_reach for c in found.comparisons} == {needed}
    for comparison in found.comparisons:
        if rounds < needed:
            assert comparison.verdict is Verdict.UNDECIDED
            assert f"{rounds} rounds cannot reach p = 0.05" in comparison.sentence
            assert f"{needed} can" in comparison.sentence
            assert comparison.detectable is None
        else:
            assert comparison.verdict is Verdict.BETTER


def test_a_verdict_names_the_family_that_took_it_away():
    values = np.array([[0.0, d] for d in (3, 1, 2, 4, 1, 2, 3, -1)]) / 100 + 0.5
    assert only(values, "ab", [("b", "a")]).verdict is Verdict.BETTER
    wide = np.hstack([values, RNG.normal(0.5, 0.01, (8, 2))])
    (first, *_) = analyse(wide, "abcd", all_pairs("abcd")).comparisons
    assert first.estimate.p_value <= 0.05 < first.corrected_p
    assert first.verdict is Verdict.UNDECIDED
    assert "leaves out 0, but not after correction for 6 comparisons" in first.sentence


def test_copies_of_one_round_get_no_verdict():
    values = np.tile([0.8, 0.9], (30, 1))
    comparison = only(values, "ab", [("b", "a")], margin=0.5)
    assert comparison.copies
    assert comparison.verdict is Verdict.UNDECIDED
    assert "as copies of a single round would" in comparison.sentence


def test_equal_differences_of_unlike_rounds_are_told():
    values = np.stack([VALUES[:, 0], VALUES[:, 0] - 0.01], axis=1)
    comparison = only(values, "ab", [("b", "a")])
    assert comparison.verdict is Verdict.WORSE
    assert not comparison.copies
    assert comparison.estimate.constant
    assert comparison.detectable is None
    assert comparison.notes == (
        "All 30 differences of b - a are the same: check that rounds differ in data and seed.",
    )
    same = only(np.stack([VALUES[:, 0]] * 2, axis=1), "ab", [("b", "a")], margin=0.001)
    assert same.verdict is Verdict.EQUIVALENT
    assert "All 30 differences of b - a are 0" in same.notes[0]


def test_a_contrast_that_is_zero_but_for_rounding_is_zero():
    cells = {
        "aa": {"f": "0", "g": "0"},
        "ab": {"f": "0", "g": "1"},
        "ba": {"f": "1", "g": "0"},
        "bb": {"f": "1", "g": "1"},
    }
    base = VALUES[:, :1]
    values = np.hstack([base, base + 0.1, base + 0.02, base + 0.12])
    interaction = analyse(values, tuple(cells), factorial_contrasts(cells)).comparisons[-1]
    assert interaction.estimate.mean == 0
    assert interaction.estimate.p_value == 1


def test_anytime_mode_shows_no_planned_figures():
    found = only(VALUES, NAMES, [("b", "a")], mode="anytime")
    assert found.verdict is Verdict.BETTER
    assert found.estimate.student is None
    assert found.detectable is None
    assert found.rounds_to_reach == 7
    assert "95 % anytime-valid interval" in found.sentence


def test_drifting_rounds_get_no_verdict():
    values = np.zeros((80, 2))
    values[:, 1] = np.random.default_rng(0).normal(0, 1, 80) + np.repeat([5.0, -5.0], 40)
    found = only(values, "ab", [("b", "a")], mode="anytime", unit=PLAIN)
    assert found.estimate.drifted
    assert found.verdict is Verdict.UNDECIDED
    assert "the rounds have drifted" in found.sentence


@settings(max_examples=50)
@given(
    st.integers(2, 12).flatmap(
        lambda n: st.lists(
            st.lists(st.one_of(st.integers(0, 20), st.just(None)), min_size=3, max_size=3),
            min_size=n,
            max_size=n,
        )
    ),
    st.sampled_from([None, 0.002, 0.01]),
    st.sampled_from(["planned", "anytime"]),
    st.sampled_from([None, 0.79]),
)
def test_a_verdict_never_contradicts_its_figures(rows, margin, mode, counts_as):
    values = np.array([[NAN if v is None else 0.8 + v / 1000 for v in row] for row in rows])
    pairs = all_pairs("abc")
    found = analyse(values, "abc", pairs, margin=margin, mode=mode, failure_counts_as=counts_as)
    for comparison in found.comparisons:
        estimate, verdict = comparison.estimate, comparison.verdict
        assert comparison.rounds + comparison.dropped == len(rows) or comparison.rounds == 0
        assert "nan" not in comparison.sentence
        if verdict in (Verdict.BETTER, Verdict.WORSE):
            assert comparison.corrected_p <= 0.05
            if comparison.failures is not None and counts_as is None:
                ahead, behind = comparison.failures.ahead
                assert (ahead > behind) == (verdict is Verdict.BETTER)
                continue
            low, high = estimate.interval.low, estimate.interval.high
            assert low > 0 if verdict is Verdict.BETTER else high < 0
            assert comparison.rounds >= comparison.rounds_to_reach
        elif verdict is Verdict.EQUIVALENT:
            assert comparison.equivalence.corrected_p <= 0.05
            assert comparison.equivalence.interval.inside(margin)
        elif estimate is not None and not comparison.copies and not estimate.drifted:
            assert comparison.corrected_p > 0.05


def test_chunks_of_comparisons_change_nothing():
    values = RNG.normal(0.8, 0.01, (25, 6))
    names = "abcdef"
    together = analyse(values, names, all_pairs(names), resamples=99)
    for comparison in together.comparisons:
        pair = (comparison.contrast.upper, comparison.contrast.lower)
        alone = only(values, names, [pair], resamples=99)
        assert alone.estimate == comparison.estimate


def test_an_analysis_is_frozen_plain_data():
    found = analyse(VALUES, NAMES, [("b", "a")])
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.alpha = 0.1
    assert dataclasses.asdict(found)["comparisons"][0]["estimate"]["rounds"] == 30
    assert analyse(VALUES, NAMES, [("b", "a")]) == found
    assert analyse(VALUES, NAMES, []).comparisons == ()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((VALUES[:, 0], NAMES, []), {}, "shape \\(30,\\)"),
        ((VALUES, NAMES[:3], []), {}, "one name a column"),
        ((VALUES, "aabc", []), {}, "no name twice"),
        ((VALUES, NAMES, [("a", "b"), ("b", "a")]), {}, "'a - b' and 'b - a' ask the same"),
        ((VALUES, NAMES, [("a", "e")]), {}, "got competitor 'e'"),
        ((VALUES, NAMES, []), {"alpha": 0.5}, "got alpha 0.5"),
        ((VALUES, NAMES, []), {"margin": 0.0}, "got margin 0.0"),
        ((VALUES, NAMES, []), {"margin": NAN}, "got margin nan"),
        ((VALUES, NAMES, []), {"mode": "peek"}, "got mode 'peek', expected one of planned"),
        ((VALUES * np.inf, NAMES, []), {}, "infinite"),
    ],
)
def test_contradictions_are_refused(arguments, options, message):
    with pytest.raises(StatisticsError, match=message):
        analyse(*arguments, **options)


def test_differences_and_equivalences_share_their_false_verdicts():
    # b - a is the margin itself, three standard errors; d - c is 0. Either may be told falsely.
    rng = np.random.default_rng(4)
    rounds, studies, false = 10, 1500, 0
    margin = 3 / rounds**0.5
    for _ in range(studies):
        values = rng.normal(0, 0.5**0.5, (rounds, 4)) + np.array([0, margin, 0, 0])
        first, second = verdicts(values, "abcd", [("b", "a"), ("d", "c")], margin=margin)
        false += first in ("equivalent", "worse") or second in ("better", "worse")
    assert false / studies < 0.05 + 2 * (0.05 * 0.95 / studies) ** 0.5


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ([*range(9), 1000], "1 of 10 rounds carries 100 % of the variance of b - a"),
        # 0 to 6 have the sum of squares 28; with 40 it is 1225.9.
        ([*range(7), NAN, 40], "1 of 8 rounds carries 98 % of the variance of b - a"),
        ([*range(12), -60, 70], "2 of 14 rounds carry 98 % of the variance of b - a"),
        ([0, 1, 2, 1000], None),  # of so few rounds one carries the variance by chance
        ([*range(8), -60, 70], None),
        ([*range(12), 13, -13], None),
        ([1000] * 10, None),
    ],
)
@pytest.mark.parametrize("mode", ["planned", "anytime"])
def test_one_or_two_rounds_that_carry_the_variance_are_told(row, told, mode):
    values = np.stack([np.zeros(len(row)) + 0.5, np.array(row) + 0.5], axis=1)
    notes = only(values, "ab", [("b", "a")], unit=PLAIN, mode=mode).notes
    told_so = [note for note in notes if "of the variance" in note]
    assert [note.partition(":")[0] for note in told_so] == ([told] if told else [])


def test_the_variance_of_normal_differences_is_not_said_to_be_carried_by_few():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((12, 60))
    found = analyse(values, [f"c{i}" for i in range(60)], all_pairs([f"c{i}" for i in range(60)]))
    told = sum("of the variance" in " ".join(c.notes) for c in found.comparisons)
    assert told / len(found.comparisons) < 0.003


@pytest.mark.parametrize("rounds", [12, 25])
def test_comparisons_are_told_alike_whether_worlds_are_held_for_all_or_for_one(rounds, monkeypatch):
    values = np.random.default_rng(4).normal(0.8, 0.02, (rounds, 4))
    whole = analyse(values, NAMES, all_pairs(NAMES), margin=0.01)
    monkeypatch.setattr("bakeoff.statistics.analysis.HELD", 1)
    assert analyse(values, NAMES, all_pairs(NAMES), margin=0.01) == whole


@pytest.mark.parametrize("mode", ["planned", "anytime"])
@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e-120])
def test_values_whose_squares_are_lost_are_refused_or_tie(size, mode):
    values = size * np.random.default_rng(1).normal(5, 1, (12, 2))
    with pytest.raises(StatisticsError, match="use another unit, or logarithms"):
        analyse(values, ("a", "b"), [("a", "b")], mode=mode)
    values[0] = 1.0  # beside it, all other rounds tie
    (found,) = analyse(values, ("a", "b"), [("a", "b")], mode=mode).comparisons
    assert found.verdict is Verdict.UNDECIDED


def test_all_pairs_of_many_competitors_are_judged_as_each_alone():
    rng = np.random.default_rng(5)
    values = 0.9 + 0.01 * rng.standard_normal((25, 9)) + 0.002 * np.arange(9)
    values[3, 2] = np.nan
    names = [f"c{place}" for place in range(9)]
    pairs = list(combinations(names, 2))
    found = analyse(values, names, pairs, failure_counts_as=0.0).comparisons
    for comparison, (a, b) in zip(found, pairs, strict=True):
        columns = values[:, [names.index(a), names.index(b)]]
        alone = analyse(columns, [a, b], [(a, b)], failure_counts_as=0.0).comparisons[0].estimate
        assert comparison.estimate.p_value == alone.p_value
        assert comparison.estimate.interval.low == pytest.approx(alone.interval.low, abs=1e-11)
        assert comparison.estimate.interval.high == pytest.approx(alone.interval.high, abs=1e-11)
