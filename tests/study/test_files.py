import tomllib

import attrs
import pytest

from bakeoff.errors import StudyError
from bakeoff.study.checks import SpecError
from bakeoff.study.command import CommandStudy
from bakeoff.study.files import load_study, study_from_toml
from bakeoff.study.run import Listener, RunOptions
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.verdicts import questions
from bakeoff.training.files import TEMPLATE, find_study
from bakeoff.training.preflight import check_study
from bakeoff.training.recipe import PUBLISHED, Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import ABLATION

START = 'name = "mine"\nquestion = "Which?"\n'


def study(text):
    return study_from_toml(tomllib.loads(text), "mine.toml")


def faults(text):
    with pytest.raises(SpecError) as raised:
        study(text)
    assert raised.value.where == "mine.toml"
    return dict(raised.value.faults)


def test_the_template_is_a_study_that_can_run():
    read = study(TEMPLATE.format(name="mine"))
    assert read.name == "mine"
    assert read.comparisons == (("shared", "separate"),)
    check_study(read)


def test_every_commented_line_of_the_template_works():
    lines = TEMPLATE.format(name="mine").splitlines()
    commented = [line.removeprefix("# ") if " = " in line else line for line in lines]
    read = study("\n".join(commented))
    shared = read.competitor("shared+batch_size-50")
    assert shared.loss_weights == (("first", 0.5), ("second", 0.5))
    changes = {"swap": True, "pair_anew": True, "rotate": 10, "shift": 1, "elastic": 0.5}
    assert shared.recipe == Recipe(
        lr=0.01,
        optimiser_options={"nesterov": True},
        schedule="OneCycleLR",
        schedule_options={"pct_start": 0.2},
        augmentation=changes,
        rounds_per_group=1,
    )
    assert dict(read.factors) == {"sharing": ("no", "yes"), "batch_size": ("own", "25", "50")}


def test_a_file_says_what_a_python_value_says():
    text = (
        START
        + """
        comparisons = [["b", "a"]]
        rounds = 5
        seed = 7
        [[competitors]]
        name = "a"
        network = "model1"
        [[competitors]]
        name = "b"
        network = "model2"
        loss_weights = { first = 0.5 }
        options = { shared = true }
        levels = { sharing = "yes" }
        [[competitors]]
        name = "c"
        levels = { sharing = "no" }
        """
    )
    text = text.replace('network = "model1"', 'levels = { sharing = "none" }\nnetwork = "model1"')
    assert study(text) == NetworkStudy(
        "mine",
        "Which?",
        [
            NetworkCompetitor("a", network="model1", levels={"sharing": "none"}),
            NetworkCompetitor(
                "b",
                network="model2",
                loss_weights={"first": 0.5},
                options={"shared": True},
                levels={"sharing": "yes"},
            ),
            NetworkCompetitor("c", levels={"sharing": "no"}),
        ],
        [("b", "a")],
        rounds=5,
        seed=7,
    )


def test_a_recipe_begins_with_its_base_and_then_the_common_one():
    read = study(
        START
        + """
        [recipe]
        base = "published"
        epochs = 3
        [[competitors]]
        name = "a"
        [[competitors]]
        name = "b"
        recipe = { epochs = 4 }
        [[competitors]]
        name = "c"
        recipe = "default"
        """
    )
    common = Recipe(standardise=False, lr=PUBLISHED.lr, momentum=0, epochs=3)
    changed = Recipe(standardise=False, lr=PUBLISHED.lr, momentum=0, epochs=4)
    alone = {"rounds_per_group": 1}  # settled by the competitor
    expected = [attrs.evolve(recipe, **alone) for recipe in (common, changed, Recipe())]
    assert [c.recipe for c in read.competitors] == expected


