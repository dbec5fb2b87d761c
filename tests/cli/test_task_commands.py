"""Several tasks, as whole programs: a study's file, a race, a table; what is asked, and refused."""

import json
import random

import pytest

STUDY = """
name = "six"
question = "Is twice worse than once?"
comparisons = [["twice", "once"]]
rounds = 2

[command]
run = "echo loss: $(({seed} % 100 + {size} * {times}))"

[metric]
name = "loss"
better = "lower"

[[competitors]]
name = "once"
times = 1

[[competitors]]
name = "twice"
times = 2
""" + "".join(f'\n[[tasks]]\nname = "t{n}"\nsize = {n}\n' for n in range(1, 7))


def flat(text):
    return " ".join(text.split())


def table(path, tasks=6, methods=("old", "new"), heads="method,dataset,seed,acc"):
    """Write accuracies of 8 rounds on each data set; new is better by 2 points."""
    rng, lines = random.Random(2), [heads]
    for task in range(tasks):
        for seed in range(8):
            for place, name in enumerate(methods):
                acc = 0.7 + 0.03 * task + 0.02 * place + rng.gauss(0, 0.005)
                lines.append(f"{name},set{task},{seed},{acc:.4f}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_of_commands_over_six_tasks(here, bakeoff):
    (here / "six.toml").write_text(STUDY)
    code, out, err = bakeoff("run", "six.toml")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split() == ["loss", "↓", "t1", "t2", "t3", "t4", "t5", "t6"]
    assert [line.split()[0] for line in lines[2:4]] == ["once", "twice"]
    over = "On tasks like these, twice is worse than once, higher by 3.50 (95 % interval"
    assert over in flat(out)
    assert "p = 0.031; 6 tasks)." in flat(out)
    assert "twice and once on t3: twice minus once on t3 is 3.0" in flat(out)
    # Nothing is made again, and a table of the rounds is judged alike.
    assert bakeoff("run", "six.toml")[:2] == (0, out)
    (here / "rounds.csv").write_text(bakeoff("show", "--format", "csv")[1])
    again = flat(bakeoff("compare", "rounds.csv")[1])
    assert over in again
    told = json.loads(bakeoff("show", "--format", "json")[1])["over_tasks"]
    assert told["comparisons"][0]["mean"] == 3.5
    assert told["tasks"] == [f"t{n}" for n in range(1, 7)]
    markdown = bakeoff("show", "--format", "markdown")[1]
    assert f"\n- {over}" in markdown
    # A part of it is no verdict over tasks.
    code, out, err = bakeoff("run", "six.toml", "--only", "once@t1", "--only", "twice@t2")
    assert code == 0, err
    assert "No verdict over tasks: not every competitor has rounds on every task." in flat(out)


def test_a_function_is_told_its_task_and_its_values(here, bakeoff):
    told = "return len(task) + size * times + seed % 7"
    (here / "called.py").write_text(f"def train(seed, task, size, times):\n    {told}\n")
    run = STUDY[STUDY.index("[command]") : STUDY.index("[metric]")]
    called = 'rounds = 2\nfunction = "called:train"\nreuse = true\n'
    (here / "six.toml").write_text(STUDY.replace(run, "").replace("rounds = 2\n", called))
    code, out, err = bakeoff("run", "six.toml")
    assert code == 0, err
    assert "twice is worse than once, higher by 3.50 (95 % interval" in flat(out)


def test_a_race_over_tasks(here, bakeoff):
    sizes = ("--task", "3", "--task", "8", "--metric", "loss", "--rounds", "2")
    words = [f"{n}=echo loss: $(({{seed}} % 9 + {t} * {{task}}))" for n, t in (("a", 1), ("b", 2))]
    code, out, err = bakeoff("race", *words, *sizes)
    assert code == 0, err
    assert "b minus a on 8 is 8.0" in flat(out)
    assert "No verdict over tasks: 2 tasks cannot reach p = 0.05 (at best 2^-1 = 0.5)" in flat(out)
    code, _, err = bakeoff("race", *(word.replace("{task}", "1") for word in words), *sizes)
    assert code != 0
    assert "its command has no {task}, so that it changes nothing" in err


def test_a_table_over_tasks(here, bakeoff):
    name = table(here / "runs.csv")
    code, out, err = bakeoff("compare", name)
    assert (code, out) == (2, "")
    assert "give --task dataset for a verdict on each and one over all, or --pair" in err
    pooled = bakeoff("compare", name, "--pair", "dataset,seed")[1]
    assert "rounds of one dataset share what is peculiar to it" in flat(pooled)
    code, out, err = bakeoff("compare", name, "--task", "Dataset", "--points", "--save", "k.sqlite")
    assert code == 0, err
    assert out.split()[:5] == ["mean", "±", "std", "set0", "set1"]
    assert "On tasks like these, new is better than old by 2.0" in flat(out)
    assert "read as task: dataset; competitor: method; pairs: seed; value: acc" in flat(out)
    told = json.loads(bakeoff("compare", name, "--task", "dataset", "--format", "json")[1])
    assert told["over_tasks"]["comparisons"][0]["verdict"] == "better"
    kept = flat(bakeoff("show", "--store", "k.sqlite")[1])
    sentence = flat(out)[flat(out).index("On tasks like these") :].split(" Note:")[0]
    assert sentence in kept


def test_five_tasks_are_refused_in_words(here, bakeoff):
    out = bakeoff("compare", table(here / "runs.csv", 5), "--task", "dataset")[1]
    told = "No verdict over tasks: 5 tasks cannot reach p = 0.05 (at best 2^-4 = 0.0625); it takes"
    assert told in flat(out)


def test_ranks_of_three(here, bakeoff):
    name = table(here / "runs.csv", methods=("a", "b", "c"))
    out = bakeoff("compare", name, "--task", "dataset", "--format", "latex")[1]
    assert "% Average ranks over 6 tasks, 1 being the best: c 1.00, b 2.00, a 3.00" in out
    assert r"\textbf" not in out


@pytest.mark.parametrize(
    ("edit", "words", "told"),
    [
        (("new,set1", "newer,set1"), [], "set1: is read otherwise than another task: old and new"),
        (("x", "x"), ["--unpaired"], "--task: goes with rounds that are pairs"),
        (("x", "x"), ["--task", "data"], "--task: got 'data' (did you mean 'dataset'?)"),
        (("old,set1,7", "old,,7"), [], "line 32: the dataset is missing"),
        (("new,set0,7", "new,set0,6"), [], "set0, line 17: got a second value of 'new' in round 6"),
    ],
)
def test_a_table_that_is_not_the_same_on_every_task_is_refused(here, bakeoff, edit, words, told):
    name = table(here / "runs.csv")
    (here / "runs.csv").write_text((here / "runs.csv").read_text().replace(*edit))
    code, out, err = bakeoff("compare", name, "--task", "dataset", *words)
    assert (code, out) == (2, "")
    assert told in err


def test_tasks_of_other_lengths_are_judged_but_no_study(here, bakeoff):
    name = table(here / "runs.csv")
    lines = (here / "runs.csv").read_text().splitlines()
    (here / "runs.csv").write_text("\n".join(line for line in lines if ",set0,7" not in line))
    code, out, _ = bakeoff("compare", name, "--task", "dataset")
    assert (code, "7 rounds" in out, "8 rounds" in out) == (0, True, True)
    code, _, err = bakeoff("compare", name, "--task", "dataset", "--save", "k.sqlite")
    assert code == 2
    assert "--save: got tasks of 7 and of 8 rounds, expected as many of each" in err
