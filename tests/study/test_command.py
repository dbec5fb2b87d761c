"""Commands compete: what is filled in, what is kept of a failure, what begins new rounds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest
from test_process import ended_soon

from bakeoff.errors import ArgumentError, StudyError
from bakeoff.study.checks import SpecError
from bakeoff.study.command import Command, CommandStudy, filled, seconds_of, seed_of, words_of
from bakeoff.study.files import load_study
from bakeoff.study.metric import LOWER, RATIO, SECONDS_METRIC, Metric
from bakeoff.study.run import Listener, RunOptions, rounds_to_train, run_study
from bakeoff.study.spec import Competitor
from bakeoff.study.store import Store
from bakeoff.study.verdicts import divergence_notes, judge
from bakeoff.study.workers import LocalPool
from bakeoff.system.processes import KEPT

X = Metric("x")


def study(run="echo {seed}", metrics=(X,), competitors=None, **changes):
    """Two competitors, a and b, unless told."""
    if competitors is None:
        competitors = [Competitor(n, options={"k": k} if "{k}" in run else {}) for n, k in AB]
    names = [c.name for c in competitors]
    pairs = [(other, names[0]) for other in names[1:]]
    of = {n: changes.pop(n) for n in ("timeout", "watch", "slots", "failed") if n in changes}
    return CommandStudy(
        "s", "Which?", competitors, pairs, metrics=metrics, command=Command(run, **of), **changes
    )


AB = (("a", 1), ("b", 2))
ONE = [Competitor("a")]


def ran(of, rounds=1, workers=1, store=None, **named):
    options = RunOptions(rounds=range(rounds), **named)
    return run_study(of, options, store=store, pool=LocalPool(workers)).results


def record(*arguments, **named):
    return ran(study(*arguments, competitors=ONE, **named)).results[0]


def output(run, options, **given):
    """What a command prints whose braces are filled, run as a round would run it."""
    words = filled(words_of(run), Competitor("a", options=options), given)
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


# ---- what is filled in --------------------------------------------------------------------------

NASTY = """a b; 'c' "d" $HOME `e` \\ {x} *"""


@pytest.mark.parametrize(
    "run",
    [
        ("printf", "%s", "{v}"),
        "printf %s {v}",
        "printf %s '{v}'",
        'printf %s "{v}"',
        "printf %s {v} | cat",
        "printf %s '{v}' | cat",
        'printf %s "{v}" | cat',
        """printf '%s' "it's">/dev/null; printf %s "{v}" """,
        "printf \\'>/dev/null; printf %s {v}",
        "E=1 printf %s {v}",
    ],
)
def test_an_option_is_one_word_whatever_it_holds(run):
    assert output(run, {"v": NASTY}).strip() == NASTY


@pytest.mark.parametrize(
    ("value", "text"), [(1e-5, "1e-05"), (0.1, "0.1"), (1.0, "1.0"), (3, "3"), (True, "true")]
)
def test_a_number_is_written_as_python_writes_it(value, text):
    assert output("echo {v}{{}}", {"v": value}) == f"{text}{{}}\n"


def test_a_round_is_told_who_it_is_and_has_an_empty_folder():
    told = (
        "echo {seed} {round} {name} {slot} x: 1; ls -A {dir}; echo {dir}; touch {dir}/f; cd {dir}"
    )
    one, other = ran(study(told, competitors=ONE, seed=5), 2).results
    for found in (one, other):
        first, *empty, folder = found.attachment("stdout").decode().splitlines()
        assert first == f"{seed_of(5, found.round)} {found.round} a 0 x: 1"
        assert empty == []
        assert not Path(folder).exists()
    assert (one.seed, one.score("x"), one.status) == (5, 1.0, "finished")
    assert len({seed_of(s, r) for s in (0, 1) for r in range(500)}) == 1000
    assert all(0 <= seed_of(0, r) < 2**31 for r in range(500))


def test_the_last_lines_of_a_long_output_are_kept_and_a_score_before_them_is_found():
    one = record("echo x: {seed}; head -c 9999999 /dev/zero | tr '\\0' '\\377'; echo end")
    assert one.score("x") == seed_of(0, 0)
    assert len(one.attachment("stdout")) == KEPT
    assert one.attachment("stdout").endswith(b"end\n")


def test_competitors_share_seeds_and_workers_do_not_shape_them():
    of = study("echo $(({seed} % 1000 + {k}))")
    one = ran(of, 4)
    assert [r.scores for r in ran(of, 4, workers=2).results] == [r.scores for r in one.results]
    assert one.table()[:, 1].tolist() == (one.table()[:, 0] + 1).tolist()
    assert one.values("a") == [seed_of(0, r) % 1000 + 1 for r in range(4)]


def test_workers_have_slots_and_the_values_of_theirs():
    told = "sleep 0.3; echo {slot} $G $H x: {seed}"
    of = study(told, slots={"G": ["0", "1"], "H": ["only"]})
    found = ran(of, 4, workers=2).results
    said = {r.attachment("stdout").decode().partition(" x")[0] for r in found}
    assert said == {"0 0 only", "1 1 only"}


@pytest.mark.parametrize(
    ("run", "options", "told"),
    [
        ("a {sed} {seed}", {}, "{sed} is filled by nothing (did you mean 'seed'?)"),
        ("a {} {seed}", {}, "{} is filled by nothing, and a brace itself is written twice"),
        ("a {seed:05d}", {}, "{seed:05d} is filled by nothing"),
        ("a {seed!r}", {}, "{seed!r} is filled by nothing"),
        ("a {name.real} {seed}", {}, "{name.real} is filled by nothing"),
        ("a {seed.a.b}", {}, "{seed.a.b} is filled by nothing"),
        ("a {seed:{k}}", {"k": 1}, "{seed:{k}} is filled by nothing"),
        ("a {seed", {}, "expected '}' before end of string"),
        ("a } {seed}", {}, "Single '}' encountered"),
        ("a ' {seed}", {}, "No closing quotation"),
        ("a {seed}", {"lr": 1}, "its command has no {lr}, so that it changes nothing"),
        ("a {seed}", {"seed": 1}, "seed is no option: every round has its own"),
        ("a b", {}, "its command has no {seed}, so every round would be the same"),
        ("a {seed}", {"run": True}, "competitors[0].run: got True, expected a line"),
        ("a {seed}", {"run": " "}, "got the command ' ', which has no word"),
    ],
)
def test_a_command_that_cannot_be_filled_is_refused(run, options, told):
    with pytest.raises(SpecError) as raised:
        study(run, competitors=[Competitor("a", options=options)])
    assert "competitors[0]" in str(raised.value)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"run": ()}, "run: got (), expected a list of words, or a line"),
        ({"run": ("a", 1)}, "run: got ('a', 1)"),
        ({"timeout": "soon"}, "timeout: got 'soon', expected seconds above 0"),
        ({"timeout": 0}, "timeout: got 0.0"),
        ({"timeout": "600 h"}, "at most 2,000,000"),
        ({"watch": (1,)}, "watch: got (1,), expected names of files"),
        ({"slots": {"A": []}}, "slots: got"),
        ({"slots": {"A": [1]}}, "slots: got"),
        ({"failed": "best"}, 'failed: got \'best\', expected "stop", "worst", or the number'),
        ({"failed": float("nan")}, "failed: got nan"),
    ],
)
def test_every_field_is_held_to_its_range(changes, told):
    with pytest.raises(SpecError) as raised:
        Command(**{"run": "a"} | changes)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30 min", 1800.0), ("1.5h", 5400.0), ("90 s", 90.0), ("2", 2.0), (3, 3.0), (True, True)]
    + [(text, text) for text in ("1.2.3 s", "1 day", "-1 s", "", ". s")],
)
def test_times_in_words(text, seconds):
    assert seconds_of(text) == seconds


# ---- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "status", "failure", "note"),
    [
        ("echo oops >&2; exit {k}", "failed", "exit code", "exit code 3; its last line: oops"),
        ("kill -TERM $$", "failed", "signal", "killed by SIGTERM"),
        ("kill -KILL $$", "failed", "signal", "killed by SIGKILL, as when memory is used up"),
        ("./none-such", "failed", "not started", "cannot be started: ./none-such: No such file"),
        ("echo y: 1 #", "failed", "no match", "x: found no number for 'x'"),
        ("echo x: 1 x: 2 #", "failed", "several matches", "x: found 2 numbers for 'x'"),
        ("echo x: NaN #", "diverged", "not a number", "x is nan"),
        ("trap '' TERM; sleep 600;:", "timed_out", "time limit", "ended at its limit of 0.5 s"),
        ("sleep 600 & sleep 600 #", "timed_out", "time limit", "ended at its limit of 0.5 s"),
    ],
)
def test_a_failure_is_an_outcome_with_its_reason(run, status, failure, note):
    options = {"k": 3} if "{k}" in run else {}
    of = study(f"{run} {{seed}}", competitors=[Competitor("a", options=options)], timeout="0.5 s")
    found = ran(of).results[0]
    assert (found.status, found.fact("failure"), found.scores) == (status, failure, ())
    assert note in found.note
    assert str(found.score("x")) == "nan"


@pytest.mark.parametrize(
    ("failed", "better", "value", "told"),
    [
        ("worst", "higher", 1.0, "counts as 1;"),
        ("worst", "lower", 5.0, "counts as 5;"),
        (-7.5, "higher", -7.5, "counts as -7.5;"),
    ],
)
def test_a_failed_round_counts_as_told(failed, better, value, told):
    of = study(
        "echo $(({round} + {k})) {seed} >/dev/null; test {k}{round} = 21 && exit 4;"
        " echo $(({round} + {k}))",
        [Metric("x", better, digits=1)],
        failed=failed,
    )
    results = ran(of, 4)
    assert results.failed_value() == value
    assert str(results.table()[1].tolist()) == "[2.0, nan]"
    (comparison,) = judge(results, range(4)).analysis.comparisons
    assert f"(a failed round {told} 95 % interval" in comparison.sentence
    assert "b failed in 1 of 4 rounds and a in none" in comparison.sentence
    (note,) = divergence_notes(results)
    assert note.startswith("b: 1 of 4 rounds failed (round 1: exit code 4); they enter no mean,")
    assert "bakeoff rounds show b 1 tells more" in note


def test_failing_that_goes_on_ends_the_run_and_a_rule_ends_it_at_once(tmp_path):
    for failed, words, most in (("worst", "its first 3 rounds", 8), ("stop", "round 0", 3)):
        store = tmp_path / f"{failed}.sqlite"
        of = study("exit 3 # {seed}", failed=failed)
        with pytest.raises(StudyError, match=f"'a' failed in {words}: exit code 3; what was made"):
            ran(of, 30, store=store)
        with Store(store, read_only=True) as opened:
            assert 1 <= len(opened.read("SELECT * FROM rounds")) <= most


def test_a_competitor_that_fails_later_or_now_and_then_ends_nothing():
    results = ran(study("test {round} = 2 && echo {seed}", competitors=ONE), 4)
    assert [r.status for r in results.results] == ["failed", "failed", "finished", "failed"]


def test_failed_rounds_are_made_again_when_asked_and_no_others(tmp_path):
    store, count = tmp_path / "s.sqlite", tmp_path / "count"
    line = f"echo {{round}} >> {count}; test -d {tmp_path}/ok -o {{round}} = 0 && echo {{seed}}"
    of = study(line, competitors=ONE)
    assert [r.finished for r in ran(of, 2, store=store).results] == [True, False]
    (tmp_path / "ok").mkdir()
    assert [r.finished for r in ran(of, 2, store=store).results] == [True, False]
    again = ran(of, 2, store=store, retry_failed=True)
    assert [r.finished for r in again.results] == [True, True]
    assert count.read_text().split() == ["0", "1", "1"]


# ---- seconds ------------------------------------------------------------------------------------


def test_seconds_are_judged_by_their_ratio_and_made_in_turns(tmp_path):
    told = Metric("seconds", LOWER, RATIO)
    of = study(f"echo {{name}} >> {tmp_path}/order; sleep 0.0{{k}}", [told])
    of = attrs.evolve(
        of, competitors=[Competitor(n, options={"k": k}) for n, k in (("a", 9), ("b", 1))]
    )
    results = ran(of, 8)
    assert (tmp_path / "order").read_text().split() == ["a", "b"] * 8
    (comparison,) = judge(results).analysis.comparisons
    assert "b is better than a, " in comparison.sentence
    assert " times faster (95 % interval " in comparison.sentence


def test_a_ratio_of_what_is_not_above_0_is_refused():
    results = ran(study("echo $(({k} - 1)) # {seed}", [Metric("x", unit=RATIO)]), 2)
    with pytest.raises(StudyError, match="x: got 0, expected values above 0, as their ratio is"):
        judge(results)


# ---- the key ------------------------------------------------------------------------------------


def keys(of):
    return [e.key.text for e in of.prepare(RunOptions(), Listener()).values()]


def test_what_shapes_a_round_begins_new_ones_and_nothing_else_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.sh").write_text("echo $1")
    (tmp_path / "data.csv").write_text("1")
    of = study("sh script.sh {seed} {k}", watch=("*.csv",))
    before = keys(of)
    assert len(set(before)) == 2
    changed = [
        attrs.evolve(of, seed=1),
        attrs.evolve(of, metrics=[Metric("y")]),
        attrs.evolve(of, metrics=[Metric("x", source="json")]),
        attrs.evolve(of, command=attrs.evolve(of.command, run="sh script.sh {k} {seed}")),
        attrs.evolve(of, competitors=[Competitor(n, options={"k": k + 2}) for n, k in AB]),
    ]
    for other in changed:
        assert set(keys(other)).isdisjoint(before)
    same = [
        attrs.evolve(of, command=attrs.evolve(of.command, timeout=9, slots={"A": ["0"]}, failed=0)),
        attrs.evolve(of, rounds=7, question="?", name="t", comparisons=()),
        attrs.evolve(of, metrics=[Metric("loss", LOWER, score="x", digits=2)]),
        attrs.evolve(
            of, competitors=[Competitor(n + "2", options={"k": k}) for n, k in AB], comparisons=()
        ),
    ]
    for other in same:
        assert keys(other) == before
    for name in ("script.sh", "data.csv"):
        (tmp_path / name).write_text((tmp_path / name).read_text() + " ")
        assert set(keys(of)).isdisjoint(before)
        before = keys(of)
    (tmp_path / "more.csv").write_text("1")
    assert set(keys(of)).isdisjoint(before)


def test_no_file_of_bakeoff_and_no_release_is_in_the_key():
    (key, _) = (e.key for e in study().prepare(RunOptions(), Listener()).values())
    assert key.sources == study("echo 2 {seed}").present_sources(Competitor("a"), {})
    assert key.data == ""
    assert json.loads(key.training).keys() == {"kind", "run", "options", "metrics", "seed"}


def test_what_goes_with_networks_is_refused():
    for named, told in (({"data_dir": "d"}, "--data"), ({"trainer": "torch"}, "--trainer")):
        with pytest.raises(ArgumentError, match=f"{told}: goes with networks"):
            study().prepare(RunOptions(**named), Listener())


# ---- what the seed means ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("echo {seed}", []),
        ("echo 5 # {seed}", ["a gives 5 for two different seeds: it seems to ignore its seed"]),
        ("date +%N # {seed}", ["a gives another x for the same seed ("]),
        ("test {round} = 7 && echo {seed}", []),
    ],
)
def test_what_is_said_of_the_seed(line, told):
    notes, seen = [], []
    listener = Listener(on_note=notes.append, on_results=seen.extend)
    of = study(line, competitors=ONE)
    options = RunOptions(rounds=range(2), repeat_first=True)
    results = run_study(of, options, pool=LocalPool(2), listener=listener).results
    assert [n[: len(t)] for n, t in zip(notes, told, strict=True)] == told
    assert sorted(r.round for r in seen) == [0, 1] == list(results.rounds)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("echo $(({seed} % 99991 + {k} * {round} % 3))", "b - a: pairing by seed took away 100 %"),
        (
            "echo $(((2 * {k} - 3) * ({seed} % 97)))",
            "b - a: pairing by seed took little away, or nothing",
        ),
    ],
)
def test_what_pairing_took_away_is_told(line, told):
    assert any(note.startswith(told) for note in judge(ran(study(line), 6)).notes)
    assert not any("pairing" in note for note in judge(ran(study(line), 4)).notes)


# ---- ends ---------------------------------------------------------------------------------------

ENDING = """
import os, pathlib, signal, subprocess, sys, time
folder, round_, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
def write(*_):
    (folder / "heard").touch()
    sys.exit(1)
