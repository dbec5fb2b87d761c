import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from bakeoff.study.store import Store
from bakeoff.training.keys import keys_of
from bakeoff.training.studies import DISK

COMMAND = [sys.executable, "-c", "from bakeoff.cli import main; main()", "run", "ablation"]


def test_a_run_ends_in_a_table_a_sentence_and_json(tmp_path):
    file = tmp_path / "out.json"
    two = ["--only", "model1", "--only", "model2"]
    options = [*two, "--rounds", "2", "--epochs", "1", "--seed", "5", "--json", str(file)]
    told = subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert told.returncode == 0, told.stderr
    assert "\x1b" not in told.stdout + told.stderr
    lines = told.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("model1") and "77,346" in line and "±" in line for line in lines)
    assert any(line.startswith("model2") and "72,546" in line for line in lines)
    assert "model2 and model1" in told.stdout
    document = json.loads(file.read_text())
    assert document["recipe"]["epochs"] == 1
    assert [
        (c["name"], c["rounds"][0]["facts"]["parameters"]) for c in document["competitors"]
    ] == [("model1", 77_346), ("model2", 72_546)]
    for competitor in document["competitors"]:
        assert [(r["round"], r["seed"]) for r in competitor["rounds"]] == [(0, 5), (1, 5)]
        assert set(competitor["rounds"][0]) == {
            "round",
            "seed",
            "scores",
            "curves",
            "seconds",
            "facts",
        }
        for round_ in competitor["rounds"]:
            (accuracy,) = round_["curves"]["test_accuracy"]
            assert 0 <= accuracy <= 1


def test_the_same_bits_with_any_workers_any_first_round_plans_or_tape(bakeoff, tmp_path):
    told = {}
    for name, options in {
        "one": ["--rounds", "2", "--workers", "1"],
        "two": ["--rounds", "2", "--workers", "2"],
        "late": ["--rounds", "1", "--first-round", "1"],
        "tape": ["--rounds", "2", "--no-plan"],
    }.items():
        file = tmp_path / f"{name}.json"
        more = ["--epochs", "1", "--store", tmp_path / f"{name}.sqlite", "--json", file]
        assert bakeoff("run", "--only", "model2", *options, *more)[0] == 0
        told[name] = json.loads(file.read_text())
        for round_ in told[name]["competitors"][0]["rounds"]:
            del round_["seconds"]
    assert told["one"] == told["two"] == told["tape"]
    late = told["late"]["competitors"][0]["rounds"]
    assert late == told["one"]["competitors"][0]["rounds"][1:]


def output_of(terminal, until, patience=60.0):
    """Read what a program writes to a terminal until a text appears, or it ends."""
    read = b""
    deadline = time.monotonic() + patience
    while until not in read:
        assert time.monotonic() < deadline, read
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                read += os.read(terminal, 4096)
            except OSError:
                break
    return read.decode()


@pytest.fixture
def on_a_terminal(tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--rounds", "100", "--epochs", "1", "--only", "model2"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=tmp_path,
        env=os.environ | {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"},
    )
    os.close(theirs)
    yield process, ours
    process.kill()
    process.wait()
    os.close(ours)


def test_a_terminal_shows_a_bar_and_ctrl_c_says_what_was_finished(on_a_terminal):
    process, terminal = on_a_terminal
    shown = output_of(terminal, b"left")
    assert "of 100 rounds" in shown
    os.killpg(process.pid, signal.SIGINT)
    rest = output_of(terminal, b"of 100 rounds finished (model2 ")
    assert "stopped by Ctrl-C" in rest
    assert "Traceback" not in rest
    assert process.wait(30) == 130


def test_a_sweep_keeps_its_rounds_and_draws_its_scores(bakeoff, tmp_path):
    keep = ["--workers", "1", "--store", tmp_path / "s.sqlite"]
    grid = ["--vary", "lr=0.15,0.3", "--vary", "standardise=true"]
    how = ["--only", "tanh", "--rounds", "2", "--epochs", "1"]
    code, out, err = bakeoff("run", "disk", *grid, *how, *keep)
    assert code == 0, err
    assert "lr=0.3" in out
    with Store(tmp_path / "s.sqlite", read_only=True) as store:
        (kept,) = store.studies()
    by_hand = DISK.with_recipe(epochs=1)
    assert kept.keys["tanh+lr-0.15+standardise-true"] == keys_of(by_hand)["tanh"].text
    assert len(set(kept.keys.values())) == 2
    figure = tmp_path / "sweep.svg"
    code, _, err = bakeoff("show", "disk-sweep", *keep[2:], "--figure", figure)
    assert code == 0, err
    assert "sweep-0-band" in figure.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("lr", "--vary: got 'lr', expected NAME=A,B"),
        ("lr=0.1,-1", "study 'disk': vary.lr: got -1.0, expected a number above 0"),
        ("hiden=3", "there is no option 'hiden'"),
    ],
)
def test_a_sweep_of_nothing_is_refused(bakeoff, words, told, tmp_path):
    code, _, err = bakeoff("run", "disk", "--vary", words, "--store", tmp_path / "s.sqlite")
    assert code in (1, 2)
    assert told in " ".join(err.split())
