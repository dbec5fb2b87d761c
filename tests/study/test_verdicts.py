import attrs
import pytest

import records
from bakeoff.errors import StatisticsError, StudyError
from bakeoff.statistics.dependence import Dependence
from bakeoff.statistics.verdict import Verdict
from bakeoff.study.metric import Metric
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import divergence_notes, judge, judge_pair, questions
from bakeoff.training.data_sets import ACCURACY
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "small", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b")], [("b", "a")]
)


def results(study, accuracies, diverged=()):
    """Rounds from {competitor: accuracies}; `diverged` holds (competitor, round, epoch)."""
    epochs = {(name, round_): epoch for name, round_, epoch in diverged}
    rounds = [
        records.record(name, round_, test=(value,), diverged=epochs.get((name, round_)))
        for name, values in accuracies.items()
        for round_, value in enumerate(values)
        if value is not None
    ]
    return StudyResults.of_rounds(study, rounds)


ORDER = (3, 6, 0, 5, 1, 7, 2, 4)  # sorted rounds would follow one another
BETTER = {"a": [0.5 + 0.001 * r for r in ORDER], "b": [0.6 + 0.002 * r for r in ORDER]}


THREE = NetworkStudy(
    "s",
    "Which?",
    [NetworkCompetitor("a"), NetworkCompetitor("b"), NetworkCompetitor("c")],
    [("b", "a")],
)
VALUES = BETTER | {"c": [0.55 + 0.001 * (r % 2) for r in range(8)]}


def test_the_planned_rounds_get_the_planned_test():
    verdicts = judge(results(STUDY, BETTER), range(8))
    (comparison,) = verdicts.analysis.comparisons
    assert verdicts.analysis.mode == "planned"
    assert comparison.verdict is Verdict.BETTER
    assert comparison.estimate.p_value == 2 / 2**8
    assert comparison.sentence.startswith("b is better than a by 10.35 points")
    assert verdicts.notes == ()


@pytest.mark.parametrize("planned", [range(6), range(9), range(1, 9)])
def test_other_rounds_than_planned_get_the_anytime_test(planned):
    verdicts = judge(results(STUDY, BETTER), planned)
    assert verdicts.analysis.mode == "anytime"
    (note,) = verdicts.notes
    assert f"{len(planned)} rounds were planned and 8 stand" in note


def test_the_careful_test_may_be_asked_for_of_shares_whose_rounds_are_independent():
    found = results(STUDY, BETTER)
    verdicts = judge(found, range(6), anytime="careful")
    assert (verdicts.analysis.mode, verdicts.notes) == ("careful", ())
    assert "95 % careful interval" in verdicts.analysis.comparisons[0].sentence
    folds = attrs.evolve(found.judging, dependence=Dependence("folds", (8, 1)))
    with pytest.raises(StatisticsError, match="careful: got rounds that share examples"):
        judge(attrs.evolve(found, judging=folds), anytime="careful")
    loss = attrs.evolve(found.judging, metrics=(Metric("test accuracy", unit="plain"),))
    with pytest.raises(StatisticsError, match="no range is known, expected shares of 1"):
        judge(attrs.evolve(found, judging=loss), anytime="careful")
    both = attrs.evolve(found.judging, metrics=(found.judging.metric, *loss.metrics))
    secondary = judge(attrs.evolve(found, judging=both), anytime="careful").notes[-1]
    assert "anytime-valid interval" in secondary


def test_the_anytime_test_may_be_asked_for():
    verdicts = judge(results(STUDY, BETTER), range(8), anytime=True)
    assert (verdicts.analysis.mode, verdicts.notes) == ("anytime", ())


def test_only_rounds_that_all_have_finished_count():
    verdicts = judge(results(STUDY, {"a": BETTER["a"], "b": [*BETTER["b"][:6], None, 0.1]}))
    assert verdicts.rounds == (0, 1, 2, 3, 4, 5, 7)
    assert "1 round that not every competitor has finished" in verdicts.notes[0]
    assert verdicts.analysis.comparisons[0].rounds == 7


