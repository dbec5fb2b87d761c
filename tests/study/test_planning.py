import attrs
import numpy as np
import pytest

from bakeoff.errors import ArgumentError
from bakeoff.statistics.power import rounds_for_difference
from bakeoff.statistics.verdict import Verdict
from bakeoff.study.planning import ASSUMED_STD, Spread, rounds_needed, seconds_a_round, seen_spread
from bakeoff.study.results import StudyResults
from bakeoff.study.store import StoredStudy, identity_of
from bakeoff.study.verdicts import judge
from bakeoff.study.workers import LocalPool
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from records import record

NAMES = ("a", "b", "c")
STUDY = NetworkStudy("s", "Which?", [NetworkCompetitor(n) for n in NAMES], [("b", "a"), ("c", "a")])


def results(columns):
    return StudyResults.of_rounds(
        STUDY,
        [
            record(name, r, test=(value,), seconds=0.5)
            for name, values in columns.items()
            for r, value in enumerate(values)
        ],
    )


def test_the_widest_question_counts():
    found = seen_spread(
        results({"a": [0.5] * 6, "b": [0.5, 0.6] * 3, "c": [0.4, 0.8, 0.4, 0.8, 0.4, 0.8]})
    )
    seen = np.std([0.4, 0.8] * 3, ddof=1)
    # A χ² of 5 degrees of freedom exceeds 2.3425 four times in five.
    limit = pytest.approx(seen * (5 / 2.3425) ** 0.5, rel=1e-4)
    assert found == Spread(limit, "c - a", 6, pytest.approx(seen))


def test_too_few_rounds_say_nothing():
    four = {name: [0.5, 0.6, 0.7, 0.4] for name in NAMES}
    assert seen_spread(results(four)) == Spread(ASSUMED_STD)
    assert seen_spread(StudyResults(STUDY, ())) == Spread(ASSUMED_STD)


def test_rounds_are_counted_at_holms_first_step():
    needed = rounds_needed(STUDY, 0.01, 0.02)
    assert needed.comparisons == 2
    assert needed.rounds == needed.unseen == rounds_for_difference(0.01, 0.02, comparisons=2)
    assert (needed.first, needed.anytime) == (0, False)
    assert rounds_needed(STUDY, 0.01, 0.02, power=0.95).rounds > needed.rounds


def run_before(planned, asked=range(0)):
    return StoredStudy(identity_of(STUDY), STUDY, planned, asked, {}, "")


@pytest.mark.parametrize("effect", [0.5, 1, 1.5])
def test_after_a_pilot_rounds_are_counted_for_the_test_that_judges_them(effect):
    pilot = run_before(range(6))
    needed = rounds_needed(STUDY, 0.02 * effect, 0.02, kept=pilot)
    assert needed.anytime
    assert needed.unseen == rounds_for_difference(effect, 1.0, comparisons=2) < needed.rounds
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(200):
        a = rng.normal(0.8, 0.01, needed.rounds)
        c = a + rng.normal(0, 0.02, needed.rounds)
        b = a + 0.02 * effect + rng.normal(0, 0.02, needed.rounds)
        values = {"a": a, "b": b, "c": c}
        verdicts = judge(results(values), pilot.planned)
        assert verdicts.analysis.mode == "anytime"
        found += verdicts.analysis.comparisons[0].verdict is Verdict.BETTER
    assert found / 200 > 0.72  # three standard errors below 0.8


def test_rounds_planned_before_are_the_plan_if_they_are_enough():
    needed = rounds_needed(STUDY, 0.02, 0.02, kept=run_before(range(5, 45)))
    assert (needed.rounds, needed.first, needed.anytime) == (40, 5, False)
    looked = run_before(range(5, 45), asked=range(3, 50))
    more = rounds_needed(STUDY, 0.02, 0.02, kept=looked)
    assert (more.rounds, more.first, more.anytime) == (47, 3, True)
    open_end = rounds_needed(STUDY, 0.02, 0.02, kept=run_before(range(0)))
    assert open_end.anytime
    assert open_end.rounds > open_end.unseen


@pytest.mark.parametrize("difference", [0, -0.01, float("nan")])
def test_a_difference_is_above_0(difference):
    with pytest.raises(ArgumentError, match="expected above 0"):
        rounds_needed(STUDY, difference, 0.02)


def test_a_study_without_questions_needs_no_rounds():
    with pytest.raises(ArgumentError, match="declares no comparison"):
        rounds_needed(attrs.evolve(STUDY, comparisons=()), 0.01, 0.02)


def test_seen_seconds_are_added_up():
    assert seconds_a_round(STUDY, results({name: [0.5] * 3 for name in NAMES})) == 1.5


def test_unseen_seconds_are_measured():
    study = NetworkStudy(
        "s",
        "Which?",
        [NetworkCompetitor("x", network="model2", recipe=Recipe(epochs=1000))],
        train_size=100,
        test_size=100,
    )
    short = attrs.evolve(study, competitors=[attrs.evolve(study.competitors[0], recipe=Recipe())])
    empty = StudyResults(study, ())
    long = seconds_a_round(study, empty, pool=LocalPool(1))
    assert long > 10 * seconds_a_round(short, empty, pool=LocalPool(1))
