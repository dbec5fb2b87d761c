"""Whole commands: what is run, and that both sides train the same rounds."""

import json
import sys

import pytest

from bakeoff.study.spec import Competitor, Recipe, Study
from bakeoff.training.trainer import train_group
from benchmarks import commands
from benchmarks.commands import Scale, command, first_losses, measure_commands
from benchmarks.contender import BenchError
from benchmarks.rivals import ablation
from benchmarks.works import OURS, WORKS

ABLATION = next(work for work in WORKS if work.kind == "command")
THEIRS = {"model1": [[0.5, 0.4], [0.6, 0.5]], "model2": [[0.7, 0.6], [0.8, 0.7]]}
OURS_TOLD = {
    "competitors": [
        {
            "name": n,
            "rounds": [{"round": r, "curves": {"train_loss": c}} for r, c in enumerate(curves)],
        }
        for n, curves in THEIRS.items()
    ]
}


def test_our_study_file_is_one_that_bakeoff_reads(tmp_path):
    from bakeoff.study.files import load_study

    words = command(OURS, Scale(rounds=7, repeats=1), tmp_path)
    study = load_study(tmp_path / "study.toml")
    assert words[3:5] == ["run", str(tmp_path / "study.toml")]
    assert (study.rounds, study.seed, study.train_size) == (7, 0, 1000)
    assert study.competitor_names == ablation.NETWORKS
    for competitor in study.competitors:
        assert competitor.network == competitor.name
        recipe = competitor.recipe
        assert (recipe.epochs, recipe.batch_size) == (ablation.EPOCHS, ablation.BATCH)
        assert (recipe.lr, recipe.momentum) == (ablation.LR, ablation.MOMENTUM)
        assert recipe.standardise


def test_both_sides_json_is_read_alike(tmp_path):
    for name, told in (("ours", OURS_TOLD), ("theirs", THEIRS)):
        (tmp_path / name).write_text(json.dumps(told))
    ours, theirs = first_losses(tmp_path / "ours"), first_losses(tmp_path / "theirs")
    assert ours == theirs
    assert ours == [0.5, 0.6, 0.7, 0.8]


def test_a_rival_that_trains_something_else_stops_the_benchmark(monkeypatch):
    script = "import sys; open('out.json', 'w').write(sys.argv[1])"
    theirs = {"model1": [[0.5], [0.6]], "model2": [[0.7], [0.8002]]}

    def quick(name, scale, place):
        document = OURS_TOLD if name == OURS else theirs
        return [sys.executable, "-c", script, json.dumps(document)]

    monkeypatch.setattr(commands, "command", quick)
    with pytest.raises(BenchError, match=r"ablation: PyTorch loop differs from ours by 2\.0e-04"):
        measure_commands(ABLATION, Scale(rounds=2, repeats=1))
    theirs["model2"].pop()
    with pytest.raises(BenchError, match="PyTorch loop gave 3 figures, expected 4"):
        measure_commands(ABLATION, Scale(rounds=2, repeats=1))


def test_the_rivals_script_is_found_from_any_folder(tmp_path):
    words = [*command("pytorch-loop", Scale(1, 1), tmp_path)[:-4], "--help"]
    assert commands._timed("pytorch-loop", words, tmp_path) > 0


@pytest.mark.parametrize("network", ablation.NETWORKS)
def test_the_script_trains_what_bakeoff_trains(network, monkeypatch):
    monkeypatch.setattr(ablation, "EPOCHS", 1)
    competitor = Competitor(network, recipe=Recipe(epochs=1))
    study = Study("s", "?", [competitor], rounds=3)
    (ours,) = train_group(study, competitor, 2)
    (loss,) = ablation.train_round((network, 2))
    assert loss == pytest.approx(ours.curve("train_loss")[0], rel=0, abs=1e-4)


def test_commands_take_turns_and_are_timed(monkeypatch):
    order = []
    script = "import json, sys; json.dump(json.loads(sys.argv[2]), open(sys.argv[1], 'w'))"

    def quick(name, scale, place):
        order.append(name)
        told = OURS_TOLD if name == OURS else THEIRS
        return [sys.executable, "-c", script, str(place / "out.json"), json.dumps(told)]

    monkeypatch.setattr(commands, "command", quick)
    found = measure_commands(ABLATION, Scale(rounds=2, repeats=2))
    assert order == [OURS, *ABLATION.rivals] * 2
    assert "2 rounds × 25 epochs" in found.work.title
    assert {len(timing.samples) for timing in found.timings.values()} == {2}
    assert {row.rival for row in found.rows()} == set(ABLATION.rivals)


def test_a_command_that_fails_is_told_with_its_last_words(monkeypatch):
    words = [sys.executable, "-c", "import sys; sys.exit('a first line\\nout of luck')"]
    monkeypatch.setattr(commands, "command", lambda name, scale, place: words)
    with pytest.raises(BenchError, match="our plan ended with code 1: out of luck"):
        measure_commands(ABLATION, Scale(rounds=2, repeats=1))


def test_a_contender_without_a_command_is_told(tmp_path):
    with pytest.raises(BenchError, match="sklearn is no whole command"):
        command("sklearn", Scale(1, 1), tmp_path)
