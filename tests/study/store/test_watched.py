"""The file goes away under an open store: nothing that was kept is lost, and it is said."""

import shutil

import pytest

import trainers
from bakeoff.errors import StoreError
from bakeoff.study.machine import Machine
from bakeoff.study.run import Listener, RunOptions, run_study
from bakeoff.study.store import Store
from bakeoff.study.store.schema import check_file
from bakeoff.study.store.transfer import merge
from bakeoff.study.workers import LocalPool, belong_to_parent
from bakeoff.training.keys import keys_of
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "s", "Which?", [NetworkCompetitor(n, recipe=Recipe(epochs=2)) for n in "ab"], [("b", "a")]
)
KEYS = keys_of(STUDY)
HERE = Machine(cpu="here", torch="2", python="3", bakeoff="0")

QUICK = trainers.fakes(trainers.quick)


def keep(store, *rounds):
    results = [trainers.result(STUDY, STUDY.competitor("a"), r) for r in rounds]
    store.keep(KEYS["a"].text, 0, results, HERE)


def other_store(path, rounds):
    with Store(path) as store:
        store.record(STUDY, KEYS, range(4))
        keep(store, *rounds)
    return path.read_bytes()


def moved(path):
    path.rename(path.with_name("away"))


def removed(path):
    path.unlink()


def removed_with_its_log(path):
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


def folder_moved(path):
    path.parent.rename(path.parent.with_name("elsewhere"))


def replaced(path):
    other_store(path.with_name("other"), range(50))
    path.with_name("other").rename(path)


def truncated(path):
    with path.open("r+b"):
        path.open("wb").close()


def overwritten_by_text(path):
    path.write_text("a shopping list\n")


def overwritten_by_a_store(path):
    whole = other_store(path.with_name("other"), range(900))
    path.with_name("other").unlink()
    path.write_bytes(whole)


def log_removed(path):
    path.with_name(f"{path.name}-wal").unlink()


HARMS = {
    moved: "was moved or removed",
    removed: "was moved or removed",
    removed_with_its_log: "was moved or removed",
    folder_moved: "was moved or removed",
    replaced: "was replaced by another file",
    truncated: "was truncated or overwritten",
    overwritten_by_text: "was truncated or overwritten",
    overwritten_by_a_store: "was overwritten",
    log_removed: "its log, a.sqlite-wal, was removed or replaced",
}


@pytest.fixture
def path(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "here" / "a.sqlite"


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_what_was_kept_is_written_beside_and_the_run_told(path, harm):
    other_store(path, [0])
    with Store(path) as store:
        store.record(STUDY, KEYS, range(4))
        keep(store, 1)
        keep(store, 2)
        harm(path)
        standing = path.read_bytes() if path.exists() else None
        with pytest.raises(StoreError, match=HARMS[harm]) as raised:
            keep(store, 3)
        assert f"bakeoff merge {path} {store.path} adds it" in str(raised.value)
        keep(store, 4)  # what ends after the word was given is kept too
        saved = store.path
    check_file(saved)
    with Store(saved, read_only=True) as opened:
        rounds = opened.finished(KEYS["a"].text)
        assert rounds >= {1, 2, 3, 4}
        if harm in (moved, removed, replaced, log_removed, folder_moved):
            assert rounds == {0, 1, 2, 3, 4}
        assert opened.studies()[0].study == STUDY
    assert (path.read_bytes() if path.exists() else None) == standing or harm is log_removed
    if harm in (moved, removed):
        with Store(path) as again, Store(saved, read_only=True) as source:
            merge(again, source)  # what the sentence says
            assert again.finished(KEYS["a"].text) == rounds
    if harm in (replaced, overwritten_by_a_store):
        with Store(path, read_only=True) as opened:
            assert len(opened.finished(KEYS["a"].text)) in (50, 900)


def test_no_log_is_left_that_would_be_read_into_another_file_of_that_name(path):
    with Store(path) as store:
        store.record(STUDY, KEYS, range(4))
        keep(store, 0)
        moved(path)
        with pytest.raises(StoreError, match="was moved or removed"):
            keep(store, 1)
        saved = store.path
    assert sorted(each.name for each in path.parent.iterdir()) == ["a.saved.sqlite", "away"]
    saved.rename(path)  # as a user would who wants it back
    for whole, rounds in ((path, {0, 1}), (path.with_name("away"), {0})):
        with Store(whole, read_only=True) as opened:
            assert opened.finished(KEYS["a"].text) == rounds


def test_a_store_that_was_moved_from_a_killed_run_is_asked_for_and_whole_again(path):
    with Store(path) as store:
        store.record(STUDY, KEYS, range(4))
        keep(store, *range(6))
        shutil.copytree(path.parent, path.parent.with_name("killed"))  # what is left by SIGKILL
    left = path.parent.with_name("killed") / path.name
    moved(left)
    before = {each.name: each.read_bytes() for each in left.parent.iterdir()}
    for read_only in (True, False):
        with pytest.raises(StoreError, match=r"found its log, a.sqlite-wal, which holds what was"):
            Store(left, read_only=read_only)
    assert {each.name: each.read_bytes() for each in left.parent.iterdir()} == before
    left.with_name("away").rename(left)
    with Store(left) as opened:
        assert opened.finished(KEYS["a"].text) == set(range(6))


def test_a_run_whose_store_goes_away_ends_in_a_sentence_and_loses_nothing(path):
    done = []

    def on_results(results):
        done.extend((r.competitor, r.round) for r in results)
        if len(done) == 3:
            moved(path)

    with pytest.raises(StoreError, match="was moved or removed while it was written to"):
        run_study(
            STUDY,
            RunOptions(repeat_first=False),
            store=path,
            pool=LocalPool(1, begin=belong_to_parent),
            listener=Listener(on_results=on_results),
            prepare=QUICK,
        )
    with Store(path.with_name("a.saved.sqlite"), read_only=True) as opened:
        kept = opened.studies()[0]
        assert set(done) <= {(r.competitor, r.round) for r in opened.results(kept.keys)}


def test_a_store_that_goes_away_after_the_last_round_is_told_too(path):
    last = Listener(on_results=lambda results: results[0].round == 1 and path.unlink())
    options = RunOptions(rounds=range(2), only=("a",), repeat_first=False)
    pool = LocalPool(1, begin=belong_to_parent)
    with pytest.raises(StoreError, match="was moved or removed"):
        run_study(STUDY, options, store=path, pool=pool, listener=last, prepare=QUICK)


def test_touching_the_file_and_others_writing_to_it_are_no_harm(path):
    with Store(path) as store:
        store.record(STUDY, KEYS, range(4))
        path.touch()
        keep(store, 0)
        with Store(path) as other:
            keep(other, *range(1, 300))
            other.read("PRAGMA wal_checkpoint(TRUNCATE)")
        keep(store, 300)
        assert len(store.finished(KEYS["a"].text)) == 301


def test_a_copy_of_the_copy_has_a_name_of_its_own(path):
    shutil.copy(__file__, path.with_name("a.saved.sqlite"))
    with Store(path) as store:
        store.record(STUDY, KEYS, range(4))
        path.unlink()
        with pytest.raises(StoreError, match=r"a\.saved2\.sqlite"):
            keep(store, 0)