def test_all_faults_are_told_with_their_place():
    found = faults(
        """
        nme = "mine"
        question = 3
        rounds = "30"
        comparisons = [["a", "b"]]
        [recipe]
        lr = -1
        [[competitors]]
        name = "a"
        netwrok = "model1"
        [[competitors]]
        name = "b c"
        recipe = { lr = "x", momentun = 1 }
        [[competitors]]
        recipe = "publishd"
        """
    )
    assert list(found) == [
        "recipe.lr",
        "competitors[0].netwrok",
        "competitors[1].recipe.momentun",
        "competitors[1].recipe.lr",
        "competitors[1].name",
        "competitors[2].recipe",
        "competitors[2].name",
        "nme",
        "name",
        "question",
        "rounds",
    ]
    assert "did you mean 'network'?" in found["competitors[0].netwrok"]
    assert "did you mean 'momentum'?" in found["competitors[1].recipe.momentun"]
    assert "did you mean 'published'?" in found["competitors[2].recipe"]
    assert "did you mean 'name'?" in found["nme"]
    assert found["rounds"] == "got '30', expected a whole number of 1 to 1,000,000"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "competitors"),
        ("competitors = 3", "competitors"),
        ('competitors = "abc"', "competitors"),
        ("competitors = [3]", "competitors[0]"),
        ("recipe = 3\n[[competitors]]\nname = 'a'", "recipe"),
        ("[[competitors]]\nname = 'a'\nrecipe = 3", "competitors[0].recipe"),
        ("[[competitors]]\nname = 'a'\nrecipe = { base = 3 }", "competitors[0].recipe"),
        ("[[competitors]]\nname = 'a'\nloss_weights = [1]", "competitors[0].loss_weights"),
        ("comparisons = [['a', 'z']]\n[[competitors]]\nname = 'a'", "comparisons[0]"),
        ("[[competitors]]\nname = 'a'\n[[competitors]]\nname = 'a'", "competitors[1].name"),
    ],
)
def test_a_fault_has_its_place(text, place):
    assert list(faults(START + text)) == [place]


def test_a_shipped_study_is_found_by_name_and_ones_own_by_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TEMPLATE.format(name="mine"), encoding="utf-8")
    assert find_study("ablation") is ABLATION
    assert find_study(str(path)).name == "mine"
    with pytest.raises(StudyError, match="did you mean 'ablation'"):
        find_study("ablaton")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    path = tmp_path / "mine.toml"
    with pytest.raises(StudyError, match=r"mine.toml: cannot be read .* bakeoff init writes"):
        load_study(path)
    path.write_text("name = \n")
    with pytest.raises(StudyError, match=r"mine.toml: is not TOML: .* line 1"):
        load_study(path)
    path.write_bytes(b"\xff")
    with pytest.raises(StudyError, match=r"mine.toml: byte .* is not UTF-8"):
        load_study(path)


