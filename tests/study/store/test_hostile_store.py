"""A file that was made to look like a store is refused, and nothing in it acts."""

import sqlite3
from contextlib import closing
from hashlib import blake2b

import pytest

import trainers
from bakeoff.errors import StoreError
from bakeoff.study.machine import Machine
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.store.migration import TABLES_1
from bakeoff.study.store.schema import TABLES, VERSION
from bakeoff.study.store.stored_study import find_kept, results_of
from bakeoff.study.store.transfer import merge
from bakeoff.training.keys import keys_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy("s", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b")], [("b", "a")])
HERE = Machine(cpu="here", torch="2", python="3", bakeoff="0")


@pytest.fixture
def path(tmp_path):
    path, keys = tmp_path / "store.sqlite", keys_of(STUDY)
    with Store(path) as store:
        store.record(STUDY, keys, range(2))
        for name, key in keys.items():
            results = [trainers.result(STUDY, STUDY.competitor(name), r) for r in range(2)]
            store.keep(key.text, 0, results, HERE)
    return path


def change(path, script):
    """Change a store as anyone with SQLite could."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    "script",
    [
        "CREATE TRIGGER t AFTER INSERT ON claims BEGIN DELETE FROM rounds; END",
        "CREATE VIEW v AS SELECT * FROM rounds",
        "ALTER TABLE rounds RENAME TO kept; CREATE VIEW rounds AS SELECT * FROM kept",
        "ALTER TABLE rounds ADD COLUMN more TEXT",
        "CREATE INDEX i ON rounds (seconds)",
        "CREATE TABLE more (x)",
        "DROP TABLE claims",
    ],
)
def test_another_schema_is_refused_untouched(path, script, read_only):
    change(path, script)
    content = path.read_bytes()
    with pytest.raises(StoreError, match=r"is damaged .* what a store has"):
        Store(path, read_only=read_only)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("column", "value"),
    [("seconds", "'long'"), ("curves", "x'00'"), ("round", "0.5"), ("note", "NULL")],
)
def test_a_value_of_another_type_is_refused(path, column, value):
    """SQLite itself refuses to write it to a table that is strict; so it was not, for a while."""
    change(
        path,
        """PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '')
        WHERE name = 'rounds'""",
    )
    change(path, f"UPDATE rounds SET {column} = {value} WHERE rowid = 1")
    (sql,) = (words for words in TABLES.split(";") if "EXISTS rounds" in words)
    sql = sql.strip().replace("IF NOT EXISTS ", "").replace("'", "''")
    change(
        path,
        f"""PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = '{sql}' WHERE name = 'rounds'""",
    )
    with pytest.raises(StoreError, match="is damaged"):
        Store(path, read_only=True)


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE rounds SET seed = 'x'",
        "UPDATE rounds SET seed = '1_0'",
        "UPDATE rounds SET seed = ' 7'",
        "UPDATE rounds SET round = -1 WHERE round = 0",
        'UPDATE rounds SET curves = \'{"train_loss": ["x"]}\'',
        "UPDATE rounds SET curves = '{\"train_loss\": [NaN]}'",
        "UPDATE rounds SET scores = '{\"train_loss\": Infinity}'",
        "UPDATE rounds SET scores = '{}'",
        "UPDATE rounds SET curves = '{\"train_loss/first\": 1}'",
        "UPDATE rounds SET status = 'lost'",
        "UPDATE rounds SET facts = 'null'",
        f"UPDATE rounds SET curves = '{'[' * 100_000}'",
        "UPDATE rounds SET curves = '{\"test_accuracy\": [0.5, 0.5]}' WHERE round = 1",
        "UPDATE rounds SET curves = '{\"test_accuracy\": [0.5, 0.5, 0.5]}'",
        "UPDATE rounds SET facts = '{\"parameters\": 9223372036854775807}'",
        f"UPDATE keys SET training = '{'[' * 100_000}'",
        "UPDATE keys SET training = '[]'",
        "UPDATE keys SET training = '{\"facts\": 3}'",
        'UPDATE keys SET training = \'{"facts": {"metric": []}}\'',
        'UPDATE keys SET training = \'{"facts": {"metric": "speed"}}\'',
        "UPDATE studies SET spec = '{}'",
        "UPDATE studies SET spec = replace(spec, '\"epochs\":25', '\"epochs\":-1')",
        "UPDATE studies SET name = 'other'",
        "UPDATE studies SET rounds_planned = -1",
        "UPDATE studies SET rounds_planned = 9223372036854775807",
        "PRAGMA foreign_keys = OFF; DELETE FROM entries WHERE competitor = 'a'",
    ],
)
def test_a_row_that_was_never_kept_is_told(path, script):
    change(path, script)
    with (
        Store(path, read_only=True) as store,
        pytest.raises(StoreError, match="is damaged") as raised,
    ):
        results_of(store, find_kept(store))
    assert len(str(raised.value)) < 1100


@pytest.mark.parametrize(
    "script",
    ["UPDATE rounds SET scores = '{}' WHERE round = 1", "UPDATE studies SET name = 'other'"],
)
def test_a_damaged_store_is_not_merged(path, script):
    change(path, script)
    with (
        Store(path, read_only=True) as source,
        Store(IN_MEMORY) as into,
        pytest.raises(StoreError, match="nothing was added"),
    ):
        merge(into, source)
    with Store(IN_MEMORY) as into:
        assert into.read("SELECT * FROM rounds") == []


@pytest.mark.parametrize("owner", ["", "x", "a/b", "////", "a/99999999999999999999/1"])
def test_a_claim_of_nobody_ends(path, owner):
    key = keys_of(STUDY)["a"].text
    with Store(path) as store:
        assert store.claim(key, 5, owner, range(5, 6))
        assert store.claimed(key) == {}


def test_a_last_run_that_is_no_time_is_told(path):
    change(path, "UPDATE studies SET last_run = 'tomorrow'")
    with Store(path) as store, pytest.raises(StoreError, match="is damaged"):
        store.record(STUDY, keys_of(STUDY), range(2))


def test_functions_in_a_schema_are_not_trusted(path):
    for read_only in (True, False):
        with Store(path, read_only=read_only) as store:
            assert [tuple(row) for row in store.read("PRAGMA trusted_schema")] == [(0,)]


def test_the_tables_of_a_version_stay_as_they_are():
    """Stores of users were made with these words: whoever changes them makes a new version."""
    words = " ".join(TABLES.split())
    assert {2: blake2b(words.encode(), digest_size=8).hexdigest()} == {VERSION: "d105b5abd05806c0"}
    old = " ".join(TABLES_1.split()).replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ")
    assert blake2b(old.encode(), digest_size=8).hexdigest() == "031766910fc86e0c"
