"""The doors of files: each makes cases of its kind, and reads them as bakeoff would."""

import gzip
import json
import sqlite3
import struct
from contextlib import closing, suppress
from functools import partial

import torch
from damage import NUMBERS, TEXTS, VALUES, altered, as_json, damaged, often, reworded
from door import Door, Unmet
from filled import filled_store, results

from bakeoff.data.idx import parse_idx
from bakeoff.errors import BakeoffError
from bakeoff.interop import load_network, load_weights, save_network, save_weights
from bakeoff.neural_network import NeuralNetwork
from bakeoff.nn import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    Tanh,
)
from bakeoff.report.formats import comparisons_json
from bakeoff.report.source import source_of_file, source_of_store
from bakeoff.report.study_tables import rounds_table, studies_table, summaries_table
from bakeoff.runs.reading import read
from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.contrast import all_pairs
from bakeoff.statistics.units import PLAIN, POINTS
from bakeoff.study.document import document
from bakeoff.study.files import load_study, study_from_toml
from bakeoff.study.machine import this_machine
from bakeoff.study.serialise import plain
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.store.transfer import CARRIED, merge
from bakeoff.study.verdicts import judge
from bakeoff.training.files import TEMPLATE
from bakeoff.training.studies import ABLATION
from bakeoff.training.tune.toml import study_toml

# ---- IDX files ----------------------------------------------------------------------------------

SHAPES = ((28, 28), ())


def idx_door(folder):
    return Door("IDX files of images and labels", idx_case, idx_enter)


def idx_case(random):
    """Draw a file and what is expected of it."""
    shape = random.choice(SHAPES)
    items = random.choice((1, 1, 2, 5))
    sizes = [items, *shape]
    magic = 0x0800 + len(sizes)
    body = bytes((random.randrange(256),)) * items * (784 if shape else 1)
    for _ in range(random.choice((0, 1, 1, 2))):
        match random.randrange(4):
            case 0:
                magic = random.choice((0, 0x0803, 0x0801, 0x08FF, 0x0D03, random.getrandbits(32)))
            case 1:
                sizes[random.randrange(len(sizes))] = random.choice(NUMBERS[:17]) % 2**32
            case 2:
                sizes = sizes[:-1] or random.choices((1, 2**31), k=200)
            case 3:
                body = body[: random.randrange(len(body) + 1)] + bytes(random.choice((0, 1, 9999)))
    file = struct.pack(f">I{len(sizes)}I", magic, *sizes) + body
    if often(random, 0.4):
        cut = random.randrange(len(file))
        file = gzip.compress(file[:cut], 1) + gzip.compress(file[cut:], random.randrange(10))
    if often(random, 0.6):
        file = damaged(file, random, within=40)
    if often(random, 0.01):
        file = gzip.compress(file + bytes(10_000_000), 1)
    return file, shape


def idx_enter(case):
    """Read the file."""
    content, shape = case
    read = parse_idx(content, shape, name="file")
    if read.dtype != torch.uint8 or tuple(read.shape[1:]) != shape or len(read) == 0:
        raise Unmet(f"read as {tuple(read.shape)} of {read.dtype}")
    return True


# ---- safetensors --------------------------------------------------------------------------------

CLASSES = ("Linear", "Conv2d", "Sequential", "Module", "BatchNorm1d", "os:system", "os:PathLike")
DTYPES = ("F32", "F64", "F16", "BF16", "I64", "BOOL", "U8", "F8_E4M3", "F33", "I8")


def weights_door(folder):
    small = Sequential(Linear(2, 4), Tanh(), Linear(4, 1)).initialise(0)
    images = Sequential(
        Conv2d(2, 3, 3), BatchNorm2d(3), ReLU(), MaxPool2d(2), Flatten(), Dropout(0.5), Linear(6, 2)
    ).initialise(0)
    path = folder / "case.safetensors"
    valid = []
    for network in (small, images):
        save_network(network, path, {"seed": 1, "epochs": 2})
        valid.append(path.read_bytes())
        save_weights(network, path)
        valid.append(path.read_bytes())
    NeuralNetwork(*small).save("case", folder)
    valid.append(path.read_bytes())
    return Door(
        "safetensors files of weights and networks",
        partial(weights_case, valid),
        partial(weights_enter, small, path),
    )


