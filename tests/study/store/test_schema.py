import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from bakeoff.errors import StoreError
from bakeoff.study.store import Store
from bakeoff.study.store.schema import APPLICATION, VERSION


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a store?.sqlite"  # a name that needs quoting in an address
    Store(path).close()
    return path


def header(path):
    content = path.read_bytes()[:100]
    return [int.from_bytes(content[at : at + 4], "big") for at in (60, 68)]


def test_a_new_store_carries_its_mark_and_is_one_file(path):
    assert header(path) == [VERSION, APPLICATION]
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_becomes_a_store(tmp_path):
    path = tmp_path / "empty"
    path.touch()
    Store(path).close()
    assert header(path) == [VERSION, APPLICATION]


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda content: b"round,competitor,value\n" * 50, "is not a store but some other file"),
        (lambda content: content[:50], "is not a store but some other file"),
        (lambda content: content[: len(content) // 2], "is damaged"),
        (lambda content: content[:4096] + os.urandom(4096) + content[8192:], "is damaged"),
        (lambda content: content[:63] + b"\x03" + content[64:], "has schema 3"),
        (lambda content: content[:68] + bytes(4) + content[72:], "another program's SQLite file"),
    ],
)
def test_what_is_not_a_sound_store_is_refused_untouched(path, change, sentence, read_only):
    faulty = change(path.read_bytes())
    path.write_bytes(faulty)
    with pytest.raises(StoreError, match=sentence) as raised:
        Store(path, read_only=read_only)
    assert str(raised.value).startswith(f"{path}: ")
    assert path.read_bytes() == faulty
    assert list(path.parent.iterdir()) == [path]


def test_reading_makes_no_store(tmp_path):
    with pytest.raises(StoreError, match="there is no store yet; bakeoff run makes one"):
        Store(tmp_path / "none", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="its folder does not exist"):
        Store(tmp_path / "none" / "store")


def test_a_reader_cannot_write(path):
    with (
        Store(path, read_only=True) as store,
        pytest.raises(StoreError, match="cannot be written"),
        store.writing() as connection,
    ):
        connection.execute("DELETE FROM rounds")


@pytest.fixture
def left(path):
    """A store as a killed process leaves it behind: with what it wrote last in the log alone."""
    folder = path.parent / "left"
    with Store(path) as store:
        with store.writing() as connection:
            connection.execute("INSERT INTO machines VALUES ('m', 'c', 't', 'p', 'b', 1)")
        shutil.copytree(path.parent, folder)  # the files of a store that is open are the same
    found = folder / path.name
    assert found.with_name(f"{path.name}-wal").stat().st_size > 0
    return found


def test_a_reader_sees_what_a_killed_writer_left_in_its_log(left):
    with Store(left, read_only=True) as store:
        assert len(store.read("SELECT * FROM machines")) == 1
    with Store(left) as store:
        assert len(store.read("SELECT * FROM machines")) == 1
    assert list(left.parent.iterdir()) == [left]


def test_a_reader_sees_the_log_on_a_read_only_disk_too(left, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Store(left, read_only=True) as store:
        assert len(store.read("SELECT * FROM machines")) == 1


def test_a_log_that_cannot_be_read_is_not_passed_over(left, monkeypatch):
    left.with_name(f"{left.name}-shm").unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match=r"has rounds in its log, a store\?.sqlite-wal, that"):
        Store(left, read_only=True)


def test_a_write_that_fails_leaves_nothing(path):
    def body(store):
        with store.writing() as connection:
            connection.execute("INSERT INTO machines VALUES ('m', 'c', 't', 'p', 'b', 1)")
            connection.execute("INSERT INTO nothing VALUES (1)")

    with Store(path) as store:
        with pytest.raises(StoreError, match="cannot be written to"):
            body(store)
        assert store.read("SELECT * FROM machines") == []
        with pytest.raises(StoreError, match="cannot be read"):
            store.read("SELECT * FROM nothing")


def test_reading_leaves_nothing_beside(path):
    with Store(path, read_only=True) as store:
        assert store.read("SELECT * FROM rounds") == []
    assert list(path.parent.iterdir()) == [path]


def test_other_programs_can_read_it(path):
    connection = sqlite3.connect(path)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert {"rounds", "keys", "machines", "studies", "entries", "claims"} <= names


@pytest.mark.parametrize("writable", [True, False])
def test_a_link_reads_what_stands_in_the_log_of_the_real_file(
    path, tmp_path, monkeypatch, writable
):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.sqlite"
    link.symlink_to(path)
    with Store(path) as store:
        with store.writing() as connection:
            connection.execute("INSERT INTO machines VALUES ('m', 'c', 't', 'p', 'b', 1)")
        monkeypatch.setattr(os, "access", lambda *_: writable)
        with Store(link, read_only=True) as reader:
            assert len(reader.read("SELECT * FROM machines")) == 1
    assert list(link.parent.iterdir()) == [link]


def test_a_reader_sees_one_moment(path):
    with Store(path, read_only=True) as reader, Store(path) as store:
        with store.writing() as connection:
            connection.execute("INSERT INTO machines VALUES ('m', 'c', 't', 'p', 'b', 1)")
        assert reader.read("SELECT * FROM machines") == []
        with Store(path, read_only=True) as later:
            assert len(later.read("SELECT * FROM machines")) == 1


CHURN = """
import sqlite3, sys
while True:
    store = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
    store.execute("BEGIN IMMEDIATE")
    store.executemany(
        "INSERT INTO machines VALUES (?, ?, 't', 'p', 'b', 1)",
        [(f"m{i}", "c" * 3000) for i in range(60)],
    )
    store.execute("COMMIT")
    store.execute("DELETE FROM machines")
    store.close()
    print("round", flush=True)
"""


def test_a_sound_store_is_read_while_another_process_deletes(path):
    with subprocess.Popen(
        [sys.executable, "-c", CHURN, path], stdout=subprocess.PIPE, text=True
    ) as churning:
        try:
            churning.stdout.readline()
            for _ in range(60):
                with Store(path, read_only=True) as store:
                    first = len(store.read("SELECT * FROM machines"))
                    assert first in (0, 60)
                    assert len(store.read("SELECT * FROM machines")) == first
            assert churning.poll() is None
        finally:
            churning.kill()


def test_a_file_of_two_names_is_not_written_to(path):
    other = path.with_name("other.sqlite")
    with Store(path):
        other.hardlink_to(path)
        with pytest.raises(StoreError, match=r"has 2 names \(hard links\)"):
            Store(other)
    with Store(other, read_only=True) as store:
        assert store.read("SELECT * FROM rounds") == []
    other.unlink()
    with Store(path) as store:
        assert store.read("SELECT * FROM rounds") == []
