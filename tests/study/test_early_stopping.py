import random

import attrs
import pytest

import trainers
from bakeoff.study.early_stopping import StoppingRule
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from records import with_curve

STUDY = NetworkStudy(
    "s", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("bb")], [("bb", "a")]
)


def results(rounds, study=STUDY):
    return [trainers.result(study, c, round_) for round_ in rounds for c in study.competitors]


def decided_at(results, **more):
    rule = StoppingRule(STUDY, range(40), **more)
    for result in results:
        rule.add([result])
    return rule.decided_at


def test_the_first_number_of_rounds_that_decides_counts_in_any_order():
    found = decided_at(results(range(40)))
    assert 6 <= found < 40
    shuffled = results(range(40))
    random.Random(3).shuffle(shuffled)
    assert decided_at(shuffled) == found
    assert decided_at(results(range(found))) == found
    assert decided_at(results(range(found - 1))) is None


def test_the_careful_test_decides_later():
    clear = [
        with_curve(r, "test_accuracy", (0.5 * (r.competitor == "bb") + r.round / 100,))
        for r in results(range(40))
    ]
    assert decided_at(clear) == 7
    assert decided_at(clear, careful=True) == 11  # (1 + 0.5)^11 > 40 * 3 / 2


def test_a_gap_waits_for_its_round():
    rule = StoppingRule(STUDY, range(40))
    rule.add(results(range(1, 40)))
    assert (rule.decided_at, rule.rounds) == (None, range(40))
    rule.add(results([0]))
    assert rule.rounds == range(rule.decided_at)


def test_only_the_competitors_that_are_trained_must_be_complete():
    three = attrs.evolve(STUDY, competitors=[*STUDY.competitors, NetworkCompetitor("c")])
    rule = StoppingRule(three, range(40), only=("a", "bb"))
    rule.add(results(range(40)))
    assert rule.decided_at is not None
    undeclared = StoppingRule(attrs.evolve(STUDY, comparisons=()), range(40))
    undeclared.add(results(range(40)))
    assert undeclared.decided_at is None


def test_rounds_beyond_those_asked_for_do_not_count():
    rule = StoppingRule(STUDY, range(3))
    rule.add(results(range(40)))
    assert rule.decided_at is None


def test_equal_competitors_are_decided_by_a_margin_alone():
    noisy = [
        with_curve(r, "test_accuracy", (0.5 + (r.round + len(r.competitor)) % 2 / 1000,))
        for r in results(range(40))
    ]
    assert decided_at(noisy) is None
    assert decided_at(noisy, margin=0.05) is not None


@pytest.mark.parametrize("declared", [True, False])
def test_effects_decide_only_where_nothing_is_declared(declared):
    cells = [NetworkCompetitor("a", levels={"x": "1"}), NetworkCompetitor("bb", levels={"x": "2"})]
    study = NetworkStudy("s", "Which?", cells, [("bb", "a")] if declared else [])
    rule = StoppingRule(study, range(40))
    rule.add(results(range(40), study))
    assert rule.decided_at is not None