def weights_case(valid, random):
    """Draw a file: its header altered as a tree, its told network too, or its bytes damaged."""
    content = random.choice(valid)
    if often(random, 0.25):
        return damaged(content, random, within=600)
    (length,) = struct.unpack_from("<Q", content)
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    told = header.get("__metadata__", {})
    if "bakeoff" in told and often(random, 0.7):
        network = altered(json.loads(told["bakeoff"]), random, (*VALUES, *CLASSES))
        told["bakeoff"] = as_json(network, random)
    else:
        header = altered(header, random, (*VALUES, *DTYPES, [2**40, 2**40], [10**12], [0, 2**63]))
    text = as_json(header, random).encode("utf-8", "surrogatepass")
    size = len(text) if often(random, 0.95) else random.choice((0, 2**63, 10**12, 7))
    return struct.pack("<Q", size) + text + body


def weights_enter(small, path, content):
    """Read it as a network, as one of NeuralNetwork's, and as weights, which may not half fit."""
    path.write_bytes(content)
    before = {name: tensor.clone() for name, tensor in small.state_dict().items()}
    refused = []
    accepted = False
    for load in (load_network, NeuralNetwork.load_file, partial(_into, small, before)):
        accepted |= _taken(load, path, refused)
    if not accepted:
        raise refused[-1]
    return True


def _taken(load, path, refused):
    try:
        load(path)
    except BakeoffError as error:
        refused.append(error)
        return False
    return True


def _into(small, before, path):
    """Read weights into a network, which is then as it was before."""
    try:
        load_weights(small, path)
    except ValueError:
        if any(not torch.equal(before[n], tensor) for n, tensor in small.state_dict().items()):
            raise Unmet("a refused file changed the network") from None
        raise
    small.load_state_dict(before)


# ---- TOML studies -------------------------------------------------------------------------------

STUDY_WORDS = (
    *("inf", "nan", "-1", "1_000", "0x7f", "1979-05-27T07:32:00Z", "07:32:00", "[[a]]", "[a.b]"),
    *("'''", '"""', "\\u0000", "\\UFFFFFFFF", "a.b.c = 1\n", "[[competitors]]\n", "=", "\r", "\t"),
    *('name = "x"\n', "[recipe]\n", 'network = "os:system"\n', "rounds = 10\n", "true", "{}", "#"),
)


def study_door(folder):
    texts = (TEMPLATE.format(name="mine"), study_toml(ABLATION))
    return Door(
        "TOML files of studies",
        partial(study_case, texts),
        partial(study_enter, folder / "case.toml"),
    )


def study_case(texts, random):
    """Draw a file's bytes, or what a file with a few other values would be read as."""
    if often(random, 0.4):
        told = json.loads(json.dumps(plain(ABLATION)))
        told["recipe"] = {"base": "published"}
        return altered(told, random, (*VALUES, float("inf"), float("nan")))
    text = reworded(random.choice(texts), random, STUDY_WORDS)
    content = text.encode("utf-8", "surrogatepass")
    return damaged(content, random) if often(random, 0.2) else content


def study_enter(path, case):
    """Read the study."""
    if isinstance(case, bytes):
        path.write_bytes(case)
        load_study(path)
    elif isinstance(case, dict):
        study_from_toml(case, "case.toml")
    return True


# ---- CSV files ----------------------------------------------------------------------------------

TABLE_WORDS = (
    *("nan", "NaN", "inf", "-1", "1e308", "-1e308", "1e-320", "1e999", "0", "1", ",", ";", '"'),
    *(
        "\n",
        "\r",
        "\r\n",
        ",,,",
        "round,competitor,value\n",
        "0,a,0.5\n",
        "\ufeff",
        "='cmd'",
        "9" * 10,
    ),
)
EXTREME = (0.0, 1.0, 1e308, -1e308, 1.7e308, 1e-308, 5e-324, 1e16, float("nan"), 1 / 3)


def table_door(folder):
    return Door(
        "CSV files of anyone's numbers", table_case, partial(table_enter, folder / "case.csv")
    )


def table_case(random):
    """Draw a file, and whether the analysis is the anytime-valid one."""
    names = random.sample(("a", "b", "c", "<b>", "ä", "a b"), random.choice((2, 2, 3)))
    numbers = EXTREME if often(random, 0.3) else [random.randrange(10**6) / 10**6 for _ in range(4)]
    rows = ["round,competitor,value"]
    for number in range(random.choice((1, 2, 3, 6))):
        rows += [f"{number},{name},{random.choice(numbers)!r}" for name in names]
    text = "\n".join(rows) + "\n"
    if often(random, 0.7):
        text = reworded(text, random, TABLE_WORDS)
    content = text.encode("utf-8", "surrogatepass")
    return damaged(content, random) if often(random, 0.1) else content, often(random, 0.3)


