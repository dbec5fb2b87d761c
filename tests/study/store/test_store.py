import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trainers
from bakeoff.errors import StoreError
from bakeoff.study.machine import Machine
from bakeoff.study.record import from_plain, to_plain
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.store import store as store_module
from bakeoff.study.store.rows import COLUMNS, from_row, to_row
from bakeoff.system.processes import this_process
from bakeoff.training.keys import Key
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from records import record

MACHINE = Machine(cpu="c", torch="2", python="3", bakeoff="0")
OTHER = attrs.evolve(MACHINE, cpu="d")
STUDY = NetworkStudy("s", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b")], [("b", "a")])
KEYS = {name: Key("{}", f"sources of {name}", "embedded") for name in ("a", "b")}
DEAD = "another-boot/1/1/1"


@pytest.fixture
def store():
    with Store(IN_MEMORY) as store:
        store.record(STUDY, KEYS, range(4))
        yield store


def result(name, round_, **changes):
    return attrs.evolve(trainers.result(STUDY, STUDY.competitor(name), round_), **changes)


def keep(store, name, rounds, machine=MACHINE):
    results = tuple(result(name, round_) for round_ in rounds)
    store.keep(KEYS[name].text, 0, results, machine)
    return results


finite = st.floats(allow_nan=False, allow_infinity=False)
curves = st.lists(finite, min_size=1, max_size=4).map(tuple)
names = st.text(min_size=1, max_size=5)


@given(
    st.integers(),
    st.lists(curves, min_size=3, max_size=3),
    st.dictionaries(names, curves),
    st.none() | st.integers(1, 99),
    st.none() | st.binary(),
)
def test_a_round_comes_back_as_it_was(seed, three, auxiliary, diverged, weights):
    loss, train, test = three
    before = record(
        round=3,
        seed=seed,
        train_loss=loss,
        train=train,
        test=test,
        auxiliary=auxiliary,
        diverged=diverged,
        weights=weights,
    )
    row = dict(zip(COLUMNS, to_row(before), strict=True))
    assert from_row(row, "a", dict(before.attachments)) == before
    told = json.loads(json.dumps(to_plain(before, attachments=True)))
    assert from_plain(told, "a") == before


def test_kept_rounds_are_found_under_their_key(store):
    kept = keep(store, "a", (1, 0))
    keep(store, "b", (0,))
    assert store.finished(KEYS["a"].text) == {0, 1}
    assert store.results({"a": KEYS["a"].text}) == kept[::-1]
    assert store.results({"a": KEYS["a"].text}, range(1)) == kept[1:]
    (renamed,) = store.results({"z": KEYS["b"].text})
    assert renamed == result("b", 0, competitor="z")


def test_a_round_that_stands_is_not_replaced(store):
    first = keep(store, "a", (0,))
    store.keep(KEYS["a"].text, 0, (result("a", 0, seconds=99.0),), OTHER)
    assert store.results({"a": KEYS["a"].text}) == first
    assert store.machines([KEYS["a"].text]) == {MACHINE: 1}


def test_a_spoilt_row_is_told(store):
    keep(store, "a", (0,))
    with store.writing() as connection:
        connection.execute("UPDATE rounds SET curves = '[1,'")
    with pytest.raises(StoreError, match="round 0 of 'a' is damaged"):
        store.results({"a": KEYS["a"].text})


def test_rounds_are_deleted_by_key(store):
    keep(store, "a", (0, 1))
    keep(store, "b", (0,))
    assert store.delete([KEYS["a"].text]) == 2
    assert store.finished(KEYS["a"].text) == set()
    assert store.finished(KEYS["b"].text) == {0}


def test_machines_are_counted(store):
    keep(store, "a", (0, 1, 2))
    keep(store, "b", (3, 4), OTHER)
    keys = [key.text for key in KEYS.values()]
    assert store.machines(keys) == {MACHINE: 3, OTHER: 2}
    assert store.machines(keys, range(2, 4)) == {MACHINE: 1, OTHER: 1}


def test_a_group_is_claimed_once_until_it_is_kept_or_given_back(store):
    key, owner = KEYS["a"].text, this_process()
    assert store.claim(key, 0, owner, range(2))
    assert not store.claim(key, 0, owner, range(2))
    assert store.claimed(key).keys() == {0}
    store.release(key, 0, "someone else")
    assert store.claimed(key).keys() == {0}
    store.release(key, 0, owner)
    assert store.claim(key, 0, owner, range(2))
    keep(store, "a", (0, 1))
    assert store.claimed(key) == {}
    assert not store.claim(key, 0, owner, range(2))
    assert store.claim(key, 0, owner, range(3))


def test_a_dead_process_loses_its_claims(store):
    key = KEYS["a"].text
    assert store.claim(key, 0, DEAD, range(1))
    assert store.claimed(key) == {}
    assert store.claim(key, 0, this_process(), range(1))
    assert store.claimed(key).keys() == {0}


def test_a_study_comes_back_as_it_was_run(store):
    (kept,) = store.studies()
    assert kept.study == STUDY
    assert kept.planned == range(4)
    assert kept.keys == {name: key.text for name, key in KEYS.items()}


def test_a_study_of_everything_comes_back():
    full = NetworkStudy(
        "full",
        "Which?",
        [
            NetworkCompetitor(
                "a",
                network="n",
                loss_weights={"y": 1, "x": 0.5},
                recipe=Recipe(lr=1, schedule="cosine"),
                options={"p": True, "q": 3, "r": 0.5, "s": "t"},
                levels={"f": "1"},
            ),
            NetworkCompetitor("b", levels={"f": "2"}),
        ],
        [("a", "b")],
        seed=10**30,
    )
    with Store(IN_MEMORY) as store:
        assert store.record(full, KEYS, range(1)).study == full


def test_the_plan_stays_and_the_latest_form_is_kept(store):
    later = attrs.evolve(STUDY, rounds=100, question="Why?")
    kept = store.record(later, KEYS, range(100))
    assert kept.planned == range(4)
    assert kept.study == later
    assert len(store.studies()) == 1


def test_the_latest_key_counts(store):
    changed = {"a": attrs.evolve(KEYS["a"], data="changed")}
    assert store.record(STUDY, changed, range(4)).keys == {
        "a": changed["a"].text,
        "b": KEYS["b"].text,
    }


@pytest.mark.parametrize("clock", ["going", "standing", "set back"])
def test_the_last_study_comes_first_and_is_found_by_name_or_identity(store, clock, monkeypatch):
    if clock != "going":
        year = 2000 if clock == "set back" else 3000
        monkeypatch.setattr(store_module, "now", lambda: f"{year}-01-01T00:00:00.000+00:00")
    other = attrs.evolve(STUDY, seed=1)
    stranger = attrs.evolve(STUDY, name="stranger")
    store.record(other, KEYS, range(4))
    store.record(stranger, KEYS, range(4))
    assert [kept.study for kept in store.studies()] == [stranger, other, STUDY]
    assert [kept.study for kept in store.studies("s")] == [other, STUDY]
    identity = store.studies()[2].identity
    assert [kept.study for kept in store.studies(identity[:6])] == [STUDY]
    assert store.studies("none") == []
