import attrs
import pytest

import trainers
from bakeoff.errors import StudyError
from bakeoff.study.machine import Machine
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.store.stored_study import find_kept, is_outdated, notes_on, results_of
from bakeoff.training.keys import keys_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "small", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b")], [("b", "a")]
)
HERE = Machine(cpu="here", torch="2", python="3", bakeoff="0")


@pytest.fixture
def store():
    with Store(IN_MEMORY) as store:
        yield store


def filled(store, study=STUDY, machine=HERE, rounds=range(2), sources=None):
    keys = keys_of(study)
    if sources:
        keys = {name: attrs.evolve(key, sources=sources) for name, key in keys.items()}
    kept = store.record(study, keys, range(2), rounds)
    for competitor in study.competitors:
        results = [trainers.result(study, competitor, r) for r in rounds]
        store.keep(keys[competitor.name].text, 0, results, machine)
    return kept


def test_the_study_run_last_is_found_unless_told(store):
    filled(store)
    other = attrs.evolve(STUDY, name="other")
    filled(store, other)
    assert find_kept(store).study == other
    assert find_kept(store, "small").study == STUDY
    with pytest.raises(StudyError, match=r"no study 'smal' .did you mean 'small'"):
        find_kept(store, "smal")


def test_an_empty_store_says_so(store):
    with pytest.raises(StudyError, match="holds no study yet"):
        find_kept(store)


def test_all_rounds_of_a_study_are_its_results(store):
    kept = filled(store)
    assert len(results_of(store, kept).results) == 4
    assert notes_on(store, kept) == ()
    assert not is_outdated(store, kept)


def test_rounds_of_other_sources_are_told(store):
    kept = filled(store, sources="older")
    assert is_outdated(store, kept)
    (note,) = notes_on(store, kept)
    assert "trained by other sources" in note


def test_a_users_network_that_is_gone_counts_as_other_sources(store):
    kept = filled(store)
    competitors = [NetworkCompetitor("a", network="gone:Net"), STUDY.competitors[1]]
    gone = attrs.evolve(STUDY, competitors=competitors)
    assert is_outdated(store, attrs.evolve(kept, study=gone))


def test_unlike_machines_are_told_but_not_other_pythons(store):
    kept = filled(store, rounds=range(1))
    filled(store, machine=attrs.evolve(HERE, python="4", bakeoff="1"), rounds=range(1, 2))
    assert notes_on(store, kept) == ()
    kept = filled(store, machine=attrs.evolve(HERE, cpu="there"), rounds=range(2, 4))
    (note,) = notes_on(store, kept)
    assert "4 on here with torch 2; 4 on there with torch 2" in note


def test_other_forms_of_a_study_are_told(store):
    filled(store, attrs.evolve(STUDY, seed=1))
    kept = filled(store)
    (note,) = notes_on(store, kept)
    assert "1 other form of 'small'" in note


def test_rounds_of_older_sources_are_shown_while_the_present_ones_have_none(store):
    filled(store, sources="older")
    keys = {n: attrs.evolve(k, data=f"{i}") for i, (n, k) in enumerate(keys_of(STUDY).items())}
    store.record(STUDY, keys, range(2))
    assert results_of(store, find_kept(store)).results == ()
    kept = find_kept(store, with_rounds=True)
    assert len(results_of(store, kept).results) == 4
    assert "trained by other sources" in notes_on(store, kept)[0]
