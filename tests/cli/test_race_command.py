"""`bakeoff race`, and what every other command makes of a store with a study of commands."""

import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from bakeoff.report.source import source_of_file
from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import find_kept
from bakeoff.study.verdicts import judge

RACE = [
    "race",
    "a=echo loss: $(({seed} % 1000 + 1))",
    "b=test {round} = 2 && exit 4; echo loss: $(({seed} % 1000 + 21 + {round}))",
    *("--metric", "loss", "--lower-is-better", "--rounds", "8", "--failed", "1000"),
]


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    """A folder with a store, and a JSON file, of one race of 8 rounds, one of which failed."""
    folder = tmp_path_factory.mktemp("raced")
    words = [sys.executable, "-m", "bakeoff", *RACE, "--json", "out.json"]
    told = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout
    (folder / "told").write_text(told)
    return folder


@pytest.fixture
def here(raced, tmp_path, monkeypatch):
    """A copy of it, where the test runs."""
    shutil.copytree(raced, tmp_path / "raced")
    monkeypatch.chdir(tmp_path / "raced")
    return tmp_path / "raced"


def flat(text):
    return " ".join(text.split())


def test_it_says_which_is_better_and_what_failed(here, bakeoff):
    told = flat((here / "told").read_text())
    assert "b is worse than a, higher by " in told
    assert "(a failed round counts as 1000; 95 % interval" in told
    assert "b failed in 1 of 8 rounds and a in none (p of failing alike = 1); where both" in told
    assert "Note: b: 1 of 8 rounds failed (round 2: exit code 4); they enter no mean," in told
    assert "bakeoff rounds show b 2 tells more" in told
    assert "Note: b - a: pairing by seed took " in told
    code, out, err = bakeoff(*RACE)  # nothing is run again
    assert (code, flat(out)) == (0, told)
    assert "2 competitors, 16 rounds in all, 16 of them in bakeoff.sqlite" in flat(err)


@pytest.mark.parametrize("format", ["text", "json", "csv", "markdown", "latex"])
def test_it_is_shown_in_every_format(here, bakeoff, format):
    code, out, err = bakeoff("show", "--format", format)
    assert (code, err) == (0, "")
    for word in ("SGD", "epoch", "arameters", "train", "accuracy"):
        assert word not in out
    if format == "csv":
        assert out.splitlines()[3].startswith("2,a,") or out.count("\n") > 8
    elif format == "json":
        told = json.loads(out)
        assert [c["name"] for c in told["competitors"]] == ["a", "b"]
        assert told["competitors"][1]["rounds"][2]["note"] == "exit code 4"
    else:
        assert "b is worse than a" in flat(out)


def test_its_page_knows_no_network_and_its_json_gives_the_same(here, bakeoff):
    assert bakeoff("report", "--out", "page")[0] == 0
    page = (here / "page" / "index.html").read_text()
    for word in ("SGD", "arameters", "raining", "train ", "MNIST", "torch", "{'"):
        assert word not in page
    assert "exit code 4" in page
    assert "b is worse than a" in flat(page)
    assert "B: 1 of" not in page
    table = (here / "page" / "ranking.csv").read_text().splitlines()
    assert table[0].startswith("competitor,mean,std,interval from,interval to,rounds,failed,")
    assert bakeoff("report", "out.json", "--out", "other", "--margin", "900")[0] == 0
    assert "equivalent within 900" in (here / "other" / "index.html").read_text()
    assert bakeoff("report", "out.json", "--out", "other")[0] == 0
    assert "b is worse than a" in flat((here / "other" / "index.html").read_text())