signal.signal(signal.SIGTERM, write)
if round_ == 1 and not (folder / "pids").exists():
    deaf = subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 600; done"])
    child = subprocess.Popen(["sleep", "600"], process_group=0)
    told = os.getppid(), os.getpid(), deaf.pid, child.pid, sys.argv[4]
    (folder / "new").write_text(" ".join(map(str, told)))
    (folder / "new").rename(folder / "pids")
    time.sleep(600)
print(seed % 1000)
"""


def ending_study(folder):
    """A study whose round 1 hangs at first, with a deaf child and one in a group of its own."""
    (folder / "ending.py").write_text(ENDING)
    run = (sys.executable, f"{folder}/ending.py", str(folder), "{round}", "{seed}", "{dir}")
    return study(run, competitors=ONE)


@pytest.mark.parametrize("how", ["Ctrl-C", "killed parent", "killed worker"])
def test_a_command_ends_with_those_who_asked_for_it(tmp_path, how):
    (tmp_path / "s.toml").write_text(ending_study(tmp_path).to_toml())
    words = ["-m", "bakeoff", "run", "s.toml", "--rounds", "3", "--workers", "1", "--store", "s"]
    parent = subprocess.Popen([sys.executable, *words], cwd=tmp_path)
    note, deadline = tmp_path / "pids", time.monotonic() + 60
    while not note.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    *told, folder = note.read_text().split()
    worker, *commands = map(int, told)
    if how == "killed worker":
        os.kill(worker, signal.SIGKILL)
    else:
        parent.send_signal(signal.SIGINT if how == "Ctrl-C" else signal.SIGKILL)
    assert ended_soon(commands, 3)
    assert (parent.wait(timeout=60) == 0) == (how == "killed worker")
    assert ended_soon([worker])
    assert (tmp_path / "heard").exists()
    assert not Path(folder).exists()
    before = [r.scores for r in ran(ending_study(tmp_path), 3).results]
    resumed = ran(ending_study(tmp_path), 3, store=tmp_path / "s")
    assert [r.scores for r in resumed.results] == before
    assert all(r.finished for r in resumed.results)


# ---- as a file ----------------------------------------------------------------------------------


def test_a_study_is_written_and_read_as_the_same_value(tmp_path):
    metrics = [Metric("acc", unit="points", source=r"regex: a\d (\S+)"), SECONDS_METRIC]
    competitors = [
        Competitor("a", options={"k": 1e-5}, levels={"f": "x"}),
        Competitor("b", options={"k": "y"}, levels={"f": "z"}),
    ]
    for of in (
        study(
            "a {seed} {k}", metrics, competitors, timeout="5 min", slots={"G": ["0", "1"]}, seed=3
        ),
        study(("a", "{seed}"), competitors=ONE, watch=["*.py"], failed=0.5, rounds=7),
        study("x", competitors=[Competitor("a", options={"run": "y 'z' {seed}"})]),
    ):
        path = tmp_path / "s.toml"
        path.write_text(of.to_toml())
        assert load_study(path) == of


FILE = """
name = "s"
question = "Which?"
comparisons = [["b", "a"]]
[command]
run = "train {seed} --lr {lr}"
[metric]
name = "loss"
better = "lower"
from = "json"
[[competitors]]
name = "a"
lr = 0.1
[[competitors]]
name = "b"
lr = 0.2
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", ""),
        ("run =", "rnu =", "command.rnu: is not known (did you mean 'run'?)"),
        ("run =", "rnu =", "command.run: is missing, expected a list of words, or a line"),
        ("[command]", "[command]\ntimeout = 'x'", "command.timeout: got 'x', expected seconds"),
        ("[command]", "[command]\nslots = 3", "command.slots: got 3, expected variables"),
        ("[command]", "[command]\nwatch = 3", "command.watch: got 3, expected names of files"),
        ("[command]", "[command]\nfailed = true", "command.failed: got True, expected"),
        ("run =", "more = 3\nrun =", "command.more: is not known"),
        ("[command]", "rounds = 0\n[command]\nmore = 3", "rounds: got 0, expected a whole number"),
        ('"lower"', '"less"', 'metric.better: got \'less\', expected "higher" or "lower"'),
        ('"json"', '"yaml"', "metric.source: got 'yaml', expected \"json\""),
        ("[metric]", "[[metrics]]\nname = 3\n[[metrics]]", "metrics[0].name: got 3"),
        ("lr = 0.2", "lr = [1]", "competitors[1].options: got"),
        ("{lr}", "{lrs}", "competitors[0]: {lrs} is filled by nothing (did you mean 'lr'?)"),
        ("[command]", "command = 3\n[x]", "command: got 3, expected a table with run, a command"),
    ],
)
def test_every_fault_of_a_file_is_told_with_its_place(tmp_path, old, new, told):
    path = tmp_path / "s.toml"
    path.write_text(FILE.replace(old, new, 1) if old else FILE)
    if not told:
        assert load_study(path).metric == Metric("loss", LOWER, source="json")
        return
    with pytest.raises(StudyError) as raised:
        load_study(path)
    assert told in str(raised.value)


