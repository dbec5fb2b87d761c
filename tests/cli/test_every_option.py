"""No option of any command is ignored without a word: it acts, or it is refused by name."""

import ast
import inspect
import textwrap
from dataclasses import fields

import pytest
import typer

from bakeoff.cli.app import app
from bakeoff.cli.columns import Columns
from bakeoff.cli.options import Work
from bakeoff.cli.run import carry_out

ROOT = typer.main.get_command(app)


def commands(command, path=()):
    """Yield every command and group below one, with the words that call it."""
    for name, below in getattr(command, "commands", {}).items():
        yield (*path, name), below
        yield from commands(below, (*path, name))


EVERY = dict(commands(ROOT))
GROUPS = {path: command for path, command in EVERY.items() if hasattr(command, "commands")}


def function(command):
    """Return what the command was written as; typer wraps it."""
    return inspect.unwrap(command.callback)


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_option_is_read(path):
    source = ast.parse(textwrap.dedent(inspect.getsource(function(EVERY[path]))))
    read = {n.id for n in ast.walk(source) if isinstance(n, ast.Name)}
    assert set(inspect.signature(function(EVERY[path])).parameters) <= read


@pytest.mark.parametrize(("group", "user"), [(Columns, Columns), (Work, carry_out)])
def test_every_option_of_a_group_is_read(group, user):
    source = ast.parse(inspect.getsource(inspect.getmodule(user)))
    read = {n.attr for n in ast.walk(source) if isinstance(n, ast.Attribute)}
    assert {field.name for field in fields(group)} <= read


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_an_option_of_a_group_reaches_its_commands(path):
    group = GROUPS[path]
    for option in group.params:
        for name, below in group.commands.items():
            assert option.opts[0] in {o for p in below.params for o in p.opts}, (name, option.name)


def test_a_groups_store_is_that_of_its_command(bakeoff, tmp_path, monkeypatch, fill):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "bakeoff.sqlite", range(3))
    fill(tmp_path / "other.sqlite", range(8))
    listed = bakeoff("rounds", "list", "--store", "other.sqlite")
    assert bakeoff("rounds", "--store", "other.sqlite") == listed
    assert bakeoff("rounds", "--store", "other.sqlite", "list") == listed
    deleting = ("rounds", "--store", "other.sqlite", "delete", "model1", "--yes")
    assert bakeoff(*deleting)[:2] == (0, "deleted 8 rounds of model1\n")
    assert bakeoff("rounds", "list") == bakeoff("rounds", "list", "--store", "bakeoff.sqlite")
    assert "3" in bakeoff("rounds", "list")[1]
    own = ("rounds", "--store", "other.sqlite", "list", "--store", "bakeoff.sqlite")
    assert bakeoff(*own) == bakeoff("rounds", "list")


# Commands that do several things: how each is asked for, and the options that act then.
OF_A_FILE = {
    *("--by", "--pair", "--value", "--but", "--take", "--common", "--mean-duplicates", "--task"),
    *("--failed-as", "--baseline", "--points", "--lower-is-better"),
    *("--folds", "--train-size", "--test-size", "--fixed-test", "--unpaired"),
    *("--against-published", "--pattern", "--study", "--margin", "--careful", "--anytime"),
}
USES = [
    (["compare", "a.csv"], OF_A_FILE | {"--figure", "--methods", "--save", "--rope"}),
    (
        ["compare", "model2", "model1"],
        {"--margin", "--anytime", "--study", "--store", "--figure", "--methods", "--rope"}
        | {"--careful"},
    ),
    (
        ["report", "ablation"],
        {"--out", "--margin", "--anytime", "--careful", "--data", "--store", "--open"},
    ),
    (["report", "a.json"], OF_A_FILE | {"--out", "--open"}),
    (["show", "--format", "csv"], {"--store", "--figure"}),
]
FLAGS = ("--points", "--lower-is-better", "--anytime", "--common", "--mean-duplicates", "--methods")
FLAGS += ("--fixed-test", "--unpaired", "--rope", "--careful")
VALUES: dict[str, list[str]] = {flag: [] for flag in FLAGS}


@pytest.mark.parametrize(("words", "acting"), USES, ids=lambda v: " ".join(sorted(v)))
def test_an_option_that_cannot_act_is_refused(bakeoff, tmp_path, monkeypatch, words, acting):
    monkeypatch.chdir(tmp_path)
    every = {option for p in EVERY[words[0],].params for option in p.opts if option[0] == "-"}
    assert acting <= every
    for option in every - acting - {"--format", "--help", "-o"}:
        code, out, err = bakeoff(*words, option, *VALUES.get(option, ["1"]))
        assert (code, out) == (2, ""), option
        assert ("-o" if option == "--output" else option) in err
        assert "goes with" in err


@pytest.mark.parametrize("words", [["studies"], ["plan", "ablation"]])
def test_a_store_that_was_named_and_is_not_there_is_told(bakeoff, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    code, out, err = bakeoff(*words, "--store", "none.sqlite")
    assert (code, out) == (2, "")
    assert "none.sqlite: there is no store yet" in err
