"""Studies of other data than pairs, through the command line: run, shown, compared, reported."""

import json
import sys

import pytest

from bakeoff.report.source import source_of_file

MODULE = """
import sys

import torch

from bakeoff.data import {declared}

print("THE CODE RUNS", file=sys.stderr)
X = torch.rand(60, 3, generator=torch.Generator().manual_seed(1))
Y = {targets}


@{declared}
def make_round(generator):
    order = torch.randperm(60, generator=generator)
    return X[order[:40]], Y[order[:40]], X[order[40:]], Y[order[40:]]
"""

STUDY = """
name = "{name}"
question = "Do hidden layers help?"
data = "{data}"
rounds = {rounds}
train_size = 40
test_size = 20
comparisons = [["one", "other"]]

[recipe]
epochs = {epochs}
lr = 0.1
batch_size = 20
rounds_per_group = {group}

[[competitors]]
name = "one"
network = "{network}"
{one}

[[competitors]]
name = "other"
network = "{network}"
{other}
"""

LINEAR = "options = { inputs = 3, outputs = %d, layers = 0 }"
DEEP = "options = { inputs = 3, outputs = %d, layers = 1 }"


@pytest.fixture
def write(own_folder):
    def written(data, network, one="", other="", *, rounds=3, epochs=2, group=1):
        fields = {"data": data, "network": network, "one": one, "other": other, "group": group}
        name = data.replace(":", "-")
        (own_folder / "s.toml").write_text(
            STUDY.format(name=name, rounds=rounds, epochs=epochs, **fields)
        )

    return written


def flat(text):
    return " ".join(text.split())


def test_a_regression_on_one_set_cut_anew(bakeoff, own_folder, write):
    module = MODULE.format(declared="resplit", targets="X[:, 0] * X[:, 1] + 3")
    (own_folder / "a_table.py").write_text(module)
    write("a_table:make_round", "mlp", DEEP % 1, LINEAR % 1, rounds=6, epochs=12, group=3)
    code, out, err = bakeoff("run", "s.toml", "--workers", "2", "--json", "run.json")
    assert code == 0, err
    told = flat(err).index("a_table:make_round: runs the Python code of")
    assert told < flat(err).index("THE CODE RUNS")
    assert "test R²" in flat(out)
    assert "%" not in out.partition("one ")[2].partition("\n")[0]
    assert "each round cuts the same examples anew, 40 to train and 20 to test" in flat(out)
    assert "corrected resampled t test (Nadeau and Bengio 2003)" in flat(out)
    assert "in R² (95 % interval" in flat(out)

    # What was kept is shown without the module; another number of workers gave the same bits.
    first = json.loads((own_folder / "run.json").read_text())
    assert first["data"] == {
        "name": "a_table:make_round",
        "metric": "r2",
        "rounds": "resplit",
        "train_size": 40,
        "test_size": 20,
    }
    del sys.modules["a_table"]
    code, shown, err = bakeoff("show")
    assert (code, err) == (0, "")
    assert flat(shown) == flat(out)
    assert "a_table" not in sys.modules
    code, _, err = bakeoff(
        "run", "s.toml", "--workers", "1", "--json", "one.json", "--store", "other.sqlite"
    )
    assert code == 0, err
    again = json.loads((own_folder / "one.json").read_text())
    for document in (first, again):
        for competitor in document["competitors"]:
            for row in competitor["rounds"]:
                del row["seconds"]
    assert first == again
    assert set(first["competitors"][0]["rounds"][0]["scores"]) >= {"train_r2", "test_r2"}

    code, out, err = bakeoff("compare", "one", "other", "--format", "json")
    assert code == 0, err
    (comparison,) = json.loads(out)["comparisons"]
    assert comparison["method"] == "corrected resampled t"
    assert "student" not in comparison
    code, out, _ = bakeoff("show", "--format", "markdown")
    assert "test R²" in out
    code, _, err = bakeoff("run", "s.toml", "--until", "decided", "--max-rounds", "9")
    assert code == 2
    assert (
        "not independent, expected independent ones; choose the number of rounds beforehand"
        in flat(err)
    )
    for options in ((), ("--std", "2")):
        code, _, err = bakeoff("plan", "s.toml", *options)
        assert code == 2
        assert "no number of rounds can be planned" in flat(err)

    code, out, err = bakeoff("report")
    assert code == 0, err
    page = (own_folder / "report" / "index.html").read_text()
    assert "the corrected resampled t test" in page
    assert "drawn by a_table:make_round" in page
    assert "R² per epoch" in page
    for other_data in ("accuracy", "Sample pairs", "Hardest images", "Confusion", "training pair"):
        assert other_data not in page, other_data
    source = source_of_file(own_folder / "run.json")
    assert source.results.judging.dependence.test_ratio
    assert source.results.metric.short == "R²"
    assert source.results.study.train_size == 40

    # Another table, through the same file: other data, other rounds.
    (own_folder / "a_table.py").write_text(module + "\n\nY = Y + X[:, 2]\n")
    sys.modules.pop("a_table", None)
    code, out, _ = bakeoff("show")
    assert "these rounds were trained by other sources than the present ones" in flat(out)