# ---- listed seeds -------------------------------------------------------------------------------


def test_listed_seeds_are_given_in_their_order_and_no_round_goes_without(tmp_path):
    of = attrs.evolve(study("echo {seed}", competitors=ONE), seeds=[42, 1, 7], rounds=3)
    assert ran(of, 3).values("a") == [42, 1, 7]
    again = tmp_path / "s.toml"
    again.write_text(of.to_toml().replace("rounds = 3\n", ""))
    assert load_study(again) == of
    with pytest.raises(ArgumentError, match="rounds: got 2 from 2, expected at most the 3"):
        rounds_to_train(of, 2, 2)
    with pytest.raises(SpecError, match="seeds: got 3 for 4 rounds, expected one for each"):
        attrs.evolve(of, rounds=4)
    with pytest.raises(SpecError, match=r"seeds: got .*, expected different whole numbers"):
        attrs.evolve(of, seeds=[1, 1, 2])


# ---- what rounds share ---------------------------------------------------------------------------


def test_a_study_says_what_its_rounds_share_and_is_judged_by_it(tmp_path):
    plain = study("echo $(( {seed} % 97 + {k} ))", rounds=6)
    folds = attrs.evolve(plain, dependence="folds 3x2")
    again = tmp_path / "s.toml"
    again.write_text(folds.to_toml())
    assert load_study(again) == folds
    results = ran(plain, 6)
    found = judge(attrs.evolve(results, study=folds, judging=folds.judging()), range(6))
    assert found.analysis.comparisons[0].estimate.method == "corrected resampled t"
    assert found.notes[0].startswith("the rounds are 3 folds of the same examples, drawn 2 times")
    fixed = attrs.evolve(plain, dependence="fixed-test")
    found = judge(attrs.evolve(results, study=fixed, judging=fixed.judging()), range(6))
    assert found.analysis.mode == "planned"
    assert "the verdict is about that set" in found.notes[0]
    # It makes no round anew.
    keys = [of._key(of.competitors[0]) for of in (plain, folds, fixed)]
    assert keys[0] == keys[1] == keys[2]


def test_rounds_that_are_missing_of_folds_are_told():
    folds = study("echo $(( {seed} % 97 + {k} ))", rounds=6, dependence="folds 3x2")
    results = ran(attrs.evolve(folds, dependence=""), 4)
    found = judge(attrs.evolve(results, study=folds, judging=folds.judging()), range(4))
    assert found.notes[1].startswith("6 rounds were planned and 4 stand")


@pytest.mark.parametrize(
    ("dependence", "told"),
    [
        ("folds 10x10", "got 'folds 10x10' for 6 rounds, expected as many as folds"),
        ("shuffled", 'got \'shuffled\', expected "fresh", "fixed-test"'),
    ],
)
def test_what_rounds_cannot_share_is_refused(dependence, told):
    with pytest.raises(SpecError, match=f"dependence: {told}"):
        study(rounds=6, dependence=dependence)


def test_rounds_that_share_examples_allow_no_looks():
    of = study("echo $(( {seed} % 97 + {k} ))", dependence="resplit 80/20")
    with pytest.raises(
        StudyError, match=r"until decided: got rounds that share examples \(resplit"
    ):
        ran(of, 4, until_decided=True)
