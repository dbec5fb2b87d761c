import re

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import RepeatedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from statsmodels.tsa.stattools import acf

from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.assumptions import (
    balanced_rounds,
    following_rounds,
    repeated_rounds,
    skewed_differences,
)

NAN = float("nan")


ROUNDS = 0.86 + np.random.default_rng(2).normal(0, [0.012, 0.003, 0.003], (60, 3)) @ np.array(
    [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
)


@pytest.mark.parametrize(
    ("values", "different"),
    [
        (np.tile(ROUNDS[:5], (4, 1)), "20 rounds hold only 5"),
        (np.tile(ROUNDS[:10].round(3), (2, 1)), "20 rounds hold only 10"),
        (np.concatenate([ROUNDS, ROUNDS[:8]]), "68 rounds hold only 60"),
        (np.insert(np.tile(ROUNDS[:5], (4, 1)), 2, [0.9, NAN], axis=0), "20 rounds hold only 5"),
    ],
)
def test_rounds_that_were_copied_are_told(values, different):
    (note,) = repeated_rounds(values)
    assert note.startswith(different)
    assert analyse(values, "ab", [("b", "a")], resamples=99).notes == (note,)


@pytest.mark.parametrize("grid", [20, 100, 1000])
@pytest.mark.parametrize("own", [0.0, 0.0005, 0.003, 0.02])
@pytest.mark.parametrize("competitors", [2, 6])
def test_rounds_that_tie_by_chance_are_not(grid, own, competitors):
    rng = np.random.default_rng(7)
    for rounds in (10, 30, 300):
        for _ in range(20):
            values = rng.normal(0.86, 0.012, (rounds, 1)) + rng.normal(
                0, own, (rounds, competitors)
            )
            assert repeated_rounds(np.rint(values * grid) / grid) == ()


def test_rounds_that_mostly_come_out_alike_are_not_told_as_copied():
    rare = np.where(np.random.default_rng(1).random((60, 3)) < 0.05, 0.945, 0.995)
    assert repeated_rounds(rare) == ()
    assert repeated_rounds(np.full((30, 2), 0.9)) == ()
    assert repeated_rounds(np.full((3, 2), NAN)) == ()
    assert repeated_rounds(ROUNDS[:4]) == ()


# ---- rounds that follow one another --------------------------------------------------------------


def correlated(rng, rounds, by):
    """Differences of which each carries a share `by` of the last one."""
    values = rng.standard_normal(rounds)
    for round_ in range(1, rounds):
        values[round_] += by * values[round_ - 1]
    return values


def test_rounds_that_follow_one_another_are_told_with_the_figure():
    values = np.zeros((40, 3))
    values[:, 1] = ROUNDS[:40, 1]
    values[:, 2] = correlated(np.random.default_rng(3), 40, 0.8)
    notes = analyse(values, "abc", [("b", "a"), ("c", "a")], resamples=99).notes
    lagged = np.corrcoef(values[:-1, 2], values[1:, 2])[0, 1]
    figure = float(re.search(r"c - a follow one another: .* correlate by (\S+),", notes[0])[1])
    assert figure == pytest.approx(lagged, abs=0.06)  # Pearson's centres either end by itself
    assert figure == pytest.approx(acf(values[:, 2], nlags=1)[1], abs=0.005)
    assert analyse(values, "abc", [("c", "a")], mode="anytime").notes == notes
    assert analyse(values, "abc", [("c", "a")], mode="resampled", test_ratio=0.2).notes == ()
    shuffled = np.random.default_rng(0).permutation(values)
    assert analyse(shuffled, "abc", [("b", "a"), ("c", "a")], resamples=99).notes == ()


def test_a_round_that_is_missing_hides_nothing():
    values = np.stack([np.zeros(40), correlated(np.random.default_rng(3), 40, 0.8)], axis=1)
    values[[5, 20, 21], 1] = NAN
    (note,) = analyse(values, "ab", [("b", "a")], resamples=99).notes
    assert note.startswith("the differences of b - a follow one another")


def test_independent_rounds_are_hardly_ever_said_to_follow_one_another():
    """At most 1 of 100 is promised; of 1,500 that hold it, 29 or more in 1 of 1,000."""
    rng = np.random.default_rng(11)
    kinds = (
        rng.standard_normal,
        rng.standard_cauchy,
        lambda shape: rng.integers(0, 3, shape) / 100,
        lambda shape: (rng.random(shape) < 0.06) * 0.05 + rng.normal(0, 1e-4, shape),
    )
    found = 0
    for trial in range(1500):
        rows = kinds[trial % 4]((1 + trial % 3, (8, 12, 30)[trial % 3]))
        rows = rows[np.ptp(rows, axis=1) > 0]
        if len(rows):
            found += bool(following_rounds(rows, ["d"] * len(rows), seed=trial))
    assert found < 29


def test_rounds_that_clearly_follow_one_another_are_mostly_found():
    rng = np.random.default_rng(12)
    rows = [correlated(rng, 30, 0.9)[None] for _ in range(30)]
    assert sum(bool(following_rounds(row, ["d"])) for row in rows) > 24


def test_many_pairs_of_few_competitors_follow_as_each_pair_does():
    rng = np.random.default_rng(3)
    columns = np.array([correlated(rng, 60, rho) for rho in (0.2, 0.5, 0.7, 0.9, 0.95)])
    rows = np.array([a - b for i, a in enumerate(columns) for b in columns[:i]])
    lags = [acf(row, nlags=1)[1] for row in rows]
    (note,) = following_rounds(rows, [f"row {i}" for i in range(len(rows))])
    assert f"differences of row {np.argmax(lags)} follow" in note
    assert f"correlate by {max(lags):.2f}" in note


# ---- folds of one set ----------------------------------------------------------------------------


def folds_of_one_set(repeats):
    """Accuracies on 10 folds, drawn again and again, in which each example is tested once."""
    x, y = load_iris(return_X_y=True)
    cut = RepeatedKFold(n_splits=10, n_repeats=repeats, random_state=0)
    rivals = GaussianNB(), KNeighborsClassifier(5)
    return np.stack([cross_val_score(rival, x, y, cv=cut) for rival in rivals], axis=1)


def test_folds_in_their_order_are_told_with_their_number():
    values = folds_of_one_set(10)
    (note,) = balanced_rounds(values)
    assert note.startswith("every 10 rounds average more alike")
    assert note.endswith("folds 10x10.")
    told = analyse(values, "ab", [("b", "a")], resamples=99)
    assert note in told.notes
    again = analyse(values, "ab", [("b", "a")], resamples=99, mode="resampled", test_ratio=1 / 9)
    assert note not in again.notes
    shuffled = np.random.default_rng(0).permutation(values)
    assert balanced_rounds(shuffled) == ()


def test_independent_rounds_are_hardly_ever_taken_for_folds():
    rng = np.random.default_rng(3)
    for rounds in (30, 100):
        values = rng.exponential(1.0, (400, rounds, 2))
        assert sum(map(bool, map(balanced_rounds, values))) <= 10  # of 400 at most 1 in 100


@pytest.mark.parametrize(
    "values", [np.zeros((10, 0)), np.full((30, 2), 0.9), np.full((30, 2), NAN), ROUNDS[:7]]
)
def test_rounds_without_blocks_or_spread_are_no_folds(values):
    assert balanced_rounds(values) == ()


# ---- skewed differences --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["standard_normal", "laplace", "uniform", "ties"])
def test_symmetric_differences_are_told_skewed_in_one_analysis_of_twenty(shape):
    rng = np.random.default_rng(0)
    told = 0
    for seed in range(100):
        row = (
            rng.normal(0, 1, (1, 20)).round()
            if shape == "ties"
            else getattr(rng, shape)(size=(1, 20))
        )
        told += bool(skewed_differences(row, ["b - a"], seed=seed))
    assert told <= 12  # of 100, each as likely as 1 in 20: in 998 of 1,000


def test_a_long_tail_is_told_and_whose_it_is():
    rng = np.random.default_rng(1)
    rows = np.stack([rng.normal(size=60), -rng.exponential(size=60)])
    (note,) = skewed_differences(rows, ["b - a", "c - a"])
    assert "the differences of c - a have a longer tail to one side" in note
    assert skewed_differences(rows[:1], ["b - a"]) == skewed_differences(rows[:, :5], "bc") == ()
    rows[0, :3] = np.nan
    assert skewed_differences(rows, ["b - a", "c - a"]) != ()
    values = 0.9 + 0.01 * np.stack([rows[1] * 0, rows[1]], axis=1)
    told = [analyse(values, "ab", [("b", "a")], mode=m).notes for m in ("planned", "anytime")]
    assert all("b - a have a longer tail" in " ".join(notes) for notes in told)
    assert analyse(values, "ab", [("b", "a")], mode="careful").notes == ()
