"""How the program ends, whatever happens to it: in real processes."""

import json
import os
import shlex
import subprocess
import sys

import pytest

STOPPED = "bakeoff: stopped by Ctrl-C\n"
PROGRAM = f"{shlex.quote(sys.executable)} -m bakeoff"
ALONE = """
import atexit, os, signal, sys, threading, time
import bakeoff.cli.app

def ctrl_c():
    signal.raise_signal(signal.SIGINT)

class Deaf:
    def __del__(self):
        ctrl_c()

def app(arguments, **named):
    {body}

bakeoff.cli.app.app = app
sys.argv = ["bakeoff"]
from bakeoff.__main__ import main
main()
"""
INTERRUPTED = """
import os, signal, sys

def press(event, told):
    if event == "import" and told[0] == {module!r} and "bakeoff.__main__" in sys.modules:
        os.kill(os.getpid(), signal.SIGINT)

sys.argv = ["bakeoff", *{arguments!r}]
sys.addaudithook(press)
from bakeoff.__main__ import main
main()
"""


def ended(*words, **named):
    """Return exit code, stdout and stderr of a command."""
    told = subprocess.run(words, capture_output=True, text=True, check=False, timeout=100, **named)
    return told.returncode, told.stdout, told.stderr


def line(text, **named):
    """Run a shell's line."""
    return ended("sh", "-c", text, **named)


def alone(body):
    return ended(sys.executable, "-c", ALONE.format(body=body.replace("\n", "\n    ")))


@pytest.mark.parametrize(
    "body",
    [
        "ctrl_c()",
        "try: ctrl_c()\nexcept KeyboardInterrupt: pass",
        "try: ctrl_c()\nexcept KeyboardInterrupt: raise ImportError('initialization failed')",
        "try: ctrl_c()\nfinally: ctrl_c()",
        "Deaf()",
        "try: ctrl_c()\nexcept KeyboardInterrupt: time.sleep(600)",
    ],
)
def test_ctrl_c_ends_in_one_way_whatever_becomes_of_it(body):
    assert alone(body) == (130, "", STOPPED)


@pytest.mark.parametrize(
    "body",
    [
        "threading.Thread(target=time.sleep, args=(600,)).start()\nprint('done')",
        "atexit.register(time.sleep, 600)\nprint('done')",
        "atexit.register(ctrl_c)\nprint('done')",
    ],
)
def test_what_a_module_left_running_holds_nobody(body):
    assert alone(body) == (0, "done\n", "")


def test_a_defect_is_told_and_held_by_no_thread_either():
    code, out, told = alone("threading.Thread(target=time.sleep, args=(600,)).start()\n1 / 0")
    assert (code, out) == (1, "")
    assert told.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        (["studies"], "bakeoff.cli"),
        (["studies"], "typer"),
        (["studies"], "bakeoff.cli.show"),
        (["studies"], "rich.table"),
        (["show"], "_sqlite3"),
        (["show"], "numpy"),
        (["show"], "numpy.linalg"),
        (["show"], "bakeoff.study.verdicts"),
        (["data"], "torch"),
        (["data"], "torch._C"),
        (["report"], "cycler"),
    ],
)
def test_ctrl_c_while_anything_loads_is_one_sentence(tmp_path, fill, arguments, module):
    fill(tmp_path / "bakeoff.sqlite", range(2))
    code = INTERRUPTED.format(arguments=arguments, module=module)
    assert ended(sys.executable, "-c", code, cwd=tmp_path) == (130, "", STOPPED)
    assert [path.name for path in tmp_path.iterdir()] == ["bakeoff.sqlite"]


@pytest.mark.parametrize("command", ["--help", "studies", "show", "show --format json"])
def test_an_output_that_is_full_is_one_sentence(tmp_path, fill, command):
    fill(tmp_path / "bakeoff.sqlite", range(2))
    code, out, told = line(f"{PROGRAM} {command} > /dev/full", cwd=tmp_path)
    assert (code, out) == (2, "")
    assert told == (
        "bakeoff: the output: cannot be written (No space left on device), expected room for it\n"
    )


@pytest.mark.parametrize(
    ("rest", "out", "told"),
    [
        (
            "studies >&-",
            "",
            "bakeoff: stdout: is closed, expected a file or a terminal to write to\n",
        ),
        ("studies 2>&-", "", ""),
        ("nonsense 2>/dev/full", "", ""),
        ("nonsense >&- 2>&-", "", ""),
    ],
)
def test_an_output_that_is_closed_is_no_traceback(rest, out, told):
    assert line(f"{PROGRAM} {rest}") == (2, out, told)


def test_a_folder_that_is_gone_is_one_sentence(tmp_path):
    code, _, told = line(f"mkdir gone; cd gone; rmdir ../gone; {PROGRAM} data", cwd=tmp_path)
    assert (code, told) == (2, "bakeoff: the current folder is gone; change to one that is there\n")


def test_too_few_files_are_one_sentence(tmp_path):
    run = f"{PROGRAM} run ablation --rounds 1 --epochs 1 --workers 1"
    code, out, told = line(f"ulimit -n 8; {run}", cwd=tmp_path)
    assert (code, out, told.count("\n")) == (2, "", 1)
    assert told.startswith("bakeoff: ")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "the memory is used up"),
        (RecursionError(), "a file is nested too deeply"),
        (ImportError("failed to map segment", name="_C"), "_C: cannot be loaded (failed to map"),
        (RuntimeError("can't start new thread"), "the system allows no further thread"),
        (OSError(24, "Too many open files"), "Too many open files"),
        (OSError(5, "Input/output error", "a.sqlite"), "a.sqlite: Input/output error"),
    ],
)
def test_what_the_system_refuses_is_one_sentence(bakeoff, monkeypatch, error, told):
    from bakeoff.report import formats  # noqa: F401
    from bakeoff.study import store

    def refuse(*arguments, **named):
        raise error

    monkeypatch.setattr(store, "Store", refuse)
    code, out, said = bakeoff("show")
    assert (code, out, said.count("\n")) == (2, "", 1)
    assert said.startswith(f"bakeoff: {told}")


def test_a_name_that_is_not_utf8_is_a_name(bakeoff, fill, tmp_path):
    odd = tmp_path / os.fsdecode(b"a\xff.sqlite")
    fill(odd, range(2))
    code, out, told = bakeoff("show", "--store", odd, "--format", "json")
    assert (code, told) == (0, "")
    assert json.loads(out)
    code, _, told = bakeoff("show", os.fsdecode(b"\xfe"), "--store", odd)
    assert code == 2
    assert r"a\udcff.sqlite: there is no study '\udcfe'" in told


def test_a_store_that_plans_a_billion_rounds_is_shown(bakeoff, fill, tmp_path):
    store = tmp_path / "s.sqlite"
    fill(store, range(2), planned=range(999_999_000))
    code, out, told = bakeoff("show", "--store", store)
    assert (code, told) == (0, "")
    assert "999999000 rounds were planned" in " ".join(out.split())


def test_the_current_folder_is_no_library(tmp_path):
    (tmp_path / "random.py").write_text("raise SystemExit('ran')")
    (tmp_path / "rich.py").write_text("raise SystemExit('ran')")
    assert line(f"{PROGRAM} studies", cwd=tmp_path)[0] == 0
