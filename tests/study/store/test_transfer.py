import json

import attrs
import pytest
import trainers

from bakeoff.errors import StoreError
from bakeoff.study.keys import keys_of
from bakeoff.study.machine import Machine
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.store.transfer import CARRIED, Carried, add, export_json, merge, read_export

STUDY = Study("s", "Which?", [Competitor("a"), Competitor("b")], [("b", "a")])
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
    filled(source, (0,), THERE, test_accuracy=(0.25,))
    before = content(into)["rounds"]
    assert merge(into, source) == Carried(added=0, known=0, different=2)
    assert content(into)["rounds"] == before


def test_an_export_is_imported_exactly(two, tmp_path):
    source, into = two
    filled(source, (0, 1), predictions=bytes(range(256)), weights=b"\x00\xff")
    path = tmp_path / "rounds.json"
    path.write_text(export_json(source))
    assert add(into, read_export(path)) == Carried(added=4, known=0, different=0)
    assert content(into) == content(source)


def test_claims_are_not_carried(two):
    into, source = two
    filled(source, ())
    source.claim(KEYS["a"].text, 0, "owner", range(1))
    merge(into, source)
    assert into.read("SELECT * FROM claims") == []


def faulty(change):
    def changed(told):
        change(told)
        return json.dumps(told)

    return changed


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda told: "{", "is not JSON"),
        (lambda told: "[]", "is not an export of a store"),
        (faulty(lambda told: told.update(format="x")), "is not an export of a store"),
        (faulty(lambda told: told.update(schema=2)), "has schema 2 and this bakeoff knows 1"),
        (faulty(lambda told: told.pop("rounds")), "is not a whole export"),
        (faulty(lambda told: told["rounds"][0].pop("seconds")), "is not a whole export"),
        (faulty(lambda told: told["rounds"][1].update(train_loss="x")), "is not a whole export"),
        (faulty(lambda told: told["keys"][0].update(training="x")), "is not a whole export"),
        (faulty(lambda told: told["studies"][0].update(spec="{}")), "is not a whole export"),
        (faulty(lambda told: told.update(machines=[])), "cannot be written to"),
    ],
)
def test_a_faulty_export_is_refused_whole(two, tmp_path, spoil, sentence):
    source, into = two
    filled(source, (0, 1))
    path = tmp_path / "rounds.json"
    path.write_text(spoil(json.loads(export_json(source))))
    with pytest.raises(StoreError, match=sentence):
        add(into, read_export(path))
    assert not any(content(into).values())


def test_a_missing_export_is_told(tmp_path):
    with pytest.raises(StoreError, match="none: cannot be read"):
        read_export(tmp_path / "none")


def test_a_study_that_both_have_counts_the_rounds_that_either_asked_for(two):
    one, other = two
    one.record(STUDY, KEYS, range(8))
    other.record(STUDY, KEYS, range(8, 12))
    merge(one, other)
    assert (one.studies()[0].planned, one.studies()[0].asked) == (range(8), range(12))