def table_enter(path, case):
    """Read the table, analyse it and put the verdicts into words, as `bakeoff compare` does."""
    content, anytime = case
    path.write_bytes(content)
    table = read([path]).values
    analysis = analyse(
        table.values,
        table.names,
        all_pairs(table.names),
        mode="anytime" if anytime else "planned",
        unit=PLAIN if len(content) % 2 else POINTS,
    )
    summaries_table(analysis)
    for comparison in analysis.comparisons:
        assert comparison.sentences
    comparisons_json(analysis)
    return True


# ---- SQLite stores, damaged as files and altered as databases -----------------------------------

TABLES = (*CARRIED, "claims")
SCHEMES = (
    "CREATE VIEW more AS SELECT * FROM rounds",
    "CREATE TRIGGER fire AFTER INSERT ON {table} BEGIN DELETE FROM rounds; END",
    "CREATE TRIGGER fire BEFORE DELETE ON claims BEGIN SELECT RAISE(ABORT, 'no'); END",
    "DROP TABLE {table}; CREATE VIEW {table} AS SELECT 1 AS key, 2 AS round",
    "DROP TABLE {table}",
    "DROP TABLE {table}; CREATE TABLE {table} (key, round, data)",
    "ALTER TABLE {table} ADD COLUMN more DEFAULT (randomblob(9))",
    "ALTER TABLE {table} RENAME TO other",
    "CREATE INDEX more ON rounds (key, abs(round))",
    "CREATE VIRTUAL TABLE more USING fts5(words)",
    "CREATE TABLE more (x)",
    "PRAGMA user_version = {number}",
    "PRAGMA application_id = 7",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = {number} WHERE rowid = 1",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE x (y)'",
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = '{table}'",
)
BROKEN = (
    *("[", "[1", "{}", "[]", "[null]", '["a"]', "[1e999]", "[NaN]", "null", "1", '{"a": [1]}'),
    *('{"a": 1}', "[[1]]", "[" * 20_000, "[0, {}]", "[1, []]", '["x", {}]', "a/b", "//", "a/1/2"),
)


def store_door(folder):
    with filled_store() as store:
        content = store._connection.serialize()
    return Door(
        "SQLite stores", partial(store_case, content), partial(store_enter, folder / "case.sqlite")
    )


def store_case(content, random):
    """Draw a store's file: with other values, another schema, or damaged bytes."""
    if often(random, 0.25):
        return damaged(content, random, within=random.choice((100, 4096, None)))
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(content)
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in TABLES
        }
        for _ in range(random.choice((1, 1, 2, 3))):
            table = random.choice(TABLES)
            # What a value must be unlike may refuse it: that is a valid case too.
            with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
                if often(random, 0.2):
                    number = random.choice(NUMBERS[:17])
                    scheme = random.choice(SCHEMES).format(table=table, number=number)
                    connection.executescript(scheme)
                else:
                    column = random.choice(columns[table])
                    where = random.choice(("", " WHERE rowid = 1", " WHERE rowid % 2"))
                    values = (None, *NUMBERS, *TEXTS, *BROKEN, b"", b"\0" * 9, 0.0)
                    value = random.choice(values)
                    update = f"UPDATE {table} SET {column} = ?{where}"
                    connection.execute(update, (value,))
        return connection.serialize()


def store_enter(path, content):
    """Read the store as all commands do that read one; then write to it."""
    path.write_bytes(content)
    for beside in ("-wal", "-journal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    try:
        with Store(path, read_only=True) as store:
            studies_table(store)
            rounds_table(store)
            source = source_of_store(store, None, path)
            judge(source.results, source.planned)
            source.results.summaries()
            with Store(IN_MEMORY) as into:
                merge(into, store)
    finally:
        if path.read_bytes() != content:
            raise Unmet("reading changed the file")
    key = "f" * 32
    with Store(path) as store:
        if not store.claim(key, 0, "boot/1/2/3", range(1)) or store.claimed(key):
            raise Unmet("a claim that could not be made")
        store.delete([key])
    return True


# ---- JSON files ---------------------------------------------------------------------------------


def document_door(folder):
    told = json.loads(json.dumps(document(results(), this_machine())))
    return Door(
        "JSON files of runs",
        partial(document_case, told),
        partial(document_enter, folder / "case.json"),
    )


def document_case(told, random):
    """Draw a file: altered as a tree, or its bytes damaged."""
    if often(random, 0.8):
        told = altered(told, random, (*VALUES, "[0.5]", "[]"))
    content = as_json(told, random).encode("utf-8", "surrogatepass")
    return damaged(content, random) if often(random, 0.2) else content


def document_enter(path, content):
    """Read the file as `bakeoff report` does, and judge what it holds."""
    path.write_bytes(content)
    source = source_of_file(path)
    judge(source.results, source.planned)
    source.results.summaries()
    document(source.results, this_machine(), {})
    return True