def test_a_competitor_without_rounds_leaves_the_others_alone():
    both = attrs.evolve(THREE, comparisons=[("b", "a"), ("c", "a")])
    found = results(both, {name: VALUES[name] for name in ("a", "b")})
    verdicts = judge(found, range(8))
    (comparison,) = verdicts.analysis.comparisons
    assert comparison.verdict is Verdict.BETTER
    assert comparison.corrected_p == 2 * comparison.estimate.p_value
    (note,) = verdicts.notes
    assert note.startswith("no rounds here of c; ")
    with pytest.raises(StudyError, match="'c' or 'a' has no rounds yet"):
        judge_pair(found, "c", "a")


def test_no_rounds_at_all_leave_nothing_to_say():
    verdicts = judge(results(STUDY, {}), range(8))
    assert (verdicts.rounds, verdicts.analysis.comparisons) == ((), ())
    assert verdicts.notes[0].startswith("no rounds here of a, b; ")


def test_means_are_not_left_side_by_side_without_a_word():
    verdicts = judge(results(attrs.evolve(STUDY, comparisons=()), BETTER))
    assert "bakeoff compare b a tells their difference" in verdicts.notes[0]
    found = results(THREE, {name: VALUES[name] for name in ("a", "c")})
    assert "bakeoff compare c a tells their difference" in judge(found).notes[1]
    assert judge(results(STUDY.only(["a"]), {"a": BETTER["a"]})).notes == ()


def test_diverged_rounds_are_told_and_count():
    found = results(STUDY, BETTER, [("b", 2, 4), ("b", 5, 1)])
    verdicts = judge(found, range(8))
    (comparison,) = verdicts.analysis.comparisons
    # Of accuracies, 0 is the worst.
    assert (comparison.rounds, comparison.dropped) == (8, 0)
    assert comparison.failures.finished.rounds == 6
    assert comparison.failures.counted_as == 0
    assert "b failed in 2 of 8 rounds and a in none" in comparison.sentence
    assert verdicts.analysis.mode == "planned"
    assert divergence_notes(found) == (
        "b: 2 of 8 rounds diverged (round 2 in epoch 4 was the first); they enter no mean.",
        (
            "a: no round failed, yet 8 do not exclude that up to 31 of 100 would,"
            " or would be worse than any of these."
        ),
    )
    # No failure in 15 rounds: 1 - 0.05^(1/15) is 0.181.
    clean = results(STUDY, dict.fromkeys("ab", BETTER["a"] + BETTER["a"][:7]))
    assert divergence_notes(clean) == (
        (
            "no round failed, yet 15 do not exclude that up to 18 of 100 would,"
            " or would be worse than any of these."
        ),
    )
    judging = attrs.evolve(clean.judging, dependence=Dependence("resplit", (10, 5)))
    assert divergence_notes(attrs.evolve(clean, judging=judging)) == ()
    assert divergence_notes(attrs.evolve(clean, results=())) == ()


def test_the_margin_is_handed_on():
    assert (
        judge(results(STUDY, BETTER), margin=0.5).analysis.comparisons[0].equivalence.margin == 0.5
    )


def cell(name, **levels):
    return NetworkCompetitor(name, levels=levels)


SQUARE = [
    cell("a", x="no", y="no"),
    cell("b", x="yes", y="no"),
    cell("c", x="no", y="yes"),
    cell("d", x="yes", y="yes"),
]


def test_a_full_factorial_asks_for_its_effects_too():
    study = NetworkStudy("s", "Which?", SQUARE, [("b", "a")])
    assert [(contrast.kind, dict(contrast.weights)) for contrast in questions(study)] == [
        ("pair", {"b": 1, "a": -1}),
        ("main effect", {"a": -0.5, "b": 0.5, "c": -0.5, "d": 0.5}),
        ("main effect", {"a": -0.5, "b": -0.5, "c": 0.5, "d": 0.5}),
        ("interaction", {"a": 1, "b": -1, "c": -1, "d": 1}),
    ]


