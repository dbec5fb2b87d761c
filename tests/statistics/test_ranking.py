from itertools import permutations

import numpy as np
import pytest

from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.contrast import against, all_pairs
from bakeoff.statistics.ranking import best_in_words, may_be_best, rank_intervals
from bakeoff.statistics.sequential import directed_p, log_evidence
from bakeoff.statistics.signflip import sign_flip

NAMES = tuple("abcde")


def values(rounds=14, competitors=5, seed=0, step=1.0):
    coins = np.random.Generator(np.random.PCG64(seed))
    shared = coins.normal(size=(rounds, 1))
    return shared + coins.normal(size=(rounds, competitors)) + step * np.arange(competitors)


def matrix(p):
    """From {(ahead, behind): p}, 1 elsewhere."""
    size = 1 + max(max(pair) for pair in p)
    found = np.ones((size, size))
    for pair, number in p.items():
        found[pair] = number
    return found


def test_whoever_a_rival_beats_at_alpha_over_the_number_of_rivals_is_not_the_best():
    better = matrix({(0, 1): 0.024, (0, 2): 0.026})
    assert may_be_best(better, 0.05).tolist() == [True, False, True]
    assert may_be_best(better, 0.052).tolist() == [True, False, False]
    assert may_be_best(np.ones((1, 1)), 0.05).tolist() == [True]


def test_a_circle_leaves_out_nobody():
    circle = matrix({(0, 1): 0.001, (1, 2): 0.001, (2, 0): 0.001})
    assert may_be_best(circle, 0.05).all()


def test_ranks_count_who_is_surely_better_and_worse_after_holm():
    # Of six pairs 0.008 * 6 and 0.009 * 5 are at most 0.05, and 0.02 * 4 is not.
    better = matrix({(0, 1): 0.008, (0, 2): 0.009, (0, 3): 0.02})
    assert rank_intervals(better, 0.05).tolist() == [[1, 2], [2, 4], [2, 4], [1, 4]]
    assert rank_intervals(np.ones((3, 3)), 0.05).tolist() == [[1, 3]] * 3


def test_whoever_may_be_the_best_may_have_the_first_rank():
    # Holm's last step alone would call 0.04 sure, which the set does not.
    better = matrix({(0, 1): 1e-9, (0, 2): 1e-9, (1, 2): 0.04})
    assert rank_intervals(better, 0.05).tolist() == [[1, 1], [2, 3], [2, 3]]
    coins = np.random.Generator(np.random.PCG64(4))
    for _ in range(200):
        p = np.triu(coins.random((5, 5)) ** 4, 1)
        better = np.where(p > 0, p, 1.0)
        first = rank_intervals(better, 0.05)[:, 0]
        assert (first[may_be_best(better, 0.05)] == 1).all()


def test_the_names_order_does_not_matter():
    table = values()
    first = analyse(table, NAMES, all_pairs(NAMES))
    for order in list(permutations(range(5)))[::37]:
        names = [NAMES[i] for i in order]
        assert analyse(table[:, order], names, all_pairs(names)).ranks == first.ranks


@pytest.mark.parametrize("mode", ["planned", "anytime", "resampled"])
def test_pairs_that_nobody_asked_for_are_read_by_the_same_test(mode):
    more = {"mode": mode, "test_ratio": 0.1 if mode == "resampled" else None}
    whole = analyse(values(), NAMES, all_pairs(NAMES), **more)
    part = analyse(values(), NAMES, against(NAMES, "a"), **more)
    assert part.ranks == whole.ranks
    assert "e" in whole.best
    assert "a" not in whole.best
    # They are no part of what is corrected.
    assert part.asked == 4


def test_smaller_may_be_better():
    for mode in ("planned", "anytime"):
        up = analyse(values(), NAMES, all_pairs(NAMES), mode=mode)
        down = analyse(-values(), NAMES, all_pairs(NAMES), mode=mode, larger_is_better=False)
        assert down.best == up.best
        assert [(s.first, s.last) for s in down.ranks] == [(s.first, s.last) for s in up.ranks]


def planned_p(rows):
    flips = sign_flip(rows)
    p = flips.p_value()
    return np.stack([np.where(flips.mean > 0, p, 1), np.where(flips.mean < 0, p, 1)], axis=1)


@pytest.mark.parametrize("p_of", [planned_p, lambda rows: directed_p(rows)[-1]])
def test_the_set_holds_the_best_as_often_as_promised(p_of):
    """Where all are equal, each must be in 95 of 100 sets; where one is better, few others are."""
    studies, pairs = 400, [(a, b) for a in range(4) for b in range(a)]

    def sets(best):
        table = np.random.Generator(np.random.PCG64(5)).normal(size=(studies, 10, 4))
        table[..., 0] += best
        rows = np.stack([table[..., a] - table[..., b] for a, b in pairs], axis=1)
        found = p_of(rows.reshape(-1, 10)).reshape(studies, -1, 2)
        better = np.ones((studies, 4, 4))
        for place, (a, b) in enumerate(pairs):
            better[:, a, b], better[:, b, a] = found[:, place].T
        return np.array([may_be_best(each, 0.05) for each in better])

    assert (sets(0.0).mean(axis=0) >= 0.95).all()
    assert sets(3.0).sum(axis=1).mean() < 2


