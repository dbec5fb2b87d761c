import attrs
import numpy as np
import pytest
import trainers

from bakeoff.errors import ArgumentError
from bakeoff.study.planning import (
    ASSUMED_STD,
    Spread,
    rounds_needed,
    seconds_a_round,
    seen_spread,
)
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Competitor, Recipe, Study
from bakeoff.study.statistics.power import rounds_for_difference
from bakeoff.study.workers import LocalPool

NAMES = ("a", "b", "c")
STUDY = Study("s", "Which?", [Competitor(n) for n in NAMES], [("b", "a"), ("c", "a")])


def results(columns):
    return StudyResults.of_rounds(
        STUDY,
        [
            attrs.evolve(trainers.result(STUDY, STUDY.competitor(name), r), test_accuracy=(value,))
            for name, values in columns.items()
            for r, value in enumerate(values)
        ],
    )


def test_the_widest_question_counts():
    found = seen_spread(
        results({"a": [0.5] * 6, "b": [0.5, 0.6] * 3, "c": [0.4, 0.8, 0.4, 0.8, 0.4, 0.8]})
    )
    assert found == Spread(pytest.approx(np.std([0.4, 0.8] * 3, ddof=1)), "c - a", 6)


def test_too_few_rounds_say_nothing():
    four = {name: [0.5, 0.6, 0.7, 0.4] for name in NAMES}
    assert seen_spread(results(four)) == Spread(ASSUMED_STD)
    assert seen_spread(StudyResults(STUDY, ())) == Spread(ASSUMED_STD)


def test_rounds_are_counted_at_holms_first_step():
    needed = rounds_needed(STUDY, 0.01, 0.02, seconds=3.0, workers=2)
    assert needed.comparisons == 2
    assert needed.rounds == rounds_for_difference(0.01, 0.02, comparisons=2)
    assert needed.seconds == needed.rounds * 3.0 / 2
    more = rounds_needed(STUDY, 0.01, 0.02, seconds=3.0, power=0.95)
    assert more.rounds > needed.rounds


@pytest.mark.parametrize("difference", [0, -0.01, float("nan")])
def test_a_difference_is_above_0(difference):
    with pytest.raises(ArgumentError, match="expected above 0"):
        rounds_needed(STUDY, difference, 0.02, seconds=1.0)


def test_a_study_without_questions_needs_no_rounds():
    with pytest.raises(ArgumentError, match="declares no comparison"):
        rounds_needed(attrs.evolve(STUDY, comparisons=()), 0.01, 0.02, seconds=1.0)


def test_seen_seconds_are_added_up():
    assert seconds_a_round(STUDY, results({name: [0.5] * 3 for name in NAMES})) == 1.5


def test_unseen_seconds_are_measured():
    study = Study(
        "s",
        "Which?",
        [Competitor("x", network="model2", recipe=Recipe(epochs=1000))],
        train_size=100,
        test_size=100,
    )
    short = attrs.evolve(study, competitors=[attrs.evolve(study.competitors[0], recipe=Recipe())])
    empty = StudyResults(study, ())
    long = seconds_a_round(study, empty, pool=LocalPool(1))
    assert long > 10 * seconds_a_round(short, empty, pool=LocalPool(1))
