"""Files, shells and ports by the rules of each system."""

import errno
import io
import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bakeoff.study.command import words_of
from bakeoff.system import files


@pytest.fixture
def windows(monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO(b"round,\xe9\r\n"))
    monkeypatch.setattr(files, "sys", SimpleNamespace(platform="win32", stdin=stdin))


def test_a_file_gets_the_mode_of_another_or_of_any_new_one(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.touch(mode=0o600)
    other.touch()
    other.chmod(0o640)
    files.give_mode(one, like=other)
    assert one.stat().st_mode & 0o777 == 0o640
    before = os.umask(0o027)
    try:
        files.give_mode(one, like=None)
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert one.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("number", "name", "linux", "win32"),
    [
        (errno.ENAMETOOLONG, "a", True, True),
        (errno.ENOENT, "a" * 300, False, True),
        (errno.ENOENT, "a", False, False),
        (errno.ENOENT, None, False, False),
        (errno.EACCES, "a" * 300, False, False),
    ],
)
def test_windows_ends_the_names_of_files_earlier(monkeypatch, number, name, linux, win32):
    error = OSError(number, "no", name)
    assert files.is_too_long(error) is linux
    monkeypatch.setattr(files, "sys", SimpleNamespace(platform="win32"))
    assert files.is_too_long(error) is win32


def test_on_windows_stdin_is_read_from_a_copy(windows):
    path = Path(files.standard_input())
    assert (path.name, path.read_bytes()) == ("stdin", b"round,\xe9\r\n")


def test_elsewhere_stdin_is_a_file():
    assert Path(files.standard_input()).exists()


LINES = {
    r"python C:\my\train.py --seed {seed}": ("python", r"C:\my\train.py", "--seed", "{seed}"),
    r'"C:\my files\ä.exe" {dir}\out': (r"C:\my files\ä.exe", r"{dir}\out"),
}


@pytest.mark.parametrize("line", LINES)
def test_on_windows_a_backslash_parts_folders(windows, line):
    assert words_of(line) == LINES[line]


def test_elsewhere_a_backslash_asks_for_the_shell():
    assert words_of(r"a\ b {seed}") == ("/bin/sh", "-c", r"a\ b {seed}")
    assert files.split_line("a 'b c' \"d\" #e") == ("a", "b c", "d", "#e")


def test_on_windows_a_line_of_the_shells_needs_one(windows, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="Windows has none that reads it; write it as a list of w"):
        words_of("a | b")
    (tmp_path / "sh").touch(mode=0o700)
    assert words_of("a | b") == (str(tmp_path / "sh"), "-c", "a | b")


def test_on_windows_a_port_is_for_one_alone(windows, monkeypatch):
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", -5, raising=False)
    asked = []
    files.own_port(SimpleNamespace(setsockopt=lambda *told: asked.append(told)))
    assert asked == [(socket.SOL_SOCKET, -5, 1)]


def test_closed_streams_are_told_and_opened(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert files.open_closed_streams() == ["stdout"]
    print("lost")
    sys.stdout.close()
