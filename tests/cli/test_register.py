"""`bakeoff register`: a plan that can be shown, and verdicts that say whether they follow it."""

import json
import re
import sqlite3
import tomllib
from contextlib import closing

import pytest

STUDY = """
name = "pilot"
question = "Is b better?"
comparisons = [["b", "a"]]
rounds = 8
[command]
run = "sh score.sh {seed} {add}"
failed = 1000
watch = ["score.sh"]
[metric]
name = "loss"
better = "lower"
[[competitors]]
name = "a"
add = 1
[[competitors]]
name = "b"
add = 30
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pilot.toml").write_text(STUDY)
    (tmp_path / "score.sh").write_text("echo loss: $(($1 % 20 + $2))\n")
    return tmp_path


@pytest.fixture
def call(bakeoff, here):
    """Call a command that must succeed; returns what it told, in one line."""

    def called(*words):
        code, out, err = bakeoff(*words)
        assert code == 0, err
        return " ".join(out.split())

    return called


def plan(call, *words):
    return call("register", "pilot.toml", *words)


def run(call, *words):
    return call("run", "pilot.toml", "--workers", "1", *words)


def test_verdicts_that_follow_a_plan_say_so_wherever_they_are_told(call, here):
    assert "wrote pilot.plan.toml" in plan(call, "--rounds", "9", "--margin", "2")
    text = (here / "pilot.plan.toml").read_text()
    when = re.match(r"# Registered on (\d{4}-\d\d-\d\d \d\d:\d\d UTC); ", text)[1]
    for line in ("rounds: 0 to 8", "metric: loss, lower is better", "margin: 2"):
        assert f"# {line}\n" in text
    assert "# a failed round counts as: 1000\n" in text
    assert re.search(r"^# key of b: [0-9a-f]{32}$", text, re.MULTILINE)
    told = tomllib.loads(text)
    assert (told["rounds"], told["comparisons"]) == (9, [["b", "a"]])
    expected = f"these verdicts follow the plan that was registered on {when}."
    assert expected in run(call, "--rounds", "9", "--margin", "2")
    assert expected in call("show", "--margin", "2")
    assert (
        f"Note: {expected}"
        in json.loads(call("show", "--margin", "2", "--format", "json"))["notes"]
    )
    assert expected in call("compare", "b", "a", "--margin", "2")
    call("report", "--margin", "2")
    assert expected[1:] in " ".join((here / "report" / "index.html").read_text().split())
    # The file is the study itself, and its rounds are those that stand.
    assert expected in call("run", "pilot.plan.toml", "--workers", "1", "--margin", "2")


def left(call, *words):
    """Return where the verdicts of `show` left the plan."""
    told = call("show", *words)
    return re.search(r"leave the plan that was registered on \S+ \S+ UTC: (.*?)\.( Note|$)", told)[
        1
    ]


def test_verdicts_say_where_they_left_a_plan(call, here):
    plan(call, "--margin", "2")
    run(call, "--rounds", "6")
    assert left(call) == "looked at after 6 of 8 rounds; a margin of none, not 2"
    run(call, "--rounds", "10")
    assert (
        left(call, "--margin", "3") == "2 rounds more than the 8 of the plan; a margin of 3, not 2"
    )
    told = call("compare", "b", "a", "--margin", "2")
    assert "2 rounds more than the 8 of the plan." in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('[["b", "a"]]', '[["a", "b"]]', "other comparisons"),
        ("add = 30", "add = 40", "other competitors; other code or data of b"),
        ("failed = 1000", "failed = 0", "other command"),
        ('better = "lower"', 'better = "higher"', "other metrics"),
        (
            'question = "Is b',
            'seed = 4\nquestion = "Is b',
            "other code or data of a; other code or data of b",
        ),
    ],
)
def test_another_form_of_the_study_is_told(call, here, old, new, told):
    plan(call)
    (here / "pilot.toml").write_text(STUDY.replace(old, new))
    assert told in run(call)
    assert told in left(call)


def test_a_plan_after_a_look_says_so_itself_and_other_code_is_told(call, here):
    run(call, "--rounds", "6")
    plan(call)
    assert "UTC when 6 of 8 rounds stood;" in (here / "pilot.plan.toml").read_text()
    assert "follow the plan that was registered" in (told := run(call))
    assert "UTC when 6 of 8 rounds stood." in told
    (here / "score.sh").write_text("echo loss: $(($1 % 20 + $2 + 7))\n")
    assert "rounds stood: other code or data of a; other code or data of b." in run(call)


def test_a_plan_is_registered_once_and_overwrites_nothing(call, here, bakeoff):
    plan(call)
    code, out, err = bakeoff("register", "pilot.toml")
    assert (code, out) == (2, "")
    assert "pilot.plan.toml exists already, expected a new file" in err
    code, out, err = bakeoff("register", "pilot.toml", "--out", "again.toml")
    assert (code, out) == (2, "")
    assert re.search(r"study 'pilot': was registered on \d{4}-\d\d-\d\d already", err)
    assert not (here / "again.toml").exists()
    plan(call, "--seed", "1", "--out", "other.toml")


def test_a_plan_goes_with_its_store(call, here):
    run(call)
    call("show")
    (here / "bakeoff.sqlite").rename("other.sqlite")
    plan(call)
    run(call)
    call("merge", "other.sqlite", "bakeoff.sqlite")
    assert "these verdicts follow the plan" in call("show", "--store", "other.sqlite")


@pytest.mark.parametrize("wrong", ["[1]", '{"time": 3}', '{"rounds": [5, 1]}', "null"])
def test_a_damaged_plan_is_told(call, here, bakeoff, wrong):
    plan(call)
    with closing(sqlite3.connect("bakeoff.sqlite")) as connection:
        (spec,) = connection.execute("SELECT spec FROM studies").fetchone()
        told = json.loads(spec)
        change = json.loads(wrong)
        told["registered"] = told["registered"] | change if isinstance(change, dict) else change
        connection.execute("UPDATE studies SET spec = ?", (json.dumps(told),))
        connection.commit()
    code, out, err = bakeoff("show")
    assert (code, out) == (2, "")
    assert "is damaged (registers " in err
