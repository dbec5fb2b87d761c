import made
import pytest

import trainers
from bakeoff.report.study_page import headline
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.verdicts import judge


def comparisons(names, pairs, rounds=10):
    study = Study("s", "?", [Competitor(name) for name in names], pairs)
    results = [trainers.result(study, c, r) for c in study.competitors for r in range(rounds)]
    return judge(StudyResults.of_rounds(study, results)).analysis.comparisons


def test_a_single_question_is_told_with_all_its_figures():
    (only,) = comparisons(("a", "bb"), [("bb", "a")])
    assert headline([only]) == only.sentence


def test_several_are_told_by_their_points_and_the_rest_is_counted():
    told = headline(comparisons(("a", "bb", "ccc"), [("bb", "a"), ("ccc", "a")]))
    assert told.startswith("Of 2 questions, ")
    assert "bb is better than a by" in told
    assert told.endswith(".")
    assert told.count(". ") == 0


def test_none_answered_and_none_asked():
    undecided = comparisons(("a", "bb", "ccc"), [("bb", "a"), ("ccc", "a")], rounds=2)
    assert headline(undecided) == "None of the 2 questions is answered yet: all stay undecided."
    assert headline([]).startswith("No difference can be told")


@pytest.mark.parametrize(
    ("others", "more"), [(8, "5 smaller ones are told below"), (4, "1 smaller one is told below")]
)
def test_of_many_answers_the_largest_are_told(others, more):
    names = ["a" * (i + 1) for i in range(others + 1)]
    told = headline(comparisons(names, [(name, "a") for name in names[1:]], rounds=20))
    assert f"Of {others} questions, {others} are answered" in told
    assert told.endswith(f", and {more}.")
    assert f"{names[-1]} is better" in told
    assert f" {names[1]} is better" not in told


@pytest.mark.parametrize("rounds", [8])
def test_points_are_those_of_the_mean(rounds):
    results = made.made_results(rounds=rounds)
    both = judge(results).analysis.comparisons
    undecided = [c for c in both if c.estimate]
    mean = 100 * abs(undecided[0].estimate.mean)
    told = headline([*both, *both])
    assert f"{mean:.2f} points" in told or "None of" in told
