"""Several tasks: one family over all, and verdicts on tasks like these, against others' figures."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import friedmanchisquare, permutation_test, studentized_range
from statsmodels.stats.multitest import multipletests

from bakeoff.errors import StatisticsError
from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.signflip import sign_flip
from bakeoff.statistics.tasks import analyse_tasks, by_task, profile, rank

NAMES = ("old", "new", "best")
PAIRS = [("new", "old"), ("best", "old")]
# (tasks, competitors), with ties.
MEANS = np.array(
    [
        [78, 77, 81, 86, 88],
        [80, 79, 80, 87, 90],
        [81, 77, 79, 90, 86],
        [81, 81, 79, 83, 84],
        [78, 83, 82, 83, 86],
        [82, 76, 81, 82, 84],
        [76, 81, 82, 84, 82],
        [79, 78, 78, 86, 82],
    ]
)
# What scikit-posthocs 0.17.1 with scipy 1.17.1 gives: posthoc_nemenyi_friedman(MEANS), row by row.
NEMENYI = [
    0.9334452222,
    0.9998600403,
    0.1021347743,
    0.0358328499,
    0.9698403616,
    0.0104571762,
    0.0025611915,
    0.0687207575,
    0.0223717258,
    0.9948555441,
]


def made(tasks=8, *, gain=0.02, seed=3, rounds=(9, 12)):
    """Accuracies by task, (rounds, competitors); tasks differ in level, gain and rounds."""
    rng = np.random.default_rng(seed)
    told = {}
    for place in range(tasks):
        n = rounds[0] + place % (rounds[1] - rounds[0] + 1)
        level = 0.6 + 0.03 * place + rng.normal(0, 0.005, 3) + [0, gain, 1.5 * gain]
        told[f"t{place}"] = level + rng.normal(0, 0.01, (n, 1)) + rng.normal(0, 0.01, (n, 3))
    return told


def test_friedman_is_scipys_in_iman_and_davenports_form():
    rng = np.random.default_rng(1)
    for means in (MEANS, rng.normal(size=(7, 3)), rng.integers(0, 4, (11, 6))):
        tasks, k = means.shape
        chi = friedmanchisquare(*means.T).statistic
        found = rank(means, [str(i) for i in range(k)])
        assert found.f == pytest.approx((tasks - 1) * chi / (tasks * (k - 1) - chi))
        assert found.df == (k - 1, (k - 1) * (tasks - 1))


def test_pairs_of_ranks_are_scikit_posthocs_under_holm():
    names = list("abcde")
    found = rank(MEANS, names)
    average, (tasks, k) = dict(found.average), MEANS.shape
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    z = [abs(average[a] - average[b]) / np.sqrt(k * (k + 1) / (6 * tasks)) for a, b in pairs]
    # Nemenyi's test is that of the same z, by the range of k of them.
    assert studentized_range.sf(np.sqrt(2) * np.array(z), k, np.inf) == pytest.approx(
        NEMENYI, abs=2e-4
    )
    holm = multipletests(2 * ndtr(-np.array(z)), method="holm")[1]
    expected = dict(zip(map(frozenset, pairs), np.maximum(holm, found.p_value), strict=True))
    assert {frozenset((a, b)): p for a, b, p in found.pairs} == pytest.approx(expected)
    assert [name for name, _ in found.average] == sorted(names, key=average.get)
    assert found.alike == (("e", "d"), ("d", "a", "c"), ("a", "c", "b"))


def test_ranks_turn_with_the_direction_and_share_ties():
    smaller = rank(MEANS, list("abcde"), larger_is_better=False)
    assert smaller.average[0] == ("b", pytest.approx(6 - 4.3125))
    same = rank(np.full((6, 3), 0.3), NAMES)
    assert (same.f, same.p_value, same.alike) == (0, 1, (NAMES,))
    apart = rank(np.tile([1.0, 2.0, 3.0], (6, 1)), NAMES)  # as clear as it can be: 6^-5
    assert (apart.f, apart.p_value) == (np.inf, pytest.approx(6.0**-5))
    # A last bit is no difference.
    ends = rank([[0.1 + 0.2, 0.3, 0.1]] * 6, NAMES)
    assert dict(ends.average) == {"old": 1.5, "new": 1.5, "best": 3}


@pytest.mark.parametrize("means", [np.ones((1, 3)), np.ones((6, 2)), np.full((6, 3), np.nan)])
def test_no_ranks_of_means_that_are_missing(means):
    with pytest.raises(StatisticsError, match="expected finite ones"):
        rank(means, NAMES)


def test_each_task_is_analysed_alone_and_corrected_with_all():
    values = made()
    found = analyse_tasks(values, NAMES, PAIRS)
    alone = [c for table in values.values() for c in analyse(table, NAMES, PAIRS).comparisons]
    assert [c.estimate for c in found.comparisons] == [c.estimate for c in alone]
    corrected = multipletests([c.estimate.p_value for c in alone], method="holm")[1]
    assert [c.corrected_p for c in found.comparisons] == pytest.approx(corrected)
    assert found.asked == 16
    assert [s.name for s in found.summaries[:3]] == ["old@t0", "new@t0", "best@t0"]
    assert {s.rounds for s in found.summaries} == {9, 10, 11, 12}
    assert found.comparisons[1].sentence.startswith("best is better than old on t0 by 2.58 points")
    # 10 rounds reach 2^-9 < 0.05 / 16, 9 do not.
    assert (
        "9 rounds cannot reach p = 0.05 over 16 comparisons, 10 can"
        in found.comparisons[0].sentence
    )


def test_over_tasks_each_is_one_observation():
    values = made()
    over = analyse_tasks(values, NAMES, PAIRS).over_tasks
    means = np.array([table.mean(axis=0) for table in values.values()])
    for comparison, column in zip(over.comparisons, (1, 2), strict=True):
        oracle = permutation_test(
            (means[:, column] - means[:, 0],), np.mean, permutation_type="samples", n_resamples=256
        )
        assert comparison.estimate.p_value == pytest.approx(oracle.pvalue)
        assert comparison.estimate.mean == pytest.approx(oracle.statistic)
    assert over.sentences[0].startswith("On tasks like these, new is better than old by ")
    assert over.sentences[0].endswith("corrected p = 0.016; 8 tasks).")
    assert over.sentences[2].startswith("Average ranks over 8 tasks, 1 being the best: best 1.")
    assert "; best ranks before old, corrected p " in over.sentences[2]


def test_five_tasks_are_refused_in_words():
    told = [
        analyse_tasks(made(n), NAMES, PAIRS[:m]).over_tasks for n, m in ((5, 1), (5, 2), (6, 2))
    ]
    best = "5 tasks cannot reach p = 0.05 (at best 2^-4 = 0.0625)"
    assert told[0].sentences == (f"No verdict over tasks: {best}; it takes 6 tasks at least.",)
    assert told[1].sentences[0].endswith("6 tasks at least, and 7 with 2 comparisons.")
    assert (told[1].comparisons, told[1].ranks) == ((), None)
    assert "; 6 tasks cannot reach p = 0.05 over 2 comparisons, 7 can." in told[2].sentences[0]
    with pytest.raises(StatisticsError, match="no task"):
        analyse_tasks({}, NAMES, PAIRS)


def test_rounds_numbered_task_by_seed_claim_too_much_and_tasks_do_not():
    rng, studies, tasks, rounds = np.random.default_rng(4), 400, 8, 10
    own = rng.normal(0, 1, (studies, tasks, 1))  # what is peculiar to a task; nothing on average
    differences = own + rng.normal(0, 1.5, (studies, tasks, rounds))
    pooled = sign_flip(differences.reshape(studies, -1), resamples=999).p_value()
    over = sign_flip(differences.mean(axis=2)).p_value()
    assert (pooled <= 0.05).mean() > 0.25
    assert (over <= 0.05).mean() < 0.065


def test_a_failure_counts_on_its_own_task_and_fails_alike_over_all():
    values = made(rounds=(9, 9))
    values["t1"][:6, 1] = np.nan
    values["t2"][:7, 1] = np.nan
    lost = analyse_tasks(values, NAMES, PAIRS)
    assert lost.over_tasks.comparisons == ()
    assert "nothing says what one without a value counts as" in lost.over_tasks.sentences[0]
    alike = [c.failures and c.failures.corrected_p for c in lost.comparisons]
    assert alike[2] == pytest.approx(15 * 2 / 2**6)  # the second smallest of 16
    assert alike[4] == pytest.approx(16 * 2 / 2**7)
    counted = analyse_tasks(values, NAMES, PAIRS, failure_counts_as=dict.fromkeys(values, 0.5))
    filled = {task: np.nan_to_num(table, nan=0.5) for task, table in values.items()}
    whole = analyse_tasks(filled, NAMES, PAIRS)
    assert counted.over_tasks == whole.over_tasks
    once = analyse_tasks(values, NAMES, PAIRS, failure_counts_as={"t1": 0.5, "t2": 0.1})
    assert (
        once.over_tasks.comparisons[0].estimate.mean
        < counted.over_tasks.comparisons[0].estimate.mean
    )


def test_looks_leave_tasks_without_a_verdict_over_them():
    found = analyse_tasks(made(), NAMES, PAIRS, mode="anytime")
    assert found.mode == "anytime"
    assert "fixed before the first look" in found.over_tasks.sentences[0]


def test_notes_of_all_tasks_are_told_once():
    told = {"a": ("all.", "one."), "b": ("all.", "two.")}
    assert by_task(told) == ("all.", "a: one.", "b: two.")


def test_a_profile_of_losses_is_of_ratios_to_the_best():
    values = {"a": [[1.0, 2.0], [1.0, 2.0]], "b": [[4.0, 3.0], [4.0, 3.0]], "c": [[np.nan, 5.0]]}
    kind, at, shares = profile(values, larger_is_better=False)
    assert kind == "ratios"
    assert at == pytest.approx([1, 4 / 3, 2])
    assert shares == pytest.approx(np.array([[1, 2, 2], [2, 2, 3]]) / 3)


def test_a_profile_of_scores_is_of_runs_with_tasks_alike():
    values = {"a": [[0.5, 0.7]], "b": [[0.7, 0.9], [np.nan, 0.9], [0.5, 0.7], [0.9, 0.9]]}
    kind, at, shares = profile(values, larger_is_better=True)
    assert kind == "scores"
    assert at == pytest.approx([0.492, 0.5, 0.7, 0.9])
    expected = [[(1 + 0.75) / 2, 0.5 / 2, 0.25 / 2, 0], [1, 1, 0.75 / 2, 0]]
    assert shares == pytest.approx(np.array(expected))
    turned = {task: -np.array(table) for task, table in values.items()}
    kind, at, mirrored = profile(turned, larger_is_better=False)
    assert (kind, at[1:].tolist()) == ("scores", [-0.9, -0.7, -0.5])
    assert mirrored[:, -1] == pytest.approx([(1 + 0.75) / 2, 1])