HUGE = "0x" + "f" * 5000


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 50_000) + " = 1",
        "question = { " + ".".join("a" * 50_000) + " = 1 }",
        f"[{'.'.join('a' * 50_000)}]",
        ".".join("a" * 4_000_000) + " = 1",
        "x = " + "[" * 400_000,
        "x = " + "{a=" * 300_000,
        "a." * 100 + "a = 1\n" + "".join(f"b{i}.{'a.' * 99}a = 1\n" for i in range(4500)),
        f"seed = {HUGE[2:].replace('f', '9')}",
    ],
    ids=["key", "inner", "table", "8 MB", "lists", "tables", "many", "digits"],
)
def test_what_would_take_all_memory_or_for_ever_is_a_sentence(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(StudyError, match=r"study\.toml") as raised:
        load_study(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("value", ["1" + "0" * 30, HUGE, "0", "-1", "1e400", "nan", "[1]"])
def test_numbers_beyond_any_use_are_sentences(value):
    fields = ("rounds", "train_size", "test_size")
    of_recipe = (
        "epochs",
        "batch_size",
        "rounds_per_group",
        "evaluate_every",
        "average_epochs",
        "lr",
    )
    told = faults(
        START
        + "".join(f"{name} = {value}\n" for name in (*fields, "seed"))
        + f"comparisons = [[{value}, {value}]]\n[recipe]\n"
        + "".join(f"{name} = {value}\n" for name in of_recipe)
        + f"[[competitors]]\nname = {value}\noptions = {{ a = {value} }}\n"
    )
    expected = {*fields, "comparisons", "competitors[0].name", *(f"recipe.{n}" for n in of_recipe)}
    allowed = set() if len(value) < 31 or value == HUGE else {"recipe.lr"}
    assert expected - allowed <= told.keys()
    assert ("seed" in told) == (value not in {"1" + "0" * 30, "0", "-1"})


@pytest.mark.parametrize("value", [1000, 999_999_999])
def test_the_largest_numbers_are_taken(value):
    read = study(START + f"train_size = {value}\n[recipe]\nbatch_size = {value}\n" + COMPETITOR)
    assert (read.train_size, read.competitors[0].recipe.batch_size) == (value, value)


COMPETITOR = '[[competitors]]\nname = "a"\n'


@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_a_momentum_that_does_nothing_is_refused(momentum):
    chosen = f'recipe = {{ optimiser = "Adam", momentum = {momentum} }}'
    found = faults(START + f'[[competitors]]\nname = "model1"\n{chosen}\n')
    told = f"got {momentum} with Adam, which has none, expected it left out, or 0"
    assert found == {"competitors[0].recipe.momentum": told}
    study(START + '[recipe]\nbase = "default"\noptimiser = "Adam"\n[[competitors]]\nname = "a"\n')


TASKS = """
[metric]
name = "score"

[[competitors]]
name = "old"
rate = 1

[[competitors]]
name = "new"
rate = 2

[[tasks]]
name = "digits"
file = "d.csv"

[[tasks]]
name = "letters"
file = "l.csv"
rate = 7
"""
CALLED = START + 'comparisons = [["new", "old"]]\nfunction = "os:getpid"\n' + TASKS
RUN = (
    START + 'comparisons = [["new", "old"]]\n[command]\nrun = "./x {seed} {rate} {file}"\n' + TASKS
)


def test_tasks_put_every_competitor_and_comparison_on_each():
    read = study(CALLED)
    assert read.competitor_names == ("old@digits", "new@digits", "old@letters", "new@letters")
    assert read.comparisons == (("new@digits", "old@digits"), ("new@letters", "old@letters"))
    assert (read.tasks, read.bases) == (("digits", "letters"), ("old", "new"))
    # A competitor's own option goes before a task's.
    told = {"file": "l.csv", "rate": 2, "task": "letters"}
    assert dict(read.competitor("new@letters").options) == told
    assert study(read.to_toml()) == read
    asked = [(c.name, c.upper, c.lower) for c in questions(read)]
    assert asked[0] == ("new - old on digits", "new", "old on digits")


def test_a_command_is_told_of_its_task_what_it_asks_for():
    read = study(RUN)
    assert dict(read.competitor("old@digits").options) == {"file": "d.csv", "rate": 1}
    named = study(RUN.replace("{file}", "{file} {task}"))
    assert dict(named.competitor("old@digits").options)["task"] == "digits"
    assert study(read.to_toml()) == read
    alone = START + '[command]\nrun = "./x {seed} {rate} d.csv"\n' + TASKS
    assert "has no {file}, so that it changes nothing" in str(faults(alone))


def test_a_competitor_without_tasks_is_what_it_was():
    read = study(RUN)
    plain = CommandStudy.from_toml(
        tomllib.loads(RUN.partition("[[tasks]]")[0].replace("{file}", "d.csv")), ""
    )
    assert (plain.tasks, plain.competitors[0].task, plain.competitors[0].base) == ((), "", "old")
    key = read.prepare(RunOptions(rounds=range(1)), Listener())["old@digits"].key
    bare = attrs.evolve(
        read, competitors=[Competitor("o", options={"file": "d.csv", "rate": 1})], comparisons=[]
    )
    assert bare.prepare(RunOptions(rounds=range(1)), Listener())["o"].key == key


@pytest.mark.parametrize(
    ("text", "path", "told"),
    [
        (CALLED.replace('"letters"', '"digits"'), "tasks[1]", "got 'digits', expected a table [[t"),
        (
            CALLED.replace('name = "letters"', ""),
            "tasks[1]",
            "got {'file': 'l.csv', 'rate': 7}, exp",
        ),
        (CALLED.replace('"letters"', '"a b"'), "tasks[1]", "got 'a b', expected a table"),
        ("tasks = 3\n" + CALLED.partition("[[tasks]]")[0], "tasks[0]", "got 3, expected a table"),
        ("tasks = []\n" + CALLED.partition("[[tasks]]")[0], "tasks[0]", "got [], expected a table"),
        (CALLED.replace('name = "new"', ""), "competitors[1].name", "is missing"),
        (CALLED.replace('[["new", "old"]]', "[3]"), "comparisons", "got [3], expected pairs"),
        (CALLED.replace('[["new", "old"]]', '[["newer", "old"]]'), "comparisons[0]", "there is no"),
        (CALLED + "[[tasks]]\n" * 5000, "tasks", "got 5,002 for 2, expected 10,000 in all"),
    ],
)
def test_faulty_tasks_are_told_once(text, path, told):
    found = faults(text)
    assert found[path].startswith(told)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a@x", "b"], "some are on a task and some on none"),
        (["a@x", "b@y"], "'b@y' and 'a@x' are not on one task"),
        (["a@x@y", "b@y"], "expected a name of letters"),
    ],
)
def test_competitors_are_compared_on_one_task(names, told):
    with pytest.raises(SpecError, match=told):
        Study("s", "?", [Competitor(name) for name in names], [(names[1], names[0])])


def test_a_study_by_an_optimiser_without_momentum_is_written_as_it_is_read():
    recipes = '[recipe]\noptimiser = "Adam"\n', 'recipe = { optimiser = "Adam", momentum = 0 }'
    first = '[[competitors]]\nname = "model1"\n'
    second = '[[competitors]]\nname = "model2"\nrecipe = { base = "default", momentum = 0.9 }\n'
    for text in (recipes[0] + first + second, first + recipes[1], first + second):
        read = study(START + text)
        assert study(read.to_toml()) == read