def test_other_commands_read_it(here, bakeoff):
    assert "b is worse than a, higher by" in flat(bakeoff("compare", "b", "a")[1])
    assert json.loads(bakeoff("compare", "b", "a", "--format", "json")[1])
    assert flat(bakeoff("studies")[1]).endswith("0 - 2 8 of 8")
    assert flat(bakeoff("rounds", "list")[1]).endswith("b 8 0")
    code, out, _ = bakeoff("rounds", "show", "b", 2)
    assert code == 0
    assert out.startswith("b, round 2: failed after 0.")
    assert out.splitlines()[1] == "exit code 4"
    out = bakeoff("rounds", "show", "a", 3)[1].splitlines()
    assert out[0].startswith("a, round 3: finished after ")
    assert out[2] == "--- stdout, its last 50 lines at most"
    assert out[3] == out[1].replace("loss: ", "loss: ")
    assert bakeoff("merge", "other.sqlite", "bakeoff.sqlite")[1].startswith("16 rounds added to")
    assert bakeoff("show", "--store", "other.sqlite")[1] == bakeoff("show")[1]
    assert bakeoff("rounds", "delete", "b", "--yes")[1] == "deleted 8 rounds of b\n"


def test_a_plan_is_made_in_the_metrics_unit(here, bakeoff):
    with Store(here / "bakeoff.sqlite", read_only=True) as opened:
        (here / "race.toml").write_text(find_kept(opened).study.to_toml())
    code, out, _ = bakeoff("plan", "race.toml", "--difference", "500")
    assert code == 0
    assert "rounds find a true difference of 500 in 80 of 100" in flat(out)
    assert "as 8 rounds of b - a tell" in flat(out)
    assert out.splitlines()[-1].startswith("bakeoff run race.toml ")
    told = json.loads(bakeoff("plan", "race.toml", "--difference", "500", "--format", "json")[1])
    assert told["difference"] == 500.0
    assert (
        "--difference: is missing, expected a number in the unit" in bakeoff("plan", "race.toml")[2]
    )
    new = ["plan", "race.toml", "--difference", "9", "--seed", "3"]
    assert "--std: is missing" in bakeoff(*new)[2]
    assert "a standard deviation of 5, as given" in flat(bakeoff(*new, "--std", "5")[1])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["export", "a", "--format", "onnx", "-o", "a.onnx"],
            "export: got competitors that are no",
        ),
        (["tune", "race.toml"], "networks"),
        (["demo", "race"], "demo: got competitors that are no networks"),
        (["run", "race.toml", "--epochs", "3"], "--epochs: got competitors that are no networks"),
        (["run", "race.toml", "--data", "x"], "--data: goes with networks, and study 'race' has"),
        (["run", "race.toml", "--trainer", "torch"], "--trainer: goes with networks"),
        (["rounds", "show", "c", "0"], "there is no competitor 'c'"),
        (["rounds", "show", "a", "99"], "holds no round 99 of 'a'"),
        (["rounds", "show", "a", "-1"], ""),
    ],
)
def test_what_goes_with_networks_is_refused_in_a_sentence(here, bakeoff, words, told):
    with Store(here / "bakeoff.sqlite", read_only=True) as opened:
        (here / "race.toml").write_text(find_kept(opened).study.to_toml())
    code, out, err = bakeoff(*words)
    assert (code, out) == (2, "")
    assert told in flat(err)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x {seed}"], "--metric: is missing, expected what to judge by"),
        (["x {sed}", "--metric", "m"], "{sed} is filled by nothing (did you mean 'seed'?)"),
        (["x", "--metric", "m"], "its command has no {seed}, so every round would be the same"),
        (["x {seed} {lr}", "--metric", "m", "--vary", "lr"], "--vary: got 'lr', expected NAME=A,B"),
        (["x {seed}", "--metric", "m", "--vary", "lr=1,,2"], "--vary: got 'lr=1,,2', expected"),
        (["x {seed}", "y", "--metric", "m", "--vary", "k=1"], "--vary: got 2 commands with it"),
        (["x {seed}", "--metric", "m", "--vary", "lr=1,2"], "its command has no {lr}"),
        (
            ["x {seed} {k}", "--metric", "m", "--vary", "k=1", "--vary", "k=2"],
            "--vary: got k twice, expected once, as k=A,B",
        ),
        (["x {seed}", "--metric", "m", "--vary", "seed=1,2"], "seed is no option"),
        (["x {seed}", "--metric", "m (("], "source: got 'regex:m ((', expected"),
        (["x {seed}", "--metric", "m", "--take", "first"], "take: got 'first', expected"),
        (["x {seed}", "--metric", "seconds", "--workers", "2"], "--workers: got 2 for a metric"),
        (["x {seed}", "--metric", "m", "--timeout", "soon"], "timeout: got 'soon', expected"),
        (["x {seed}", "--metric", "m", "--failed", "best"], "failed: got 'best', expected"),
        (["x {seed}", "--metric", "m", "--failed", "nan"], "failed: got nan, expected"),
        (["x {seed}", "--metric", "m", "--retry", "all"], "--retry: got 'all', expected failed"),
        (["x {seed}", "--metric", "m", "--until", "dawn"], "--until: got 'dawn', expected decided"),
        (["x {seed}", "--metric", "m", "--name", "a b"], "name: got 'a b', expected a name of"),
        (["x {seed}", "--metric", "m", "--rounds", "0"], "rounds: got 0"),
        (
            ["x {seed}", "--metric", "m", "--margin", "-1"],
            "margin: got -1, expected a number above",
        ),
        (["x", "--metric", "seconds", "--margin", "1"], "margin: got 1 of 'seconds', expected a"),
        (["x {seed}", "--metric", "m", "--gpus", "0,"], "--gpus: got '0,', expected A,B"),
        (["a=x {seed}", "a=y {seed}", "--metric", "m"], "'a' is used twice"),
    ],
)
def test_a_mistake_is_one_sentence(bakeoff, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    code, out, err = bakeoff("race", *words)
    assert (code, out) == (2, "")
    assert told in flat(err)
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "names", "comparisons", "metrics"),
    [
        (
            ["sh -c 'echo acc {seed}' {lr} {f}", "--vary", "lr=1e-3,2", "--vary", "f=a/b,c"],
            ["lr-1e-3+f-a_b", "lr-1e-3+f-c", "lr-2+f-a_b", "lr-2+f-c"],
            3,
            ["--metric", r"acc (\d+)"],
        ),
        (["echo acc {seed}", "x=echo acc {seed}"], ["command1", "x"], 1, ["--metric", "acc"]),
        (["echo acc {seed}"], ["command1"], 0, ["--metric", r"acc=regex:c (\d)\d*", "--points"]),
    ],
)
def test_who_competes_and_by_what(
    tmp_path, monkeypatch, bakeoff, words, names, comparisons, metrics
):
    monkeypatch.chdir(tmp_path)
    code, _, _ = bakeoff("race", *words, *metrics, "--rounds", "1", "--gpus", "3", "--seed", "2")
    assert code == 0
    with Store(tmp_path / "bakeoff.sqlite", read_only=True) as opened:
        study = find_kept(opened).study
    assert list(study.competitor_names) == names
    assert [b for _, b in study.comparisons] == names[:1] * comparisons
    assert study.metric.name == "acc"
    assert (study.seed, study.command.slots) == (2, (("CUDA_VISIBLE_DEVICES", ("3",)),))


