import json
import os
import pty
import subprocess
import sys

import pytest
import torch

from bakeoff.cli import main
from bakeoff.neural_network import NeuralNetwork
from bakeoff.nn import Linear


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


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
    code, out, err = bakeoff("train", "--epochs", "2", "--rounds", "2", "--json", "disk.json")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[2] == "saved models/disk.safetensors"
    document = json.loads((tmp_path / "disk.json").read_text())
    for line, name in zip(lines, ("train", "test"), strict=False):
        figures = document[f"{name}_error"]
        expected = f"{100 * figures['mean']:.2f} % ± {100 * figures['std']:.2f} %"
        assert line == f"{name} error: {expected}"
    assert document["recipe"]["epochs"] == 2
    assert [r["round"] for r in document["rounds"]] == [0, 1]
    assert document["machine"]["torch"] == torch.__version__

    saved = NeuralNetwork.load("disk")
    assert (saved.seed, saved.epochs) == (0, 2)
    code, out, err = bakeoff("test", "--points", "500", "--seed", "4")
    assert (code, err) == (0, "")
    from bakeoff.disk import fresh_points

    accuracy = 100 * saved.accuracy(*fresh_points(500, seed=4))
    told = f"models/disk.safetensors: accuracy {accuracy:.2f} % on 500 fresh points\n"
    assert out == told

    assert bakeoff("plot", "picture.svg") == (
        0,
        "models/disk.safetensors: drawn in picture.svg\n",
        "",
    )
    assert "<svg" in (tmp_path / "picture.svg").read_text()


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
        (["train", "--rounds", "0"], "disk rounds: got 0, expected at least 1"),
        (["train", "--epochs", "0"], "disk recipe: got epochs=0, expected at least 1"),
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
    from bakeoff.disk.training import DiskTraining

    monkeypatch.setattr(DiskTraining, "epoch", lambda self: pytest.fail("started"))
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


def test_a_terminal_shows_a_bar_with_the_loss(tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from bakeoff.cli import main; main()", "disk", "train"]
    process = subprocess.Popen(
        [*command, "--epochs", "2"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"},
    )
    os.close(theirs)
    out, _ = process.communicate(timeout=60)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert process.returncode == 0
    assert b"test error: " in out
    assert b"\x1b" not in out
    assert "2/2" in shown
    assert "loss 0." in shown
