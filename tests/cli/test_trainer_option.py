"""`bakeoff run --trainer torch`: told, and kept apart from our own rounds."""

import json

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trainers")


def run(bakeoff, folder, name, *options):
    file = folder / f"{name}.json"
    asked = ["--only", "model2", "--rounds", "2", "--epochs", "1", "--workers", "1"]
    status, out, err = bakeoff(
        "run", *asked, "--store", folder / "rounds.sqlite", "--json", file, *options
    )
    assert status == 0, err
    rounds = json.loads(file.read_text())["competitors"][0]["rounds"]
    return out, [round_["curves"]["train_loss"][0] for round_ in rounds]


def test_pytorchs_rounds_are_the_same_but_kept_apart_and_told(bakeoff, folder):
    out, ours = run(bakeoff, folder, "ours")
    assert "PyTorch" not in out
    out, theirs = run(bakeoff, folder, "theirs", "--trainer", "torch")
    assert "trained with PyTorch's layers, autograd and optimisers" in " ".join(out.split())
    assert json.loads((folder / "theirs.json").read_text())["competitors"][0]["trainer"] == "torch"
    # Other last bits: these are no copies of our own rounds out of the store.
    assert theirs != ours
    assert theirs == pytest.approx(ours, abs=1e-4)
    status, out, _ = bakeoff("show", "--store", folder / "rounds.sqlite")
    assert status == 0
    assert "trained with PyTorch's layers" in " ".join(out.split())
    assert run(bakeoff, folder, "again")[1] == ours


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--trainer", "tocrh"], "there is no trainer 'tocrh' (did you mean 'torch'?)"),
        (["--trainer", "torch", "--no-plan"], "--no-plan: got --trainer torch"),
    ],
)
def test_what_is_no_trainer_is_one_sentence(bakeoff, tmp_path, options, words):
    status, _, err = bakeoff("run", "--store", tmp_path / "none.sqlite", *options)
    assert status != 0
    assert words in " ".join(err.split())
    assert not (tmp_path / "none.sqlite").exists()