def test_times_are_told_as_a_ratio_and_a_decision_ends_the_race(tmp_path, monkeypatch, bakeoff):
    monkeypatch.chdir(tmp_path)
    words = ["race", "a=sleep 0.06", "b=sleep 0.01", "--metric", "seconds", "--margin", "1.1"]
    code, out, _ = bakeoff(*words, "--until", "decided", "--max-rounds", "24")
    assert code == 0
    assert "b is better than a, " in flat(out)
    assert "times faster" in flat(out)
    assert "40" not in flat(out).partition("Note")[0]


def test_twins_are_told_and_two_that_fail_are_no_twins(tmp_path, monkeypatch, bakeoff):
    monkeypatch.chdir(tmp_path)
    for line, twins in (("echo {seed}", True), ("exit 1 # {seed}", False)):
        words = [
            "race",
            f"a={line}",
            f"b={line}",
            "--metric",
            "m",
            "--rounds",
            "2",
            "--workers",
            "1",
        ]
        code, out, _ = bakeoff(*words)
        assert code == 0
        assert ("they are the same command or function under two names" in flat(out)) == twins


def test_a_run_that_goes_on_failing_ends_with_one_sentence(tmp_path, monkeypatch, bakeoff):
    monkeypatch.chdir(tmp_path)
    words = ["race", "false {seed}", "--metric", "m", "--rounds", "30", "--workers", "1"]
    code, out, err = bakeoff(*words)
    assert (code, out) == (2, "")
    assert "failed in its first 3 rounds: exit code 1; what was made is kept" in flat(err)
    assert "rounds show command1 0 tells more" in flat(err)
    assert bakeoff("rounds", "show", "command1", 0)[0] == 0


