import random

import attrs
import numpy as np
import pytest

import trainers
from bakeoff.study.early_stopping import StoppingRule, raced
from bakeoff.study.results import Race, StudyResults
from bakeoff.study.verdicts import judge
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
    rule = StoppingRule(STUDY, range(40))
    rule.add(noisy)
    assert (rule.decided_at, rule.ended) == (20, "futile")
    calm = StoppingRule(STUDY, range(40), margin=0.05)
    calm.add(noisy)
    assert calm.ended == "decided"


@pytest.mark.parametrize("declared", [True, False])
def test_effects_decide_only_where_nothing_is_declared(declared):
    cells = [NetworkCompetitor("a", levels={"x": "1"}), NetworkCompetitor("bb", levels={"x": "2"})]
    study = NetworkStudy("s", "Which?", cells, [("bb", "a")] if declared else [])
    rule = StoppingRule(study, range(40))
    rule.add(results(range(40), study))
    assert rule.decided_at is not None


# ---- races ---------------------------------------------------------------------------------------

NAMES = "abcdef"


def race_of(means, pairs, rounds=60, seed=0, spread=0.02):
    """A study of so many networks, and rounds of all of them."""
    study = NetworkStudy("r", "?", [NetworkCompetitor(n) for n in NAMES[: len(means)]], pairs)
    coins = np.random.Generator(np.random.PCG64(seed))
    table = 0.5 + coins.normal(size=(rounds, len(means))) * spread + np.array(means)
    made = [
        with_curve(trainers.result(study, c, r), "test_accuracy", (float(table[r, k]),))
        for r in range(rounds)
        for k, c in enumerate(study.competitors)
    ]
    return study, made


ALL = [(b, a) for i, a in enumerate(NAMES) for b in NAMES[i + 1 :]]


def ended(study, made, rounds=60, **more):
    rule = StoppingRule(study, range(rounds), **more)
    rule.add(made)
    return rule


def test_who_cannot_be_the_best_leaves_and_the_race_ends_with_one():
    study, made = race_of([0, 0, 0, 0, 0.06, 0.08], ALL, seed=4)
    rule = ended(study, made)
    assert rule.ended == "decided"
    assert rule.left.keys() == set("abcde")
    assert max(rule.left[n] for n in "abcd") < rule.left["e"] == rule.decided_at
    counts = [sum(r.competitor == n for r in rule.counted) for n in NAMES]
    assert counts == [*(rule.left[n] for n in "abcde"), rule.decided_at]


def test_the_order_in_which_rounds_come_changes_nothing_nor_do_rounds_of_who_left():
    study, made = race_of([0, 0, 0, 0, 0.04, 0.04], ALL)
    whole = ended(study, made)
    shuffled = random.Random(1).sample(made, len(made))
    late = StoppingRule(study, range(60))
    for result in shuffled:
        late.add([result])
    lean = ended(study, whole.counted)  # as if none had been made in vain
    for rule in (late, lean):
        assert (rule.left, rule.decided_at, rule.ended) == (
            whole.left,
            whole.decided_at,
            whole.ended,
        )
        assert set(rule.counted) == set(whole.counted)


def test_the_verdict_of_a_race_is_that_of_its_records():
    study, made = race_of([0, 0, 0, 0, 0.04, 0.04], ALL, seed=2)
    results = raced(StudyResults.of_rounds(study, made, planned=range(0), race=Race(range(60))))
    verdicts = judge(results)
    assert set(verdicts.analysis.best) == {"e", "f"}
    assert raced(results) == results
    assert judge(raced(results)) == verdicts
    left, most = [len(results.of(n)) for n in "abcd"], len(results.of("e"))
    first = next(c for c in verdicts.analysis.comparisons if c.contrast.name == "e - a")
    assert (first.rounds, first.dropped, first.failures) == (left[0], 0, None)
    told = f"the race made {sum(left) + 2 * most} of 360 rounds, as 4 of 6 competitors left after "
    assert sum(note.startswith(told) for note in verdicts.notes) == 1
    assert any("stopped after" in note for note in verdicts.notes) == (
        results.race.ended == "futile"
    )


def test_of_declared_pairs_whoever_is_decided_leaves():
    study, made = race_of([0, 0.002, 0.06, 0.06], [(n, "a") for n in "bcd"])
    rule = ended(study, made)
    assert rule.left.keys() >= {"c", "d"}
    assert "a" not in rule.left
    assert rule.ended == "futile"
    results = raced(StudyResults.of_rounds(study, made, race=Race(range(60))))
    decided = {c.contrast.upper: c for c in judge(results).analysis.comparisons}
    assert [decided[n].verdict for n in "bcd"] == ["undecided", "better", "better"]
    assert decided["c"].rounds == rule.left["c"] < decided["b"].rounds


def test_all_that_may_be_the_best_may_be_equal():
    study, made = race_of([0, 0.1, 0.1], ALL[:1] + ALL[5:6] + ALL[1:2], spread=0.01)
    rule = ended(study, made, margin=0.05)
    assert (rule.ended, rule.left.keys()) == ("decided", {"a"})


def test_hopeless_rounds_are_not_made_and_a_difference_is_rarely_lost():
    """Of studies that 40 rounds would decide, futility ends hardly any; of others most."""
    lost, found, stopped = 0, 0, 0
    for seed in range(15):
        pair = [("b", "a")]
        stopped += ended(*race_of([0, 0], pair, 40, seed), rounds=40).ended == "futile"
        study, made = race_of([0, 0.015], pair, 40, seed)
        analysis = judge(StudyResults.of_rounds(study, made), anytime=True).analysis
        if analysis.comparisons[0].verdict != "undecided":
            found += 1
            lost += ended(study, made, rounds=40).ended == "futile"
    assert found >= 8
    assert lost == 0
    assert stopped >= 8


def test_a_race_in_words_is_read_back():
    for race in (Race(range(40)), Race(range(5, 100), 0.015), Race(range(1), 1e-7, careful=True)):
        assert Race.parse(str(race)) == race
    for text in ("", None, "0 to 39", "race 5 to 4", "race 0 to 9, margin x"):
        assert Race.parse(text) is None
