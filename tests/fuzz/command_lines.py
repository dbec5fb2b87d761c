"""The door of command lines: every command and option that there is, with fitting and other words.

What takes long once a command line has been understood (training, measuring, serving) is not begun:
a case that gets so far was accepted.
"""

import io
import os
import re
import socket
import sys
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from importlib import import_module
from unittest.mock import patch

import torch
from damage import NUMBERS, TEXTS, often
from door import Door, Unmet, fault_of
from filled import filled_store, results
from typer.main import get_command

from bakeoff.cli import MISTAKE, main
from bakeoff.cli.app import app
from bakeoff.data import load_mnist
from bakeoff.study.document import document, to_json
from bakeoff.study.machine import this_machine
from bakeoff.training.files import TEMPLATE

LONG = (
    *(
        "cli.run_progress.run_study",
        "cli.run_progress.RunPage",
        "training.tune.search.tune_study",
        "study.planning.seconds_a_round",
    ),
    *("study.cluster.ClusterPool", "training.weights.train_again"),
    *("report.study_page.study_page", "report.figures.disk.draw_disk", "demo.serve"),
    *("interop.export_onnx", "interop.export.export_program"),
)
"""What is not begun."""
FILES = (
    "bakeoff.sqlite",
    "other.sqlite",
    "mine.toml",
    "numbers.csv",
    "rounds.json",
    "folder",
    "none",
)
NUMERIC = (None, "N", "E", "K", "LR", "POINTS", "SIZE", "SHARE")
"""How the help calls what is a number; None: by the option's own name."""
SHELLS = ("install_completion", "show_completion")
"""Options of typer's own, one of which writes to the files of the user's shell."""
NAMES = (
    "ablation",
    "two",
    "model1",
    "model2",
    "disk",
    "published",
    "default",
    "torch",
    "json",
    "csv",
)
# What no system hands over as a word: NUL, and text that is no bytes.
WORDS = tuple(text.replace("\ud800", "\udcff") for text in TEXTS if "\0" not in text)


class Reached(BaseException):
    """A command line was understood: what it asks for would begin now."""


def door(folder):
    here = folder / "a" / "b" / "c"  # deep enough for ../../x
    (here / "folder").mkdir(parents=True)
    filled_store(here / "bakeoff.sqlite").close()
    told = to_json(document(results(), this_machine()))
    (here / "rounds.json").write_text(told, encoding="utf-8")
    (here / "other.sqlite").write_bytes((here / "bakeoff.sqlite").read_bytes()[:5000])
    (here / "mine.toml").write_text(TEMPLATE.format(name="mine"), encoding="utf-8")
    (here / "numbers.csv").write_text("round,competitor,value\n0,a,1\n0,b,2\n1,a,2\n1,b,2\n")
    files = {path: path.read_bytes() for path in here.iterdir() if path.is_file()}
    load_mnist()
    torch.set_num_threads(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what - reads
    built = get_command(app)  # once, not for each case, which would take ten times as long
    return Door(
        "command lines", partial(make, tuple(_commands(built))), partial(enter, built, here, files)
    )


def _commands(built):
    """Yield every command's words and what it takes."""
    waiting = [((), built)]
    while waiting:
        words, command = waiting.pop()
        inner = getattr(command, "commands", {})
        waiting += [((*words, name), each) for name, each in inner.items()]
        yield words, tuple(param for param in command.params if param.name not in SHELLS)


def make(commands, random):
    """Draw the words after `bakeoff`."""
    words, params = random.choice(commands)
    line = list(words)
    for param in params:
        if param.param_type_name == "argument":
            if often(random, 0.8):
                line.append(_word(random, param))
        elif often(random, 2 / (2 + len(params))):
            line.append(random.choice(param.opts))
            if not param.is_flag:
                line.append(_word(random, param))
    if often(random, 0.2):
        line.insert(random.randrange(len(line) + 1), _strange(random))
    if line and often(random, 0.1):
        del line[random.randrange(len(line))]
    return line


def _word(random, param):
    """Draw a word that fits an option or argument, or another."""
    if often(random, 0.15):
        return _strange(random)
    told = param.metavar
    if told in NUMERIC:
        small = random.choice(("0", "1", "2", "5", "30", "0.5", "-1"))
        return small if often(random, 0.7) else str(random.choice(NUMBERS[:-6]))
    if told in ("FILE", "DIR", "A", "B"):
        return random.choice((*FILES, "new.json", "new.toml", "new.svg", "folder/new", "none/new"))
    return random.choice((*NAMES, *FILES))


def _strange(random):
    return random.choice((*WORDS, "--", "-", "-x", "--store", "--help", "nan", "inf", "1e999"))


def enter(built, here, files, words):
    """Run the command line in its folder, as it was before the first."""
    for path in here.iterdir():
        if path.is_file() and path not in files:
            path.unlink()
    for path, content in files.items():
        path.write_bytes(content)
    out, err = io.StringIO(), io.StringIO()
    stdin = patch.object(sys, "stdin", io.StringIO())
    command = patch.object(import_module("bakeoff.cli.app"), "app", built)
    with chdir(here), stdin, command, nothing_long(), redirect_stdout(out), redirect_stderr(err):
        try:
            main(words)
        except SystemExit as ended:
            code = ended.code
        except Reached:
            return True
    if code == 0:
        return True
    if code != MISTAKE:
        raise Unmet(f"exit code {code}")
    told = re.split(r"^bakeoff: ", err.getvalue(), flags=re.MULTILINE)[-1].rstrip("\n")
    for line in told.split("\n  "):  # further faults of a study stand on lines of their own
        if fault := fault_of(line):
            raise Unmet(fault)
    return False


@contextmanager
def nothing_long():
    """Raise `Reached` in the body where something long would begin; look up no names of hosts."""

    def reached(*arguments: object, **named: object):
        raise Reached

    looked_up = socket.getaddrinfo

    def numeric(*arguments, flags=0, **named):
        return looked_up(*arguments, flags=flags | socket.AI_NUMERICHOST, **named)

    home = patch.dict(os.environ, HOME=os.getcwd())
    patches = [patch.object(socket, "getaddrinfo", numeric), home]
    for name in LONG:
        module, _, attribute = name.rpartition(".")
        patches.append(patch.object(_holder(module), attribute, reached))
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in reversed(patches):
            each.stop()


def _holder(name):
    """Return the module of that name, or the class in one."""
    try:
        return import_module(f"bakeoff.{name}")
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return getattr(import_module(f"bakeoff.{module}"), attribute)