SPOILT = [
    'UPDATE rounds SET scores = \'{"loss": "x"}\'',
    "UPDATE rounds SET scores = '{\"loss\": 1e308}' WHERE round < 4",
    "UPDATE rounds SET scores = '{\"loss\": -1e308}' WHERE round < 4",
    "UPDATE rounds SET scores = '{\"other\": 1}'",
    "UPDATE rounds SET scores = '{}'",
    "UPDATE rounds SET curves = '{\"loss\": [1, 2, 3]}'",
    "UPDATE rounds SET facts = '{\"failure\": 3}', status = 'failed', scores = '{}'",
    "UPDATE rounds SET status = 'failed', note = char(27) || '[2J', scores = '{}'",
    "UPDATE rounds SET status = 'timed_out', scores = '{}', note = '' WHERE key != ''",
    "UPDATE rounds SET status = 'diverged'",
    "UPDATE rounds SET seconds = 1e308",
    "UPDATE rounds SET round = 999999999 WHERE round = 1",
    "UPDATE attachments SET content = x'ff001b5b324a'",
    "UPDATE keys SET training = '{}'",
    'UPDATE keys SET training = \'{"metrics": 3, "options": 3, "run": 3, "facts": [1]}\'',
    'UPDATE studies SET spec = replace(spec, \'"kind":"command"\', \'"kind":"function"\')',
    'UPDATE studies SET spec = replace(spec, \'"kind":"command"\', \'"kind":"x"\')',
    "UPDATE studies SET spec = replace(spec, '\"kind\":\"command\",', '')",
    "UPDATE studies SET spec = replace(spec, '{seed}', '{seed:{x}}')",
    'UPDATE studies SET spec = replace(spec, \'"source":""\', \'"source":"regex:a{99999999999}"\')',
    "UPDATE studies SET spec = replace(spec, '\"digits\":null', '\"digits\":12')",
    'UPDATE studies SET spec = replace(spec, \'"unit":"plain"\', \'"unit":"ratio"\')',
    'UPDATE studies SET spec = replace(spec, \'"failed":1000.0\', \'"failed":"best"\')',
    "UPDATE studies SET spec = replace(spec, '\"failed\":1000.0', '\"failed\":-1e308')",
    "UPDATE studies SET spec = replace(spec, '\"timeout\":null', '\"timeout\":1e9')",
    "UPDATE studies SET spec = replace(spec, '\"slots\":{}', '\"slots\":[[[]]]')",
    "UPDATE studies SET spec = replace(spec, '\"watch\":[]', '\"watch\":[{}]')",
    'UPDATE studies SET spec = replace(spec, \'"command":{\', \'"command":3,"more":{\')',
    'UPDATE studies SET spec = replace(spec, \'"options":{\', \'"options":{"seed":1,\')',
    "UPDATE studies SET spec = replace(spec, '\"loss\"', '\"\"')",
]


@pytest.mark.parametrize("script", SPOILT)
def test_a_store_that_was_spoilt_is_never_a_traceback(here, bakeoff, script):
    with closing(sqlite3.connect(here / "bakeoff.sqlite")) as connection:
        changed = connection.execute(script).rowcount
        connection.commit()
    assert changed
    for line in (
        "show",
        "show --format json",
        "show --format csv",
        "compare b a",
        "studies",
        "rounds show b 2",
        "rounds show a 3",
        "report --out page",
        shlex.join(RACE),
    ):
        code, out, err = bakeoff(*shlex.split(line))
        assert code in (0, 2)
        assert "\x1b" not in out + err
        assert code == 0 or err.startswith("bakeoff: ") or "\nbakeoff: " in err