def test_failed_rounds_count_as_the_study_says():
    table = values(12, 3)
    table[:8, 2] = np.nan  # the one with the best mean fails
    lost = analyse(table, "abc", [("b", "a")])
    assert lost.best != ("c",)
    counted = analyse(table, "abc", [("b", "a")], failure_counts_as=-10.0)
    assert "c" not in counted.best
    assert counted.ranks[-1].name == "c"
    assert counted.ranks[-1].mean == pytest.approx(
        np.where(np.isnan(table), -10, table)[:, 2].mean()
    )


def test_a_round_that_was_not_made_is_no_failed_one():
    table, made = values(12, 3), np.ones((12, 3), dtype=bool)
    made[6:, 0] = False
    found = analyse(table, "abc", all_pairs("abc"), made=made)
    assert [c.rounds for c in found.comparisons] == [6, 6, 12]
    assert [c.dropped for c in found.comparisons] == [0, 0, 0]
    assert [s.rounds + s.failed for s in found.summaries] == [6, 12, 12]
    assert not any(c.failures for c in found.comparisons)
    short = analyse(table[:6, :2], "ab", [("b", "a")]).comparisons[0].estimate
    assert found.comparisons[0].estimate == short
    table[2, 1] = np.nan
    failed = analyse(table, "abc", all_pairs("abc"), made=made).comparisons[0].failures
    assert (failed.failed, failed.rounds) == ((("b", 1), ("a", 0)), 6)


def test_a_competitor_without_rounds_has_no_rank():
    made = np.tile([True, True, False], (12, 1))
    found = analyse(values(12, 3), "abc", all_pairs("abc"), made=made)
    assert {s.name for s in found.ranks} == {"a", "b"}


def test_copies_prove_nothing():
    still = np.tile([0.0, 1.0, 2.0], (12, 1))
    for mode in ("planned", "anytime"):
        assert analyse(still, "abc", all_pairs("abc"), mode=mode).best == ("c", "b", "a")


def test_one_direction_is_half_of_the_evidence_for_both():
    row = values(30, 1)[:, 0] + 0.5
    found, both = directed_p(row[None])[:, 0], np.maximum.accumulate(log_evidence(row))
    up, down = log_evidence(row, upwards=True), log_evidence(-row, upwards=True)
    np.testing.assert_allclose(np.logaddexp(up, down) - np.log(2), log_evidence(row), atol=1e-12)
    assert found[-1, 1] == 1
    assert np.exp(-both[-1]) <= found[-1, 0] <= 1.01 * np.exp(-both[-1])
    assert (np.diff(found[:, 0])[5:] <= 0).all()
    gaps = np.full((1, 40), np.nan)
    gaps[0, np.r_[:12, 18:36]] = row * 1e-200
    np.testing.assert_allclose(directed_p(gaps)[-1, 0], found[-1])


def test_few_are_told_one_by_one_and_many_as_a_ranking():
    names = [f"c{i}" for i in range(8)]
    few = analyse(values(14, 6), names[:6], all_pairs(names[:6]))
    assert len(few.told) == 16
    assert few.told[-1] == (best_in_words(few.ranks, 0.05),)
    many = analyse(values(14, 8), names, all_pairs(names))
    assert many.told == (
        (best_in_words(many.ranks, 0.05), "The 28 comparisons of two stand in --format json."),
    )
    assert len(analyse(values(14, 8), names, against(names, "c0")).told) == 8
    assert len(analyse(values(14, 2), "ab", [("b", "a")]).told) == 1


def test_the_sentence_names_the_set():
    def told(step, count=5, rounds=14):
        names = [f"c{i}" for i in range(count)]
        return best_in_words(analyse(values(rounds, count, step=step), names, []).ranks, 0.05)

    assert told(3) == "c4 is the best of 5 competitors (95 % confidence)."
    assert told(0) == "Any of the 5 competitors may be the best."
    table = values(14, 3, step=0) - [9, 0, 0]
    found = analyse(table, "abc", [])
    assert sorted(found.best) == ["b", "c"]
    assert "The best of 3 competitors is " in str(found)
    wide = values(14, 14, step=0) - [99, *[0] * 13]
    words = best_in_words(analyse(wide, [f"c{i}" for i in range(14)], []).ranks, 0.05)
    assert words.endswith(" or one of 3 more (95 % confidence).")
