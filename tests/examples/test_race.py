"""Each kind of thing that can compete is raced as `docs/own-script.md` says, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bakeoff.statistics.verdict import Verdict
from bakeoff.study.files import load_study
from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import results_of
from bakeoff.study.verdicts import judge

FOLDER = Path(__file__).parents[2] / "examples" / "race"
PYTHON = sys.executable
ROUNDS = 6
NO_EXTRA = "the extra bench is not installed"
pytestmark = pytest.mark.timeout(600)  # seconds of work each, but on a machine that is busy too


@pytest.fixture
def bakeoff(tmp_path):
    """Call the command beside a copy of the examples; returns the verdict and the store's study."""
    folder = tmp_path / "race"
    shutil.copytree(FOLDER, folder)

    def call(*words, rounds=ROUNDS):
        command = [PYTHON, "-m", "bakeoff", *map(str, words), "--rounds", str(rounds)]
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=580,
        )
        assert done.returncode == 0, done.stderr
        call.notes = done.stderr
        with Store(folder / "bakeoff.sqlite", read_only=True) as store:
            (kept,) = store.studies()
            results = results_of(store, kept)
        return done.stdout, results

    call.folder = folder
    return call


def verdict_of(results):
    (comparison,) = judge(results).analysis.comparisons
    return comparison.verdict


def check_rounds(results, *scores, rounds=ROUNDS):
    """Make sure that each round of each competitor left these scores, from the same seeds."""
    names = results.study.competitor_names
    left = {(record.competitor, record.round) for record in results.results}
    assert left == {(name, round_) for name in names for round_ in range(rounds)}
    for record in results.results:
        assert record.status == "finished", record.note
        assert {name for name, _ in record.scores} == set(scores)
        assert record.seconds > 0


def test_several_tasks_are_a_study_with_a_task_in_each_command():
    study = load_study(FOLDER / "tasks.toml")
    assert study.tasks == ("10", "15", "20", "25", "30", "35")
    assert len(study.competitors) == 2 * len(study.comparisons) == 12
    words = (FOLDER / "tour.py", 1, "swap", 12)
    told = subprocess.run([PYTHON, *map(str, words)], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("length ")


def test_a_script(bakeoff):
    told, results = bakeoff(
        "race",
        f"swap={PYTHON} tour.py {{seed}} swap",
        f"reverse={PYTHON} tour.py {{seed}} reverse",
        *("--metric", "length", "--lower-is-better"),
    )
    check_rounds(results, "length")
    assert verdict_of(results) is Verdict.BETTER
    assert "reverse is better than swap, lower by " in told
    again, _ = bakeoff(
        "race",
        f"swap={PYTHON} tour.py {{seed}} swap",
        f"reverse={PYTHON} tour.py {{seed}} reverse",
        *("--metric", "length", "--lower-is-better"),
    )
    assert again == told  # seconds too: nothing was run twice


def test_a_function(bakeoff):
    told, results = bakeoff("run", "logistic.toml")
    check_rounds(results, "loss", "error")
    sys.path.insert(0, str(bakeoff.folder))
    try:
        from logistic import train
    finally:
        sys.path.pop(0)
        sys.modules.pop("logistic", None)
    from bakeoff.study.command import seed_of

    record = next(r for r in results.results if (r.competitor, r.round) == ("fast", 3))
    assert dict(record.scores) == pytest.approx(train(seed_of(0, 3), rate=1.0))
    assert verdict_of(results) is Verdict.BETTER
    assert "fast is better than slow, lower by " in told


def test_a_shell_line(bakeoff):
    line = (
        'seq 1000 | awk -v seed={seed} "BEGIN {{ srand(seed) }}'
        " rand() < {share} {{ sum += \\$1; n++ }}"
        ' END {{ e = sum / n - 500.5; print (e < 0 ? -e : e) }}"'
    )
    _, results = bakeoff(
        "race", line, "--vary", "share=0.02,0.9", "--metric", "error", "--lower-is-better"
    )
    check_rounds(results, "error")
    assert verdict_of(results) is Verdict.BETTER


def test_a_study_of_commands_says_what_it_is_about_to_run(bakeoff):
    (bakeoff.folder / "draws.toml").write_text("""
name = "draws"
question = "Which one is larger?"
comparisons = [["b", "a"]]

[command]
run = ["echo", "{seed}{end}"]

[metric]
name = "draw"

[[competitors]]
name = "a"
end = 1

[[competitors]]
name = "b"
run = "echo {seed} 2> log.txt"
""")
    bakeoff("run", "draws.toml")
    lines = bakeoff.notes.splitlines()
    assert lines[:2] == [
        "draws: runs the command echo '{seed}{end}'",
        "draws: runs the command echo {seed} 2> log.txt",
    ]


def test_a_program_in_c(bakeoff):
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "found no C compiler, which the tests need"
    subprocess.run([compiler, "-O2", "-o", "area", "area.c"], cwd=bakeoff.folder, check=True)
    _, results = bakeoff(
        "race",
        "./area {seed} {how}",
        *("--vary", "how=plain,spread", "--metric", "error", "--lower-is-better"),
    )
    check_rounds(results, "error")
    assert results.study.competitor_names == ("how-plain", "how-spread")
    values = results.table()
    assert values[:, 0].mean() > values[:, 1].mean()


def test_a_torch_script_with_a_loop_of_its_own(bakeoff):
    told, results = bakeoff(
        "race",
        f"{PYTHON} spiral.py --seed {{seed}} --activation {{activation}} --out {{dir}}",
        *("--vary", "activation=Sigmoid,Tanh", "--points"),
        *("--metric", "accuracy=file:metrics.json#test.accuracy"),
        rounds=2,  # each imports torch
    )
    check_rounds(results, "accuracy", rounds=2)
    assert (results.table()[:, 0] < results.table()[:, 1]).all()
    assert " points " in told


@pytest.mark.skipif(find_spec("sklearn") is None, reason=NO_EXTRA)
def test_a_scikit_learn_script(bakeoff):
    _, results = bakeoff(
        "race",
        f"{PYTHON} trees.py --seed {{seed}} --trees {{trees}}",
        *("--vary", "trees=3,30", "--metric", "accuracy", "--points"),
        rounds=2,  # each imports scikit-learn
    )
    check_rounds(results, "accuracy", rounds=2)
    assert (results.table()[:, 0] < results.table()[:, 1]).all()


@pytest.mark.parametrize("rest", ["", " | tail -n 1", " 2> log.txt"])
def test_a_script_that_has_changed_is_run_anew(bakeoff, rest):
    script = bakeoff.folder / "tour.py"
    words = (f"{PYTHON} tour.py {{seed}} {{move}}{rest}", "--vary", "move=swap,reverse")
    metric = ("--metric", "length", "--lower-is-better")
    before, _ = bakeoff("race", *words, *metric, rounds=2)
    assert bakeoff("race", *words, *metric, rounds=2)[0] == before
    text = script.read_text()
    assert "else 30" in text
    script.write_text(text.replace("else 30", "else 10"))
    after, _ = bakeoff("race", *words, *metric, rounds=2)
    assert before != after
