import sqlite3
from contextlib import closing

import attrs
import pytest

import trainers
from bakeoff.errors import StoreError, StudyError
from bakeoff.study.run import Listener, RunOptions, run_study
from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import find_kept, notes_on, results_of
from bakeoff.study.store.transfer import merge
from bakeoff.study.verdicts import judge
from bakeoff.study.workers import LocalPool, belong_to_parent
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import ABLATION

STUDY = NetworkStudy(
    "s",
    "Which?",
    [NetworkCompetitor(name, recipe=Recipe(epochs=2)) for name in ("a", "bb")],
    [("bb", "a")],
    rounds=6,
)


class Told:
    """Collects what a run tells."""

    def __init__(self):
        self.total, self.standing, self.trained, self.rehearsed = None, None, [], []

    def listener(self):
        return Listener(
            on_start=self.start,
            on_results=lambda results: self.trained.extend(map(self.name, results)),
            on_repeated=lambda results: self.rehearsed.extend(map(self.name, results)),
        )

    def start(self, total, standing):
        self.total, self.standing = total, [self.name(result) for result in standing]

    @staticmethod
    def name(result):
        return result.competitor, result.round


def run(study=STUDY, store=None, workers=1, train=trainers.quick, **options):
    told = Told()
    chosen = RunOptions(**({"repeat_first": False} | options))
    prepare = trainers.fakes(train)
    pool = LocalPool(workers, begin=belong_to_parent)
    outcome = run_study(
        study, chosen, store=store, pool=pool, listener=told.listener(), prepare=prepare
    )
    return outcome, told


def names(outcome):
    return [(result.competitor, result.round) for result in outcome.results.results]


def test_the_planned_rounds_are_trained_without_a_store():
    outcome, told = run()
    assert names(outcome) == [(name, r) for name in ("a", "bb") for r in range(6)]
    assert outcome.planned == range(6)
    assert (told.total, told.standing, len(told.trained)) == (12, [], 12)
    assert list(outcome.machines.values()) == [12]


def test_running_again_trains_only_what_is_missing(tmp_path):
    store = tmp_path / "store"
    first, _ = run(store=store, rounds=range(2), only=("bb",))
    assert names(first) == [("bb", 0), ("bb", 1)]
    _, told = run(store=store, rounds=range(3))
    assert told.standing == [("bb", 0), ("bb", 1)]
    assert sorted(told.trained) == [("a", 0), ("a", 1), ("a", 2), ("bb", 2)]
    more, told = run(store=store, rounds=range(10))
    assert len(told.trained) == 14
    again, told = run(store=store, rounds=range(10))
    assert (told.trained, again) == ([], more)
    undisturbed, _ = run(rounds=range(10))
    assert again.results == undisturbed.results


def test_the_plan_is_that_of_the_first_run(tmp_path):
    store = tmp_path / "store"
    assert run(store=store, rounds=range(7))[0].planned == range(7)
    assert run(store=store, rounds=range(8))[0].planned == range(7)
    raised = attrs.evolve(STUDY, rounds=100, question="Once more?")
    assert run(raised, store=store, rounds=range(8))[0].planned == range(7)
    other = attrs.evolve(STUDY, seed=1)
    assert run(other, store=store)[0].planned == range(6)


def test_only_the_rounds_asked_for_are_returned_of_a_group():
    wide = STUDY.with_recipe(Recipe(epochs=2, rounds_per_group=4))
    outcome, told = run(wide, rounds=range(3, 5), only=("a",))
    assert names(outcome) == [("a", 3), ("a", 4)]
    assert told.total == 2
    assert outcome.machines.popitem()[1] == 2


def test_a_long_study_is_rehearsed(tmp_path):
    outcome, told = run(rounds=range(10), repeat_first=None, workers=2)
    assert told.rehearsed == [("a", 0)]
    assert len(told.trained) == len(set(told.trained)) == 20
    assert len(names(outcome)) == 20
    _, told = run(rounds=range(9), repeat_first=None, workers=2)
    assert told.rehearsed == []


def test_a_study_that_gives_other_bits_each_time_is_refused(tmp_path):
    store = tmp_path / "store"
    with pytest.raises(StudyError, match=r"'a', round 0: trained twice, .* values of train_loss"):
        run(store=store, train=trainers.wavering, repeat_first=True)
    with Store(store, read_only=True) as opened:
        assert opened.results(opened.studies()[0].keys) == ()
        assert opened.read("SELECT * FROM claims") == []


def test_a_first_task_that_fails_ends_no_rivals_rounds():
    with pytest.raises(StudyError, match="failed: round a 0, a 1, a 2, 3 more were not tried") as e:
        run(train=trainers.failing_for_a, repeat_first=True)
    assert "all others are kept" in str(e.value)


def test_a_study_may_stop_when_it_is_decided(tmp_path):
    store = tmp_path / "store"
    study = STUDY.with_recipe(epochs=3)
    outcome, told = run(study, store=store, rounds=range(60), until_decided=True, workers=2)
    stopped = outcome.results.rounds
    assert stopped == tuple(range(len(stopped)))
    assert 6 <= len(stopped) < 60
    assert outcome.planned == range(0)
    alone, _ = run(study, rounds=range(60), until_decided=True, workers=1)
    assert alone.results == outcome.results
    again, told = run(study, store=store, rounds=range(60), until_decided=True)
    assert (again.results, told.trained) == (outcome.results, [])


