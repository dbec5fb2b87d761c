import json
import subprocess
import sys
from statistics import fmean, stdev

import attrs
import pytest

from bakeoff.cli import main
from bakeoff.data import fresh_points, generate_disk_sets
from bakeoff.neural_network import NeuralNetwork
from bakeoff.nn import Linear
from bakeoff.training.shipped.disk import DISK


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bakeoff(capsys):
    """Function (*arguments) -> (exit code, stdout, stderr) of `bakeoff disk`."""

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as raised:
            main(["disk", *arguments])
        captured = capsys.readouterr()
        return raised.value.code, captured.out, captured.err

    return call


def test_train_test_and_plot(bakeoff, tmp_path):
    options = ("--epochs", "2", "--rounds", "2")
    code, out, err = bakeoff("train", *options, "--json", "disk.json")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[2] == "saved models/disk.safetensors"
    told = json.loads((tmp_path / "disk.json").read_text())
    rounds = told["competitors"][0]["rounds"]
    for line, kind in zip(lines, ("train", "test"), strict=False):
        errors = [100 * (1 - round_["scores"][f"{kind}_accuracy"]) for round_ in rounds]
        assert line == f"{kind} error: {fmean(errors):.2f} ± {stdev(errors):.2f} %"
    assert [round_["round"] for round_ in rounds] == [0, 1]
    # Trained once, the rounds are in the store: for bakeoff show, and for the next training.
    first = (tmp_path / "models" / "disk.safetensors").read_bytes()
    again = bakeoff("train", *options)
    assert again[1] == out
    assert "2 rounds in all, 2 of them in bakeoff.sqlite" in again[2]
    assert (tmp_path / "models" / "disk.safetensors").read_bytes() == first

    saved = NeuralNetwork.load("disk")
    assert (saved.seed, saved.epochs) == (0, 2)
    code, out, err = bakeoff("test", "--points", "500", "--seed", "4")
    assert (code, err) == (0, "")
    accuracy = 100 * saved.accuracy(*fresh_points(500, seed=4))
    told = f"models/disk.safetensors: accuracy {accuracy:.2f} % on 500 fresh points\n"
    assert out == told

    assert bakeoff("plot", "picture.svg") == (
        0,
        "models/disk.safetensors: drawn in picture.svg\n",
        "",
    )
    assert "<svg" in (tmp_path / "picture.svg").read_text()


def test_the_saved_network_answers_raw_points_as_the_round_did(bakeoff, tmp_path):
    bakeoff("train", "--epochs", "2", "--json", "disk.json")
    told = json.loads((tmp_path / "disk.json").read_text())
    (round_,) = told["competitors"][0]["rounds"]
    sets = generate_disk_sets(1000, seed=0)
    accuracy = NeuralNetwork.load("disk").accuracy(sets.test_input, sets.test_target)
    assert accuracy == round_["scores"]["test_accuracy"]


def test_a_network_that_diverged_is_not_saved(bakeoff, tmp_path, monkeypatch):
    hopeless = attrs.evolve(DISK.networks[0].recipe, lr=1e30, schedule=None, epochs=1)
    study = DISK.with_recipe(hopeless)
    monkeypatch.setattr("bakeoff.training.studies.STUDIES", {"disk": study})
    code, _, err = bakeoff("train")
    assert code == 2
    assert "disk: round 0 diverged in epoch 1" in err
    assert not (tmp_path / "models").exists()


def test_one_round_and_a_name_of_its_own(bakeoff, tmp_path):
    code, out, _ = bakeoff("train", "--epochs", "1", "--seed", "3", "--name", "mine")
    assert code == 0
    assert "±" not in out
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["mine.safetensors"]
    assert NeuralNetwork.load("mine").seed == 3
    assert "models/mine.safetensors: accuracy" in bakeoff("test", "--name", "mine")[1]


def test_the_shipped_network_is_there_at_once(bakeoff, tmp_path):
    code, out, err = bakeoff("test")
    assert (code, err) == (0, "")
    start, end = "the network that comes with bakeoff: accuracy ", " % on 10,000 fresh points\n"
    assert out.startswith(start)
    assert out.endswith(end)
    assert float(out.removeprefix(start).removesuffix(end)) > 98
    code, out, _ = bakeoff("plot")
    assert (code, out) == (0, "the network that comes with bakeoff: drawn in disk.png\n")
    assert (tmp_path / "disk.png").read_bytes().startswith(b"\x89PNG")


def test_alone_it_lists_its_commands(bakeoff):
    code, out, err = bakeoff()
    assert (code, err) == (0, "")
    assert all(f"\n  {name} " in out for name in ("train", "test", "plot"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--rounds", "0"], "rounds: got 0, expected 1 to"),
        (["train", "--epochs", "0"], "epochs: got 0, expected a whole number of 1 to"),
        (["train", "--name", "../disk"], "model name: got '../disk', which holds '/'"),
        (["train", "--json", "/nowhere/a.json"], "/nowhere/a.json: cannot be written"),
        (["test", "--points", str(10**30)], "expected a whole number from 1 to 10,000,000"),
        (["test", "--name", "dsk"], "models/dsk.safetensors: found no such file"),
        (["test", "--name", "poem"], "models/poem.safetensors: is damaged or no safetensors file"),
        (["test", "--name", "wide"], "Linear(3, 1, bias=True): got a batch of shape (1000, 2)"),
        (["test", "--points", "0"], "fresh points: got n=0"),
        (["plot", "disk.jpg"], "got 'disk.jpg', expected a name ending with one of .pdf"),
        (["plot", "disk.png", "--points", "0"], "fresh points: got n=0"),
        (["plot", "--name", "two"], "expected (1000, 2), the shape of the output"),
        (["plot", "--point", "3"], "No such option"),
        (["tset"], "No such command 'tset'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(bakeoff, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.setattr("bakeoff.study.run.finish", lambda *a, **k: pytest.fail("started"))
    NeuralNetwork(Linear(3, 1)).save("wide")
    NeuralNetwork(Linear(2, 2)).save("two")
    (tmp_path / "models" / "poem.safetensors").write_text("not a network")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = bakeoff(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith("bakeoff: ")
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_help_stays_light():
    code = (
        "import sys\nfrom bakeoff.cli import main\ntry:\n main(['disk', 'train', '--help'])\n"
        "finally:\n print([m for m in ('torch', 'matplotlib', 'numpy') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.endswith("[]\n")
