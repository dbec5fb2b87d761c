import json
import tomllib

import pytest

from bakeoff.study.files import load_study

TINY = """\
name = "tiny"
question = "Which?"
train_size = 60
test_size = 60
comparisons = [["shared", "separate"]]
[recipe]
epochs = 1
[[competitors]]
name = "separate"
network = "model1"
[[competitors]]
name = "shared"
network = "model2"
recipe = { lr = 0.01 }
"""


@pytest.fixture
def tiny(tmp_path):
    file = tmp_path / "tiny.toml"
    file.write_text(TINY)
    return file


def test_tune_and_then_run(bakeoff, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    common = ["tune", "tiny.toml", "--tuning-rounds", 2, "--seed", 4]
    code, out, err = bakeoff(*common, "--workers", 1, "--json", "tried.json")
    assert code == 0, err
    assert "tiny.tuning: 10 settings, 20 rounds in all, 0 of them in" in err
    assert "bakeoff run tiny.tuned.toml" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80

    text = (tmp_path / "tiny.tuned.toml").read_text()
    tuned, told = load_study(tmp_path / "tiny.tuned.toml"), tomllib.loads(text)["tuning"]
    assert (tuned.name, tuned.seed, tuned.comparisons) == (
        "tiny.tuned",
        4,
        (("shared", "separate"),),
    )
    assert told["command"] == "bakeoff tune tiny.toml --tuning-rounds 2 --seed 4"
    tried = json.loads((tmp_path / "tried.json").read_text())
    for name, before in {"separate": 0.02, "shared": 0.01}.items():
        (found,) = (c for c in tried["competitors"] if c["name"] == name)
        (chosen,) = (trial for trial in found["tried"] if trial["chosen"])
        assert tuned.competitor(name).recipe.lr == chosen["lr"] == before * 2 ** chosen["place"]
        assert all(len(trial["accuracies"]) == 2 for trial in found["tried"])
        assert any(0 < trial["mean"] < 1 for trial in found["tried"])

    # Going on from the store trains nothing more and says the same, to the letter.
    code, _, err = bakeoff(*common, "--workers", 2, "--output", "again.toml")
    assert code == 0, err
    assert "20 rounds in all, 20 of them in" in " ".join(err.split())
    assert (tmp_path / "again.toml").read_text() == text

    code, out, err = bakeoff("run", "tiny.tuned.toml", "--rounds", 2, "--workers", 1)
    assert code == 0, err
    assert "shared and separate" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["abltion"], "there is no study 'abltion' (did you mean 'ablation'?)"),
        (["--only", "model11"], "no competitor 'model11' (did you mean 'model1'?)"),
        (["--tuning-rounds", "1"], "tuning rounds: got 1, expected at least 2"),
        (["--tuning-epochs", "0"], "tuning epochs: got 0, expected at least 1"),
        (["--tuning-epochs", "2", "--try-epochs", "3"], "expected one of them"),
        (["--workers", "0"], "workers: got 0, expected 1 to 4,096"),
        (["--output", "/nowhere/a.toml"], "/nowhere/a.toml: cannot be written"),
        (["--json", "/"], "/: is a folder, expected a file to write"),
        (["--data", "/nowhere"], "/nowhere: found no such folder"),
        (["--lr", "-1"], "lr: got -1.0, expected a number above 0"),
        (["--rounds", "3"], "No such option: --rounds"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_and_nothing_starts(
    bakeoff, tmp_path, monkeypatch, arguments, sentence
):
    from bakeoff.training.tune import search

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "run_study", lambda *a, **k: pytest.fail("started"))
    code, out, err = bakeoff("tune", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith("bakeoff: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_says_what_is_kept_and_writes_nothing(bakeoff, tiny, tmp_path, monkeypatch):
    from bakeoff.training.tune import search

    def interrupted(study, options, *, store, pool, listener, prepare):
        listener.on_start(20, ())
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "run_study", interrupted)
    code, out, err = bakeoff("tune", "tiny.toml", "--json", "tried.json")
    assert (code, out) == (130, "")
    assert "stopped by Ctrl-C, 0 of 20 rounds finished so far, kept in bakeoff-tuning.sqlite" in (
        " ".join(err.split())
    )
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.toml"]


def test_the_grid_may_have_one_middle_for_all(bakeoff, tiny, tmp_path, monkeypatch):
    from bakeoff.training.tune import search

    tried = []

    def trained(study, options, *, store, pool, listener, prepare):
        tried.append({candidate.recipe.lr for candidate in study.competitors})
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "run_study", trained)
    bakeoff("tune", "tiny.toml", "--lr", "0.5")
    bakeoff("tune", "tiny.toml", "--only", "shared")
    assert tried == [{0.125, 0.25, 0.5, 1.0, 2.0}, {0.0025, 0.005, 0.01, 0.02, 0.04}]


def test_the_file_lies_beside_the_study():
    from pathlib import Path

    from bakeoff.cli.tune import command_of, tuned_file

    assert tuned_file("deep") == Path("deep.tuned.toml")
    assert tuned_file("a/b.c/mine.toml") == Path("a/b.c/mine.tuned.toml")
    options = {"--only": ["a b", "c"], "--seed": None, "--epochs": 3}
    assert command_of("my.toml", options) == "bakeoff tune my.toml --only 'a b' --only c --epochs 3"