def test_a_part_of_a_study_stops_when_that_part_is_decided():
    three = attrs.evolve(STUDY, competitors=[*STUDY.competitors, NetworkCompetitor("ccc")])
    outcome, _ = run(three, only=("a", "bb"), rounds=range(60), until_decided=True)
    assert 6 <= len(outcome.results.rounds) < 60


def test_a_faulty_store_is_refused_before_any_work(tmp_path):
    store = tmp_path / "store"
    store.write_text("no store")
    with pytest.raises(StoreError, match="not a store"):
        run(store=store, train=trainers.failing)
    assert store.read_text() == "no store"


def test_our_trainer_trains_by_default():
    study = attrs.evolve(ABLATION.with_recipe(epochs=1), train_size=100, test_size=100)
    outcome = run_study(study, RunOptions(rounds=range(1)), pool=LocalPool(1))
    assert [(r.competitor, r.parameters) for r in outcome.results.results][:2] == [
        ("model1", 77_346),
        ("model2", 72_546),
    ]


def test_every_door_has_the_verdict_of_the_rounds_asked_for(tmp_path):
    store = tmp_path / "store"
    wide = STUDY.with_recipe(Recipe(epochs=2, rounds_per_group=10))

    def verdicts(outcome):
        with Store(store, read_only=True) as opened:
            kept = find_kept(opened)
            found, stand = results_of(opened, kept), opened.finished(kept.keys["a"])
        assert (found, found.planned) == (outcome.results, outcome.planned)
        told = judge(outcome.results)
        assert judge(found) == told
        return told.analysis.mode, told.rounds, len(stand)

    outcome, told = run(wide, store=store, rounds=range(8))
    assert (told.total, len(told.trained)) == (16, 16)
    assert verdicts(outcome) == ("planned", tuple(range(8)), 10)
    outcome, told = run(wide, store=store, rounds=range(12))
    assert (told.total, len(told.standing), len(told.trained)) == (24, 20, 4)
    assert verdicts(outcome) == ("anytime", tuple(range(12)), 20)
    outcome, _ = run(wide, store=store, rounds=range(8))
    assert verdicts(outcome) == ("anytime", tuple(range(12)), 20)


def test_a_look_that_can_decide_nothing_is_no_plan(tmp_path):
    store = tmp_path / "store"
    first, _ = run(store=store, rounds=range(2))
    assert (first.planned, judge(first.results).analysis.mode) == (range(6), "anytime")
    then, _ = run(store=store)
    assert (then.planned, judge(then.results).analysis.mode) == (range(6), "planned")


THREE = attrs.evolve(
    STUDY,
    competitors=[*STUDY.competitors, NetworkCompetitor("ccc", recipe=Recipe(epochs=2))],
    comparisons=[("bb", "a"), ("ccc", "a")],
)
PART = THREE.only(["a", "bb"])
SMALLER = "a and bb alone were asked for, so p is corrected for 1 question, not for the 2 of the"


def shown(store):
    """What `show` judges of a store, with its notes."""
    with Store(store, read_only=True) as opened:
        kept = find_kept(opened)
        return judge(results_of(opened, kept)), " ".join(notes_on(opened, kept))


def verdicts_of(outcome):
    return judge(attrs.evolve(outcome.results, study=outcome.judged))


def test_a_part_asked_for_before_any_look_is_a_smaller_study_until_more_is(tmp_path):
    store = tmp_path / "store"
    part, _ = run(THREE, store=store, only=("a", "bb"))
    assert part.judged == PART
    assert SMALLER in part.notes[0]
    assert verdicts_of(part).analysis == shown(store)[0].analysis
    assert SMALLER in shown(store)[1]
    again, _ = run(THREE, store=store, only=("bb",))
    assert again.judged == PART
    whole, _ = run(THREE, store=store)
    assert whole.judged == THREE
    assert "a and bb alone were asked for before; now the whole study is judged" in whole.notes[0]
    assert verdicts_of(whole).analysis == shown(store)[0].analysis
    assert len(shown(store)[0].analysis.comparisons) == 2
    late, _ = run(THREE, store=store, only=("a", "bb"))
    assert (late.judged, late.notes) == (THREE, ())


def test_what_stands_of_the_rest_under_another_study_was_looked_at(tmp_path):
    store = tmp_path / "store"
    other = attrs.evolve(THREE, name="other")
    run(other, store=store, only=("ccc",))
    part, _ = run(THREE, store=store, only=("a", "bb"))
    assert (part.judged, part.notes) == (THREE, ())
    assert "counts in the correction" in " ".join(verdicts_of(part).notes)


@pytest.mark.parametrize(("only", "aim"), [(("a", "bb"), PART), (("a", "ccc"), THREE)])
def test_stores_of_one_part_stay_it_when_merged(tmp_path, only, aim):
    run(THREE, store=tmp_path / "one", only=("a", "bb"))
    run(THREE, store=tmp_path / "two", only=only)
    with Store(tmp_path / "one") as one, Store(tmp_path / "two", read_only=True) as two:
        merge(one, two)
        assert results_of(one, find_kept(one)).study == aim


@pytest.mark.parametrize("only", ['["zzz"]', "3", '["a","bb","ccc"]', "[[]]"])
def test_a_store_that_tells_of_no_such_part_is_damaged(tmp_path, only):
    store = tmp_path / "store"
    run(THREE, store=store, only=("a", "bb"))
    with closing(sqlite3.connect(store)) as connection, connection:
        sql = 'UPDATE studies SET spec = replace(spec, \'["a","bb"]\', ?)'
        connection.execute(sql, (only,))
    with pytest.raises(StoreError, match="alone"):
        shown(store)
