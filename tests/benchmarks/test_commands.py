"""Whole commands: what is run, and that both sides train the same rounds."""

import copy
import json
import sys

import pytest

from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import train_group
from benchmarks import commands
from benchmarks.commands import command, first_losses, measure_commands
from benchmarks.rivals import ablation
from benchmarks.works import ABLATION, OURS, BenchError

LOSSES = {"model1": [[0.5, 0.4], [0.6, 0.5]], "model2": [[0.7, 0.6], [0.8, 0.7]]}
TOLD = {
    "competitors": [
        {
            "name": n,
            "rounds": [{"round": r, "curves": {"train_loss": c}} for r, c in enumerate(curves)],
        }
        for n, curves in LOSSES.items()
    ]
}

SCRIPT = "import sys; open('out.json', 'w').write(sys.argv[1])"


def test_our_study_file_is_one_that_bakeoff_reads(tmp_path):
    from bakeoff.study.files import load_study

    words = command(OURS, 7, tmp_path)
    study = load_study(tmp_path / "study.toml")
    assert words[1:5] == ["-m", "bakeoff", "run", str(tmp_path / "study.toml")]
    assert (study.rounds, study.seed, study.train_size) == (7, 0, 1000)
    assert study.competitor_names == ablation.NETWORKS
    for competitor in study.competitors:
        assert competitor.network == competitor.name
        recipe = competitor.recipe
        assert (recipe.epochs, recipe.batch_size) == (ablation.EPOCHS, ablation.BATCH)
        assert (recipe.lr, recipe.momentum) == (ablation.LR, ablation.MOMENTUM)
        assert recipe.standardise


def test_losses_are_read_in_one_order():
    shuffled = {
        "competitors": [
            each | {"rounds": each["rounds"][::-1]} for each in TOLD["competitors"][::-1]
        ]
    }
    assert first_losses(json.dumps(TOLD)) == [0.5, 0.6, 0.7, 0.8]
    assert first_losses(json.dumps(shuffled)) == [0.5, 0.6, 0.7, 0.8]


def test_the_rivals_script_tells_its_rounds_as_ours_does(tmp_path, monkeypatch):
    monkeypatch.setattr(
        ablation, "train_round", lambda name, r: TOLD["competitors"][name == "model2"]["rounds"][r]
    )
    monkeypatch.setattr(sys, "argv", ["", "--rounds", "2", "--json", str(tmp_path / "out.json")])
    ablation.main()
    assert json.loads((tmp_path / "out.json").read_text()) == TOLD


def test_a_rival_that_trains_something_else_stops_the_benchmark(monkeypatch):
    theirs = copy.deepcopy(TOLD)
    rounds = theirs["competitors"][1]["rounds"]
    rounds[1]["curves"]["train_loss"][0] = 0.8002

    def quick(name, rounds, place):
        document = TOLD if name == OURS else theirs
        return [sys.executable, "-c", SCRIPT, json.dumps(document)]

    monkeypatch.setattr(commands, "command", quick)
    with pytest.raises(BenchError, match=r"ablation: PyTorch loop differs from ours by 2\.0e-04"):
        measure_commands(ABLATION, 2, 1)
    rounds.pop()
    with pytest.raises(BenchError, match="PyTorch loop gave 3 figures, expected 4"):
        measure_commands(ABLATION, 2, 1)


def test_the_rivals_script_is_found_from_any_folder(tmp_path):
    words = [*command("pytorch-loop", 1, tmp_path)[:-4], "--help"]
    assert commands._timed("pytorch-loop", words, tmp_path) > 0


@pytest.mark.parametrize("network", ablation.NETWORKS)
def test_the_script_trains_what_bakeoff_trains(network, monkeypatch):
    monkeypatch.setattr(ablation, "EPOCHS", 1)
    competitor = NetworkCompetitor(network, recipe=Recipe(epochs=1))
    study = NetworkStudy("s", "?", [competitor], rounds=3)
    (ours,) = train_group(study, competitor, 2)
    (loss,) = ablation.train_round(network, 2)["curves"]["train_loss"]
    assert loss == pytest.approx(ours.curve("train_loss")[0], rel=0, abs=1e-4)


def test_commands_take_turns_and_are_timed(monkeypatch):
    order = []

    def quick(name, rounds, place):
        order.append(name)
        return [sys.executable, "-c", SCRIPT, json.dumps(TOLD)]

    monkeypatch.setattr(commands, "command", quick)
    found = measure_commands(ABLATION, 2, 2)
    assert order == [OURS, *ABLATION.rivals] * 2
    assert "2 rounds × 25 epochs" in found.work.title
    assert {len(timing.samples) for timing in found.timings.values()} == {2}
    assert found.rows().keys() == set(ABLATION.rivals)


def test_a_command_that_fails_is_told_with_its_last_words(monkeypatch):
    words = [sys.executable, "-c", "import sys; sys.exit('a first line\\nout of luck')"]
    monkeypatch.setattr(commands, "command", lambda name, rounds, place: words)
    with pytest.raises(BenchError, match="our plan ended with code 1: out of luck"):
        measure_commands(ABLATION, 2, 1)


def test_a_contender_without_a_command_is_told(tmp_path):
    with pytest.raises(BenchError, match="sklearn is no whole command"):
        command("sklearn", 1, tmp_path)
