import attrs
import numpy as np
import pytest
from scipy import stats

from bakeoff.errors import ArgumentError
from bakeoff.statistics.dependence import Dependence
from bakeoff.statistics.power import (
    anytime_rounds_for_difference,
    detectable_difference,
    rounds_for_difference,
    sign_flip_power,
    spread_limit,
)
from bakeoff.statistics.verdict import Verdict
from bakeoff.study.function import FunctionStudy
from bakeoff.study.planning import ASSUMED_STD, Spread, rounds_needed, seconds_a_round, seen_spread
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Competitor
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
    needed = rounds_needed(STUDY, 0.01, Spread(0.02))
    assert needed.comparisons == 2
    assert needed.rounds == rounds_for_difference(0.01, 0.02, comparisons=2)
    assert needed.range == (needed.rounds, needed.rounds)
    assert (needed.first, needed.anytime, needed.fresh) == (0, False, False)
    assert rounds_needed(STUDY, 0.01, Spread(0.02), power=0.95).rounds > needed.rounds


def run_before(planned, asked=range(0)):
    return StoredStudy(identity_of(STUDY), STUDY, planned, asked, {}, "")


def test_a_plan_is_a_range_of_rounds_for_a_spread_that_was_seen():
    for rounds in (5, 10, 30, 100):
        seen = Spread(spread_limit(0.02, rounds), "b - a", rounds, 0.02)
        low, high = rounds_needed(STUDY, 0.01, seen).range
        ends = stats.chi2(rounds - 1).ppf([0.9, 0.1])
        for found, quantile in zip((low, high), ends, strict=True):
            std = 0.02 * ((rounds - 1) / quantile) ** 0.5
            assert found == rounds_for_difference(0.01, std, comparisons=2)
        assert low < rounds_needed(STUDY, 0.01, seen).rounds < high


@pytest.mark.parametrize("rounds", [5, 10, 30])
def test_what_a_pilot_promises_is_kept_4_times_in_5(rounds):
    rng, effect = np.random.default_rng(rounds), 0.5
    study = attrs.evolve(STUDY, comparisons=[("b", "a")])
    truth, plans, found = rounds_for_difference(effect, 1.0), [], []
    pilots = np.sqrt(rng.chisquare(rounds - 1, 400) / (rounds - 1)).round(2)
    seen, each = np.unique(pilots, return_inverse=True)
    for std in seen:
        spread = Spread(spread_limit(std, rounds), "b - a", rounds, std)
        plan = rounds_needed(study, effect, spread)
        enough = sign_flip_power(effect, plan.rounds, 0.05) >= 0.8
        plans.append((plan.rounds, plan.range[0] <= truth <= plan.range[1], enough))
    planned, inside, enough = np.array(plans)[each].T
    found = [stats.ttest_1samp(rng.normal(effect, 1, n), 0).pvalue <= 0.05 for n in planned]
    assert inside.mean() == pytest.approx(0.8, abs=0.06)  # three standard errors
    assert enough.mean() == pytest.approx(0.8, abs=0.06)
    assert np.mean(found) > 0.8


@pytest.mark.parametrize("effect", [0.5, 1.5])
def test_a_pilot_stays_out_and_what_it_takes_with_it_is_told(effect):
    pilot = run_before(range(6))
    needed = rounds_needed(STUDY, 0.02 * effect, Spread(0.02), kept=pilot)
    assert (needed.first, needed.anytime, needed.fresh) == (0, False, True)
    assert needed.rounds == rounds_for_difference(effect, 1.0, comparisons=2) < needed.going_on
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(200):
        a = rng.normal(0.8, 0.01, needed.going_on)
        c = a + rng.normal(0, 0.02, needed.going_on)
        b = a + 0.02 * effect + rng.normal(0, 0.02, needed.going_on)
        values = {"a": a, "b": b, "c": c}
        verdicts = judge(results(values), pilot.planned)
        assert verdicts.analysis.mode == "anytime"
        found += verdicts.analysis.comparisons[0].verdict is Verdict.BETTER
    assert found / 200 > 0.72  # three standard errors below 0.8
    tiny = rounds_needed(STUDY, 0.0005, Spread(0.02), kept=pilot)
    assert (tiny.rounds > 10_000, tiny.going_on) == (True, None)


def test_rounds_planned_before_are_the_plan_if_they_are_enough():
    needed = rounds_needed(STUDY, 0.02, Spread(0.02), kept=run_before(range(5, 45)))
    assert (needed.rounds, needed.first, needed.anytime, needed.fresh) == (40, 5, False, False)
    looked = run_before(range(5, 45), asked=range(3, 50))
    more = rounds_needed(STUDY, 0.02, Spread(0.02), kept=looked)
    assert (more.rounds < 40, more.going_on, more.fresh) == (True, 47, True)
    open_end = rounds_needed(STUDY, 0.02, Spread(0.02), kept=run_before(range(0)))
    assert open_end.fresh
    assert open_end.going_on > open_end.rounds


def test_listed_seeds_have_no_others_so_that_a_pilot_is_judged_with_the_rest():
    two = [Competitor("a"), Competitor("b")]
    study = FunctionStudy("s", "", two, [("b", "a")], rounds=40, seeds=[*range(40)], function="m:f")
    kept = StoredStudy(identity_of(study), study, range(6), range(6), {}, "")
    needed = rounds_needed(study, 1.0, Spread(1.0), kept=kept)
    assert (needed.anytime, needed.fresh, needed.first) == (True, False, 0)
    assert needed.rounds == anytime_rounds_for_difference(1.0, 1.0)


def test_rounds_that_share_examples_tell_what_they_find_and_plan_nothing():
    rng = np.random.default_rng(1)
    found = results({name: rng.normal(0.8, 0.02, 10) for name in NAMES})
    folds = attrs.evolve(found.judging, dependence=Dependence.parse("folds 10x1"))
    row = found.table()[:, [1, 2]] - found.table()[:, [0]]
    std = spread_limit(row.std(axis=0, ddof=1).max(), 10) * (1 + 10 / 9) ** 0.5
    points = 100 * detectable_difference(std, 10, comparisons=2, test="t")
    with pytest.raises(ArgumentError, match=f"tell ever less.*; these find {points:.6g} points"):
        seen_spread(attrs.evolve(found, judging=folds))


@pytest.mark.parametrize("difference", [0, -0.01, float("nan")])
def test_a_difference_is_above_0(difference):
    with pytest.raises(ArgumentError, match="expected above 0"):
        rounds_needed(STUDY, difference, Spread(0.02))


def test_a_study_without_questions_needs_no_rounds():
    with pytest.raises(ArgumentError, match="declares no comparison"):
        rounds_needed(attrs.evolve(STUDY, comparisons=()), 0.01, Spread(0.02))


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
