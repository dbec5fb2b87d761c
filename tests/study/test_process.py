"""A process ends at its limit with all that it started, after a moment to put its things away."""

import os
import signal
import sys
import time

import pytest

from bakeoff.system.processes import READ, run_process, start_time

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
WRITES = (
    "import pathlib, signal, sys, time; "
    "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.2), "
    "pathlib.Path(sys.argv[1]).write_text('kept'), sys.exit(0))); "
)


def ended_soon(pids, seconds=2.0):
    """Whether all of some processes end within some seconds."""
    deadline = time.monotonic() + seconds
    while any(map(start_time, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(map(start_time, pids))


def python(code, *arguments):
    return [sys.executable, "-c", code, *map(str, arguments)]


def run(folder, words, timeout=None, **environment):
    return run_process(words, folder, os.environ | environment, timeout)


def test_what_it_prints_and_how_it_ends(tmp_path):
    code = "import os, sys; print(os.environ['A'], sys.stdin.read()); sys.exit('no')"
    ended = run(tmp_path, python(code), A="b")
    assert (ended.code, ended.stdout, ended.stderr) == (1, "b \n", "no\n")
    assert (ended.timed_out, ended.not_found) == (0, "")
    assert run(tmp_path, ["sh", "-c", "kill -9 $$"]).code == -signal.SIGKILL


@pytest.mark.parametrize(
    ("words", "told"),
    [(["none-such", "1"], "none-such: No such file"), (["a\0b"], "embedded null byte")],
)
def test_what_cannot_be_started_is_told(tmp_path, words, told):
    ended = run(tmp_path, words)
    assert ended.code == 127
    assert told in ended.not_found


def test_ends_of_lines_are_of_no_system(tmp_path):
    ended = run(tmp_path, python(r"import os; os.write(1, b'a\r\nb\n'); os.write(2, b'c\r\n')"))
    assert (ended.stdout, ended.stderr) == ("a\nb\n", "c\n")


def test_the_end_of_a_huge_and_binary_output_is_kept(tmp_path):
    huge = READ + 2**20
    code = f"import os, sys; os.write(2, b'x' * 2**20); sys.stdout.buffer.write(b'\\xff' * {huge})"
    ended = run(tmp_path, python(code + "; print('end')"))
    assert (ended.code, len(ended.stdout), len(ended.stderr)) == (0, READ, 2**16)
    assert ended.stdout.endswith("\ufffdend\n")


@pytest.mark.parametrize(
    "words",
    [
        python(DEAF + "print(1, flush=True); time.sleep(600)"),
        ["sh", "-c", "sleep 601 & sleep 602 & echo $! > {}; wait"],
        ["sh", "-c", "trap '' TERM; sleep 603 & echo $! > {}; sleep 604; wait"],
        ["sh", "-c", "(trap '' TERM; sleep 605) & echo $! > {}; sleep 606"],
    ],
)
def test_nothing_is_left_alive_at_the_limit(tmp_path, words):
    note = tmp_path / "pid"
    began = time.monotonic()
    ended = run(tmp_path, [word.replace("{}", str(note)) for word in words], 0.5)
    assert ended.timed_out == 0.5
    assert ended.code < 0
    assert time.monotonic() - began >= 0.5
    assert ended_soon([int(note.read_text())] if note.exists() else [])


@pytest.mark.parametrize("line", ["exec {}", "{} & wait", "({}; :) | cat"])
def test_whoever_hears_the_request_to_end_has_a_moment(tmp_path, line):
    """Even where the shell that leads the group has ended at once."""
    written = tmp_path / "written"
    (tmp_path / "w.py").write_text(WRITES + "time.sleep(600)")
    line = line.format(f"'{sys.executable}' '{tmp_path}/w.py' '{written}'")
    ended = run(tmp_path, ["/bin/sh", "-c", line], 1.5)
    assert ended.timed_out == 1.5
    assert written.read_text() == "kept"


def test_what_a_command_left_behind_ends_with_it(tmp_path):
    ended = run(tmp_path, ["sh", "-c", "sleep 600 >/dev/null & echo $!"], 60)
    assert (ended.code, ended.timed_out) == (0, 0)
    assert ended_soon([int(ended.stdout)])
