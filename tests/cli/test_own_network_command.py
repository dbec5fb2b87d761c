"""A study with a network of one's own, from the command line: told, run, shown."""

import sys

import pytest

MODULE = """
import sys

import torch

print("THE CODE RUNS", file=sys.stderr)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten, self.linear = torch.nn.Flatten(), torch.nn.Linear(392, 2)

    def forward(self, pairs):
        return torch.sinc(self.linear(self.flatten(pairs)))
"""

STUDY = """
name = "own"
question = "Is one layer enough?"
rounds = 2
train_size = 60
test_size = 60
comparisons = [["mine", "model2"]]

[recipe]
epochs = 1

[[competitors]]
name = "model2"

[[competitors]]
name = "mine"
network = "a_stranger:Net"
"""


@pytest.fixture
def folder(own_folder):
    (own_folder / "a_stranger.py").write_text(MODULE)
    (own_folder / "own.toml").write_text(STUDY)
    return own_folder


def test_code_is_told_before_it_runs_and_a_verdict_comes_out(bakeoff, folder):
    code, out, err = bakeoff("run", "own.toml", "--workers", "1")
    assert code == 0, err
    flat = " ".join(err.split())
    told = flat.index("a_stranger:Net: runs the Python code of")
    assert told < flat.index("THE CODE RUNS")
    assert str(folder / "a_stranger.py") in "".join(err.split())
    assert "mine: trained with PyTorch's layers, autograd and optimisers, as the forward" in flat
    assert "calls sinc, which bakeoff does not have" in flat
    assert "model2: trained" not in flat
    assert any(line.startswith("mine ") and "786" in line for line in out.splitlines())
    assert "mine and model2" in " ".join(out.split())
    assert "mine: trained with PyTorch's layers" in " ".join(out.split())

    del sys.modules["a_stranger"]
    code, out, err = bakeoff("show")
    assert code == 0
    assert "mine: trained with PyTorch's layers" in " ".join(out.split())
    assert "older sources" not in out
    assert "THE CODE RUNS" not in err
    assert "a_stranger" not in sys.modules


def test_a_missing_module_is_one_sentence(bakeoff, folder):
    (folder / "a_stranger.py").unlink()
    code, _, err = bakeoff("run", "own.toml")
    assert code == 2
    assert "found no module 'a_stranger', expected a Python file" in " ".join(err.split())
    assert not (folder / "bakeoff.sqlite").exists()