def test_classes_from_a_pool_are_judged_as_ever(bakeoff, own_folder, write):
    (own_folder / "a_table.py").write_text(
        MODULE.format(declared="fresh", targets="(X[:, 0] > 0.5).long()")
    )
    write("a_table:make_round", "mlp", DEEP % 2, LINEAR % 2, rounds=3)
    code, out, err = bakeoff("run", "s.toml", "--workers", "1")
    assert code == 0, err
    assert "test accuracy" in flat(out)
    assert "3 rounds cannot reach p = 0.05" in flat(out)
    assert "Nadeau" not in out


@pytest.mark.parametrize(
    ("data", "network", "one", "parameters"),
    [
        ("digits", "digit", "options = { hidden = 16 }", "13,178"),
        ("digits-28", "digit", "options = { side = 28, hidden = 4 }", "20,342"),
        ("disk", "disk", 'options = { activation = "relu" }', "1,401"),
    ],
)
def test_data_that_come_with_bakeoff(bakeoff, own_folder, write, data, network, one, parameters):
    other = one if data == "digits-28" else ""
    write(data, network, one, other.replace("4", "3"), rounds=2, group=2 if data == "disk" else 1)
    code, out, err = bakeoff("run", "s.toml", "--workers", "1", "--json", "run.json")
    assert code == 0, err
    line = next(line for line in out.splitlines() if line.startswith("one "))
    assert parameters in line
    assert "%" in line
    code, shown, _ = bakeoff("show")
    assert flat(shown) == flat(out)
    code, out, err = bakeoff("compare", "one", "other")
    assert (code, err) == (0, "")
    code, out, err = bakeoff("studies")
    assert code == 0, err
    code, _, err = bakeoff("export", "one", "--format", "onnx", "-o", "one.onnx")
    assert code == 0, err
    if data == "digits-28":
        return  # a page is as slow as the rest together, and the other data have one
    code, _, err = bakeoff("report", "run.json")
    assert code == 0, err
    page = (own_folder / "report" / "index.html").read_text()
    assert "FLOPs a training example" in page
    assert "40 training examples and 20 test examples" in page
    assert "Sample pairs" not in page


@pytest.mark.parametrize(
    ("data", "network", "options", "words"),
    [
        ("digits", "model2", "", "a batch of shape (3, 1, 14, 14) failed"),
        ("pairs", "digit", "", "a batch of shape (3, 2, 14, 14) failed"),
        (
            "disk",
            "mlp",
            "options = { inputs = 2, outputs = 3 }",
            "expected logits of shape (3, 2), or numbers of shape (3, 1)",
        ),
        ("disk", "mlp", "", "options: inputs is missing, expected among inputs, outputs"),
        (
            "disk",
            "disk",
            "recipe = { augmentation = { swap = true } }",
            "augmentation: got data 'disk', expected 'pairs', as it changes pairs of images",
        ),
        ("a_table:make_round", "disk", "", "found no module 'a_table'"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(
    bakeoff, own_folder, write, data, network, options, words
):
    write(data, network, options, options)
    text = (own_folder / "s.toml").read_text()
    if data == "pairs":
        (own_folder / "s.toml").write_text(text.replace("test_size = 20", "test_size = 40"))
    code, _, err = bakeoff("run", "s.toml")
    assert code == 2
    assert words in flat(err)
    assert not (own_folder / "bakeoff.sqlite").exists()


def test_a_folder_of_files_goes_with_data_that_come_from_files(bakeoff, own_folder, write):
    write("disk", "disk")
    code, _, err = bakeoff("run", "s.toml", "--data", ".")
    assert code == 2
    assert "for data 'disk', which do not come from IDX files" in flat(err)
    write("digits", "digit")
    code, _, err = bakeoff("run", "s.toml", "--data", ".")
    assert code == 2
    assert "found no such file" in flat(err)


def test_an_unknown_name_is_told_the_known_ones(bakeoff, own_folder, write):
    write("circles", "disk")
    code, _, err = bakeoff("run", "s.toml")
    assert code == 2
    assert "data: got 'circles', expected one of pairs, tuning-pairs, digits, digits-28, disk," in (
        flat(err)
    )
    assert "or a function of your own, as 'mymodule:make_round'" in flat(err)