def test_a_part_of_a_factorial_has_no_effects():
    study = NetworkStudy("s", "Which?", SQUARE, [("b", "a")]).only(["a", "b", "c"])
    assert [contrast.name for contrast in questions(study)] == ["b - a"]


def test_no_question_is_asked_twice():
    one_factor = [cell("a", x="no"), cell("b", x="yes")]
    study = NetworkStudy("s", "Which?", one_factor, [("a", "b")])
    assert [contrast.name for contrast in questions(study)] == ["a - b"]
    assert [c.kind for c in questions(NetworkStudy("s", "Which?", one_factor))] == ["main effect"]


def test_a_declared_pair_has_the_studys_verdict():
    found = results(THREE, VALUES)
    (declared,) = judge(found, range(8)).analysis.comparisons
    alone = judge_pair(found, "b", "a", range(8))
    assert (alone.analysis.comparisons, alone.notes) == ((declared,), ())
    reverse = judge_pair(found, "a", "b", range(8))
    (mirrored,) = reverse.analysis.comparisons
    assert reverse.notes == ()
    (anytime,) = judge_pair(found, "b", "a", range(8), anytime=True).analysis.comparisons
    assert anytime == judge(found, range(8), anytime=True).analysis.comparisons[0]
    assert anytime.estimate.interval.high > declared.estimate.interval.high
    assert mirrored.verdict is Verdict.WORSE
    assert mirrored.corrected_p == declared.corrected_p


def test_an_undeclared_pair_joins_the_others_and_is_told():
    found = results(THREE, VALUES)
    verdicts = judge_pair(found, "c", "a", range(8))
    (comparison,) = verdicts.analysis.comparisons
    assert comparison.corrected_p == 2 * comparison.estimate.p_value
    assert verdicts.analysis.asked == 2
    assert "c - a is not among the study's declared comparisons" in verdicts.notes[0]
    with pytest.raises(StudyError, match="no competitor 'd'"):
        judge_pair(found, "d", "a")
    with pytest.raises(StatisticsError, match="with itself"):
        judge_pair(found, "a", "a")


def test_one_training_under_two_names_has_no_difference():
    found = results(THREE, BETTER | {"c": BETTER["a"]})
    both = attrs.evolve(found, study=attrs.evolve(THREE, comparisons=[("b", "a"), ("c", "a")]))
    verdicts = judge(both, range(8))
    assert [comparison.contrast.name for comparison in verdicts.analysis.comparisons] == ["b - a"]
    assert verdicts.analysis.comparisons[0].corrected_p == 2 * 2 / 2**8
    (note,) = verdicts.notes
    assert note.startswith("c and a gave the same bits in every round: they are the same training")
    with pytest.raises(StudyError, match="the same training under two names"):
        judge_pair(found, "c", "a")


def test_further_metrics_are_judged_in_their_own_direction_and_said_to_be_secondary():
    """A network study by its training loss; test accuracy beside it says the opposite."""
    loss = Metric("train loss", better="lower")
    study = attrs.evolve(STUDY, metrics=[loss, ACCURACY])
    found = [
        records.record(name, r, study.seed, train_loss=(level + r / 100,), test=(level + r / 100,))
        for name, level in (("a", 0.5), ("b", 0.25))
        for r in range(8)
    ]
    verdicts = judge(StudyResults.of_rounds(study, found))
    (first,) = verdicts.analysis.comparisons
    assert (first.verdict, first.contrast.name) == ("better", "b - a")
    assert "lower by 0.25" in first.sentence
    (second,) = [note for note in verdicts.notes if note.startswith("secondary, ")]
    assert second.startswith("secondary, test accuracy: b is worse than a by 25.0 points")
