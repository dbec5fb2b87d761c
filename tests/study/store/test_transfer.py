import attrs
import pytest

import trainers
from bakeoff.errors import StoreError
from bakeoff.study.machine import Machine
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.store.transfer import CARRIED, Carried, merge
from bakeoff.training.keys import keys_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy("s", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b")], [("b", "a")])
KEYS = keys_of(STUDY)
HERE = Machine(cpu="here", torch="2", python="3", bakeoff="0")
THERE = attrs.evolve(HERE, cpu="there")


def filled(store, rounds, machine=HERE, **changes):
    store.record(STUDY, KEYS, range(4))
    for name in ("a", "b"):
        results = [trainers.result(STUDY, STUDY.competitor(name), r) for r in rounds]
        store.keep(KEYS[name].text, 0, [attrs.evolve(r, **changes) for r in results], machine)


@pytest.fixture
def two():
    with Store(IN_MEMORY) as one, Store(IN_MEMORY) as other:
        yield one, other


def content(store):
    return {table: sorted(map(tuple, store.read(f"SELECT * FROM {table}"))) for table in CARRIED}


def test_merging_adds_what_is_missing_and_leaves_the_source(two):
    into, source = two
    filled(into, (0, 1))
    filled(source, (1, 2), THERE)
    before = content(source)
    assert merge(into, source) == Carried(added=2, known=2, different=0)
    assert content(source) == before
    assert into.finished(KEYS["a"].text) == {0, 1, 2}
    assert into.machines([KEYS["a"].text]) == {HERE: 2, THERE: 1}
    assert merge(into, source) == Carried(added=0, known=4, different=0)


def test_other_results_of_a_round_are_told_and_left_out(two):
    into, source = two
    filled(into, (0,))
    filled(source, (0,), THERE, scores={"test_accuracy": 0.25})
    before = content(into)["rounds"]
    assert merge(into, source) == Carried(added=0, known=0, different=2)
    assert content(into)["rounds"] == before


def test_what_is_merged_is_what_was_there(two):
    into, source = two
    filled(source, (0, 1), attachments={"predictions": bytes(range(256)), "weights": b"\x00\xff"})
    assert merge(into, source) == Carried(added=4, known=0, different=0)
    assert content(into) == content(source)
    filled(into, (2,))
    with into.writing() as connection:
        connection.execute("DELETE FROM rounds WHERE round = 0")
    assert {round_ for _, round_, *_ in content(into)["attachments"]} == {1, 2}


def test_other_attachments_are_other_results(two):
    into, source = two
    filled(into, (0,), attachments={"weights": b"1"})
    filled(source, (0,), attachments={"weights": b"2"})
    before = content(into)["attachments"]
    assert merge(into, source) == Carried(added=0, known=0, different=2)
    assert content(into)["attachments"] == before


def test_claims_are_not_carried(two):
    into, source = two
    filled(source, ())
    source.claim(KEYS["a"].text, 0, "owner", range(1))
    merge(into, source)
    assert into.read("SELECT * FROM claims") == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rounds SET curves = 'x'",
        "UPDATE rounds SET scores = '{}'",
        "UPDATE keys SET training = 'x'",
        "UPDATE studies SET spec = '{}'",
    ],
)
def test_a_damaged_store_gives_nothing(two, change):
    into, source = two
    filled(source, (0, 1))
    with source.writing() as connection:
        connection.execute(change)
    with pytest.raises(StoreError, match="is damaged"):
        merge(into, source)
    assert not any(content(into).values())


def test_a_study_that_both_have_counts_the_rounds_that_either_asked_for(two):
    one, other = two
    one.record(STUDY, KEYS, range(8))
    other.record(STUDY, KEYS, range(8, 12))
    merge(one, other)
    assert (one.studies()[0].planned, one.studies()[0].asked) == (range(8), range(12))
