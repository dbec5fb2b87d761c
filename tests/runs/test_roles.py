"""Which column is what: taken where one reading fits, refused with the way on where two do."""

import itertools

import numpy as np
import pytest

from bakeoff.errors import BakeoffError
from bakeoff.runs.reading import arrange, read
from bakeoff.runs.rows import Asked, Known, Row, Rows


def grid(*names, **levels):
    """Rows of all combinations of levels, with a number for each name, no two alike."""
    return [
        {
            **dict(zip(levels, each, strict=True)),
            **{n: k + i * 0.5 + i * i % 7 / 8 for k, n in enumerate(names)},
        }
        for i, each in enumerate(itertools.product(*levels.values()))
    ]


def found(records, known=None, **asked):
    rows = tuple(Row(f"row {place}", each) for place, each in enumerate(records))
    return arrange(Rows("table", "runs", rows, known or Known()), Asked(**asked))


SEEDS = {"seed": ["0", "1", "2"]}
MODELS = {**SEEDS, "model": ["a", "b"]}
XY = ["x", "y"]
LR = {"lr": [0.1, 0.5]}


@pytest.mark.parametrize(
    ("records", "told", "names"),
    [
        (grid("acc", **SEEDS, method=["a", "b"]), "method; pairs: seed; value: acc, larger", "a b"),
        (grid("my loss", **MODELS), "model; pairs: seed; value: my loss, sm", "a b"),
        (grid("y", drug=["a", "b"], subject=["x", "y"]), "drug; pairs: subject; value: y", "a b"),
        (grid("y", **SEEDS, what=["a", "b"]), "what; pairs: seed; value: y", "a b"),
        (grid("y", model=["a", "b"], k=["7", "8"]), "model; pairs: k; value: y", "a b"),
        (grid("f1", **SEEDS, hidden=[8.0, 32.0]), "hidden; pairs: seed", "hidden=8 hidden=32"),
        (grid("acc", **SEEDS, scale=[True, False]), "scale;", "scale=True scale=False"),
        (grid("acc", repeat=["0", "1"], fold=["0", "1"], model=["a", "b"]), "repeat, fold;", "a b"),
        (grid("acc", **MODELS, host=["h"]), "model; pairs: seed", "a b"),
        (grid("neg_mse", **MODELS), "value: neg_mse, larger is better", "a b"),
        (grid("testAcc", **SEEDS, modelName=["a", "b"]), "modelName; pairs: seed", "a b"),
        (grid("8", "32", **SEEDS), "the columns 8 and 32; pairs: seed", "8 32"),
    ],
)
def test_the_one_reading_that_fits_is_taken_and_told(records, told, names):
    reading = found(records)
    assert told in reading.told
    assert reading.told.startswith("competitor: ")
    assert " ".join(reading.values.names) == names


@pytest.mark.parametrize(
    ("records", "asked", "told", "shape"),
    [
        (grid("acc", "f1", **MODELS), {"value": "F1"}, "value: f1", (3, 2)),
        (grid("acc", **MODELS, **LR), {"by": "model,lr"}, "model, lr", (3, 4)),
        (grid("acc", **MODELS, **LR), {"but": "seed"}, "model, lr", (3, 4)),
        (grid("acc", **MODELS, data=XY), {"pair": "seed,data"}, "seed, data", (6, 2)),
        (
            grid("acc", **MODELS, optimizer=XY),
            {"by": "optimizer", "mean_duplicates": True},
            "optimizer",
            (3, 2),
        ),
        (grid("acc", "loss", **SEEDS), {"value": "acc,loss"}, "the columns acc and loss", (3, 2)),
        (grid("acc_a", "acc_b", **SEEDS), {"value": "acc_b,acc_a"}, "acc_b and acc_a", (3, 2)),
        (grid("a", "b", corpus=XY), {"pair": "corpus"}, "pairs: corpus", (2, 2)),
    ],
)
def test_what_is_asked_decides(records, asked, told, shape):
    reading = found(records, **asked)
    assert told in reading.told
    assert reading.values.values.shape == shape


