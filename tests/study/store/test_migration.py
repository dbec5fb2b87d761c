"""A store that an earlier bakeoff wrote, of schema 1; made of tests/fuzz/filled.py's rounds."""

import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bakeoff.errors import StoreError
from bakeoff.study.machine import this_machine
from bakeoff.study.record import DIVERGED
from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import find_kept, results_of
from bakeoff.study.store.transfer import CARRIED
from bakeoff.study.verdicts import judge


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "old.sqlite"
    with gzip.open(Path(__file__).with_name("schema1.sqlite.gz")) as old, path.open("wb") as new:
        shutil.copyfileobj(old, new)
    return path


def change(path, script):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def check(store):
    kept = find_kept(store)
    results = results_of(store, kept)
    assert kept.planned == range(4)
    assert [len(results.of(name)) for name in ("model1", "model2")] == [4, 4]
    first, *_, last = results.of("model2")
    assert dict(first.scores) == {"train_loss": 0.25, "train_accuracy": 0.75, "test_accuracy": 0.5}
    assert first.curve("train_loss/first") == (1.0, 0.5)
    assert dict(first.attachments) == {"predictions": bytes(8), "weights": b"weights"}
    assert (first.parameters, first.seconds) == (100, 0.5)
    assert (last.status, last.scores) == (DIVERGED, ())
    assert last.note == "diverged in epoch 2; last finite: train_loss 8.1"
    assert dict(last.attachments) == {}
    assert judge(results).rounds == (0, 1, 2, 3)
    assert sum(store.machines(kept.keys.values()).values()) == 8


def test_it_is_read_as_it_is(path):
    before = path.read_bytes()
    with Store(path, read_only=True) as store:
        check(store)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_it_is_migrated_when_first_written_to_with_a_copy_beside_it(path):
    with Store(path) as store:
        check(store)
        assert len(store.read("SELECT * FROM claims")) == 1
        assert store.read("PRAGMA foreign_key_check") == []
    copy = path.with_name("old.schema1.sqlite")
    assert sorted(path.parent.iterdir()) == [copy, path]
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT COUNT(*) FROM rounds").fetchone() == (8,)
    with Store(path, read_only=True) as store:
        check(store)
    with Store(path) as store:  # it goes on as any other
        key = find_kept(store).keys["model1"]
        assert store.claim(key, 9, "owner", range(9, 10))
        store.keep(key, 9, [next(iter(store.results({"model1": key})))], this_machine())
    assert sorted(path.parent.iterdir()) == [copy, path]


def test_another_copy_is_never_written_over(path):
    other = path.with_name("old.schema1.sqlite")
    other.write_text("mine")
    Store(path).close()
    assert other.read_text() == "mine"
    assert path.with_name("old.schema12.sqlite").exists()


def test_what_stood_for_r2_is_named_so(path):
    change(path, """UPDATE keys SET training = json_set(training, '$.facts.metric', 'r2')""")
    with Store(path, read_only=True) as store:
        result = results_of(store, find_kept(store)).results[0]
    assert dict(result.scores).keys() == {"train_loss", "train_r2", "test_r2"}


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    "script",
    [
        "UPDATE rounds SET train_loss = '[1,'",
        "UPDATE rounds SET seconds = 'long'",
        "UPDATE rounds SET diverged = '[0.5, {}]'",
        "UPDATE rounds SET auxiliary = '[]'",
        "UPDATE rounds SET predictions = 'text' WHERE round = 0",
        "UPDATE rounds SET test_accuracy = '[]'",
        "UPDATE keys SET training = '[]'",
        "UPDATE machines SET threads = 'many'",
        "CREATE VIEW v AS SELECT * FROM rounds",
        "CREATE TRIGGER t AFTER INSERT ON claims BEGIN DELETE FROM rounds; END",
    ],
)
def test_a_damaged_one_is_left_as_it_is(path, script, read_only):
    change(path, script)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is damaged"):
        Store(path, read_only=read_only)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_every_table_is_carried_over(path):
    with Store(path) as store:
        rows = {table: store.read(f"SELECT * FROM {table}") for table in CARRIED}
    assert {table: len(found) for table, found in rows.items()} == {
        "machines": 1,
        "keys": 2,
        "rounds": 8,
        "attachments": 8,
        "studies": 1,
        "entries": 2,
    }