@pytest.mark.parametrize("command", [["run"], ["plan", "--difference", "1"]])
def test_what_is_to_be_run_is_never_taken_from_a_store(here, bakeoff, command):
    code, _, err = bakeoff(*command, "race", "--store", "bakeoff.sqlite")
    assert code == 2
    assert "its rounds are in bakeoff.sqlite, but no store says what is to be run" in flat(err)


# ---- until decided -------------------------------------------------------------------------------

TEN = """
name = "ten"
question = "Which of ten?"
comparisons = "all"
command = {run = "echo score: $(( {seed} / 7 * {k} % 101 + {more} ))"}
metric = {name = "score", better = "higher"}
"""


def ten(folder):
    """Write a study of ten commands of which the last two are clearly best."""
    each = '[[competitors]]\nname = "c{k}"\nk = {by}\nmore = {more}\n'
    tables = [each.format(k=k, by=2 * k + 3, more=150 * (k > 7)) for k in range(10)]
    (folder / "ten.toml").write_text(TEN + "".join(tables))
    return ("run", "ten.toml", "--until", "decided", "--max-rounds", "24")


def told_of(text):
    """What a text says, but for how long it took."""
    return [" ".join(line.split()[:-3]) if " ± 0.0" in line else line for line in text.splitlines()]


def test_a_race_leaves_those_behind_that_cannot_be_the_best(tmp_path, monkeypatch, bakeoff):
    monkeypatch.chdir(tmp_path)
    words = ten(tmp_path)
    code, alone, err = bakeoff(*words, "--workers", "1", "--store", "one.sqlite")
    assert code == 0, err
    assert "The best of 10 competitors is c9 or c8 (95 % confidence)." in alone
    made = re.search(r"the race made (\d+) of 240 rounds, as 8 of 10 competitors left", flat(alone))
    with closing(sqlite3.connect("one.sqlite")) as store:
        assert store.execute("SELECT COUNT(*) FROM rounds").fetchone()[0] == int(made[1]) < 130

    # Two workers, killed on the way, and what they left is gone on with.
    command = [sys.executable, "-m", "bakeoff", *words, "--workers", "2", "--store", "two.sqlite"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        while run.poll() is None and rounds_in("two.sqlite") < 40:
            time.sleep(0.02)
        os.kill(run.pid, signal.SIGKILL)
    assert 40 <= rounds_in("two.sqlite") < int(made[1])
    code, killed, _ = bakeoff("show", "ten", "--store", "two.sqlite")
    assert (code, "confidence)" in killed) == (0, False)
    code, again, err = bakeoff(*words, "--workers", "2", "--store", "two.sqlite")
    assert (code, told_of(again)) == (0, told_of(alone)), err

    # Later readers say the same, and a file of the rounds that count does.
    code, shown, _ = bakeoff("show", "ten", "--store", "two.sqlite")
    assert (code, told_of(shown)) == (0, told_of(alone))
    for format, ending in (("csv", "csv"), ("json", "json")):
        (tmp_path / f"ten.{ending}").write_text(
            bakeoff("show", "ten", "--store", "two.sqlite", "--format", format)[1]
        )
    told = json.loads((tmp_path / "ten.json").read_text())
    found = json.loads(bakeoff("compare", "ten.csv", "--format", "json")[1])
    assert [found["best"], found["ranks"]] == [told["best"], told["ranks"]]
    one, other = ({c["name"]: c for c in each["comparisons"]} for each in (found, told))
    assert one == other
    assert set(told["best"]) == {"c8", "c9"}
    assert any(made[0] in note for note in found["notes"])
    page = source_of_file(tmp_path / "ten.json").results
    assert judge(page).analysis.best == tuple(told["best"])


def rounds_in(path):
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            return store.execute("SELECT COUNT(*) FROM rounds").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # not there yet