@pytest.mark.parametrize(
    ("records", "asked", "message"),
    [
        (
            grid("acc", "f1", **MODELS),
            {},
            "acc and f1 may each be the value; give --value acc or --value f1",
        ),
        (grid("a", "b", "c", **MODELS), {}, "--value a, --value b or --value c"),
        (
            grid("acc", **MODELS, optimizer=XY),
            {},
            "give --by model or --by optimizer, or --by model,optimizer for all together",
        ),
        (grid("acc", **SEEDS, one=["a", "b"], other=XY), {}, "one and other may each name"),
        (
            grid("acc", **MODELS, **LR),
            {},
            "lr differs too between runs of one competitor; give --by model,lr",
        ),
        (grid("acc", **MODELS, data=XY), {}, "got a second value of 'a' in round 0"),
        (grid("acc", **MODELS, data=XY), {}, "they differ in data"),
        (grid("y", one=["a", "b"], other=XY), {}, "one and other may each name the competitor"),
        (
            grid("y", model=["a", "b"], k=["1", "2"], m=["1", "2"]),
            {},
            "no column says which values",
        ),
        (grid("acc", "loss", **SEEDS), {}, "acc may be a competitor, or"),
        (grid("acc_a", "acc_b", **SEEDS), {}, "acc_a may be a competitor, or something else"),
        (grid("a", "b", "lr", **SEEDS), {}, "lr may be a competitor"),
        (
            grid("a", "b", corpus=XY),
            {},
            "corpus may name rounds or competitors; give --pair corpus",
        ),
        (grid("acc", **SEEDS, model=["a"]), {}, "got one competitor, 'a' by model"),
        (grid("en", "de", model=["a", "b"]), {}, "no column says which values belong to one round"),
        (grid("acc", **MODELS), {"by": "mode"}, "--by: got 'mode' (did you mean 'model'?)"),
        (
            grid("acc", **MODELS),
            {"value": "x"},
            "--value: got 'x', expected one of the columns seed, model and acc",
        ),
    ],
)
def test_two_readings_are_refused_with_what_decides(records, asked, message):
    with pytest.raises(BakeoffError) as error:
        found(records, **asked)
    assert message in str(error.value)


def test_what_numbers_the_rows_is_no_competitor_without_a_word():
    records = [{"k": float(k), "a": k / 7, "b": k / 5} for k in range(6)]
    with pytest.raises(BakeoffError, match="k may be a competitor"):
        found(records)
    assert found(records, pair="k").values.names == ("a", "b")


def test_what_a_source_knows_needs_no_question():
    known = Known(parameters=("params.lr", "params.seed"), metrics=("metrics.gain",))
    records = grid("metrics.gain", "noise", **{"params.seed": ["0", "1"], "params.lr": ["1", "2"]})
    reading = found(records, known)
    assert reading.told.startswith("competitor: params.lr; pairs: params.seed; value: metrics.gain")
    assert reading.values.names == ("lr=1", "lr=2")
    asked = Known(by=("noise",), pair=("params.lr",), value="metrics.gain", larger_is_better=False)
    assert found(records, asked, by="params.seed").larger_is_better is False
    for each in records:
        each["params.width"] = each["noise"]
    more = Known(parameters=(*known.parameters, "params.width"), metrics=known.metrics)
    with pytest.raises(BakeoffError, match=r"--by params.lr or --by params.width"):
        found(records, more)
    one = [each for each in records if each["params.lr"] == "1"]
    with pytest.raises(BakeoffError, match="got one competitor"):
        found(one, known)


def test_of_several_files_each_is_a_competitor(tmp_path):
    for name, bias in (("old", 0), ("new", 1)):
        rows = "".join(f"{seed},{seed + bias}\n" for seed in range(3))
        (tmp_path / f"{name}.csv").write_text(f"seed,acc\n{rows}")
    reading = read([tmp_path / "old.csv", tmp_path / "new.csv"])
    assert reading.values.names == ("old", "new")
    np.testing.assert_array_equal(reading.values.values, [[0, 1], [1, 2], [2, 3]])


TWO = {"model": ["a", "b"], **SEEDS}


@pytest.mark.parametrize(
    ("records", "asked", "told"),
    [
        (grid("acc", dataset=["x", "y"], **TWO), {}, "numbered by dataset,seed they would claim"),
        (grid("acc", task=["x", "y"], **TWO), {}, "give --task task for a verdict on each"),
        (grid("acc", env=["x", "y"], **TWO), {}, "with --task env, or with --by or --pair"),
        (grid("a", "b", dataset=["x", "y"], **SEEDS), {"value": "a,b"}, "or --task dataset for a"),
        (
            grid("acc", dataset=["x", "y"], **TWO)[:-3],
            {"task": "dataset"},
            "y: got one competitor, 'a' by model",
        ),
    ],
)
def test_rounds_are_never_pooled_over_tasks_unasked(records, asked, told):
    with pytest.raises(BakeoffError, match=told):
        found(records, **asked)


def test_each_task_is_read_alone():
    records = grid("acc", dataset=["x", "y"], **TWO)
    read = found(records, task="dataset")
    assert [*read.tasks] == ["x", "y"]
    assert read.told.startswith("task: dataset; competitor: model; pairs: seed; value: acc")
    assert [t.values.rounds for t in read.tasks.values()] == [("0", "1", "2")] * 2
    for task, each in read.tasks.items():
        rows = [r["acc"] for r in records if r["dataset"] == task]
        assert each.values.values.T.ravel().tolist() == rows
    # Competitors stand in one order, whatever that of a task's rows is.
    turned = found([*records[:6], *records[9:], *records[6:9]], task="dataset")
    assert turned.tasks["y"].values.names == ("a", "b")
    assert (turned.tasks["y"].values.values == read.tasks["y"].values.values).all()
    # One value a data set is a round of its own, as it was.
    once = found(grid("acc", dataset=["x", "y"], model=["a", "b"]))
    assert once.told.startswith("competitor: model; pairs: dataset")
