"""Processes as Linux tells of them, as macOS's programs do, and as Windows's functions would."""

import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock, call

import pytest

from bakeoff.system import processes
from bakeoff.system.processes import Group, is_alive, is_stopped, start_time, this_process

CHILD = (
    "import os, subprocess as s, sys; os.setsid(); p = s.Popen([sys.executable, '-c',"
    " 'import time; time.sleep(600)']); print(p.pid, flush=True); p.wait(); input()"
)


@pytest.fixture(params=["linux", "darwin"])
def unix(request, monkeypatch):
    """Run as on Linux, which is here, or as on macOS: what it asks its ps, Linux's answers too."""
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform=request.param))
    return request.param


def test_this_process_is_alive(unix):
    assert is_alive(this_process())
    assert this_process() == this_process()


def test_a_process_that_ended_is_not_even_before_it_is_waited_for(unix):
    code = "from bakeoff.system.processes import this_process; print(this_process())"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    owner = child.stdout.readline().strip()
    if unix == "linux":
        assert owner.split("/")[:2] == this_process().split("/")[:2]
    child.stdout.read()  # ends when the child does; it is a zombie then
    while is_alive(owner) or start_time(child.pid):
        pass
    child.wait()
    child.stdout.close()
    assert not is_alive(owner)


def test_another_process_with_the_same_number_is_another_owner(unix):
    world, number, start = this_process().rsplit("/", 2)
    assert not is_alive(f"{world}/{number}/{start}1")
    assert not is_alive(f"another-boot/4026531836/{number}/{start}")
    assert not is_alive(f"{world}//")


def test_a_stopped_process_and_a_session_that_ends(unix):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    grandchild = int(child.stdout.readline())
    assert not is_stopped(grandchild)
    os.kill(grandchild, signal.SIGSTOP)
    deadline = time.monotonic() + 20
    while not is_stopped(grandchild) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_stopped(grandchild)
    os.kill(grandchild, signal.SIGCONT)
    processes.end_sessions([child.pid], but=child.pid)
    assert (start_time(grandchild), bool(start_time(child.pid))) == ("", True)
    child.communicate("\n")
    assert child.returncode == 0


def test_macos_tells_starts_whatever_the_language_and_zone(monkeypatch):
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="darwin"))
    told = start_time(os.getpid())
    monkeypatch.setenv("TZ", "Pacific/Apia")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert start_time(os.getpid()) == told
    assert "/" not in told
    asked = []
    monkeypatch.setattr(processes, "_output", lambda *words: asked.append(words) or "told")
    assert this_process().startswith("told/")
    assert processes.cpu_model() == "told"
    assert ("sysctl", "-n", "kern.bootsessionuuid") in asked


@pytest.mark.parametrize(("answer", "ended"), [([object()], True), ([], False), (None, True)])
def test_macos_waits_by_its_queue_of_events(monkeypatch, answer, ended):
    """No answer is a process that had ended before it was asked for."""
    asked = []

    class Queue:
        def control(self, *told):
            asked.append(told)
            if answer is None:
                raise ProcessLookupError
            return answer

    fake = SimpleNamespace(
        **{"KQ_FILTER_PROC": "proc", "KQ_NOTE_EXIT": "exit", "kqueue": Queue},
        kevent=lambda *told, fflags: (*told, fflags),
    )
    group = Group(["sleep", "600"])
    monkeypatch.setattr(processes, "select", fake)
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="darwin"))
    assert group.ends_within(1.5) is ended
    assert asked == [([(group._process.pid, "proc", "exit")], 1, 1.5)]
    assert group.end(gently=True) == -signal.SIGTERM


class Kernel32:
    """Notes what is called; a process is asked for with 500 more than its number."""

    def __init__(self, code=259):
        self.calls, self.code = [], code

    def __getattr__(self, name):
        return lambda *given: self.calls.append((name, *given)) or 7

    def OpenProcess(self, access, inherit, number):
        self.calls.append(("OpenProcess", access, number))
        return number + 500

    def GetExitCodeProcess(self, process, code):
        code._obj.value = self.code

    def GetProcessTimes(self, process, start, *others):
        start._obj.value = process * 2**33


@pytest.fixture
def windows(monkeypatch):
    kernel32 = Kernel32()
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(processes, "_kernel32", lambda: kernel32)
    return kernel32


def test_on_windows_a_group_is_a_job_that_is_ended_whole(windows, monkeypatch):
    told, process = windows.calls, Mock(pid=12, **{"poll.return_value": None})
    late = subprocess.TimeoutExpired("a", 1)
    process.wait.side_effect = [late, late, 1]
    for name, value in (("Popen", Mock(return_value=process)), ("CREATE_NEW_PROCESS_GROUP", 512)):
        monkeypatch.setattr(processes.subprocess, name, value, raising=False)
    monkeypatch.setattr(processes, "signal", SimpleNamespace(CTRL_BREAK_EVENT=1))
    monkeypatch.setattr(processes.os, "kill", lambda *given: told.append(("kill", *given)))
    group = Group(["a.exe"], env={})
    processes.subprocess.Popen.assert_called_once_with(["a.exe"], env={}, creationflags=512)
    assert told.pop(0) == ("CreateJobObjectW", None, None)
    name, job, kind, limits, size = told.pop(0)
    assert (name, job, kind, size) == ("SetInformationJobObject", 7, 9, 144)
    assert (len(limits), limits[16:20]) == (144, b"\0\x20\0\0")
    assert told[:2] == [("OpenProcess", 0x101, 12), ("AssignProcessToJobObject", 7, 512)]
    assert not group.ends_within(2.5)
    assert group.end(gently=True) == 1
    assert told[3:] == [("kill", 12, 1), ("TerminateJobObject", 7, 1), ("CloseHandle", 7)]
    assert process.wait.call_args_list == [call(2.5), call(processes.GRACE_SECONDS), call()]


def test_on_windows_a_process_is_known_by_its_start(windows):
    assert start_time(3) == str(503 * 2**33)
    assert this_process() == f"{platform.node()}/{os.getpid()}/{start_time(os.getpid())}"
    assert is_alive(this_process())
    assert not is_stopped(3)
    windows.code = 0
    assert start_time(3) == ""


def test_on_windows_a_session_is_its_workers_job(windows):
    processes.begin_session()
    assert ("OpenProcess", 0x101, os.getpid()) in windows.calls
    assert not any(name == "CloseHandle" and handle == 7 for name, handle, *_ in windows.calls)
    processes.end_sessions([os.getpid()])  # ends nothing, the tests least of all


@pytest.mark.parametrize(
    ("name", "cores", "most", "method", "kill", "ending"),
    [
        ("linux", len(os.sched_getaffinity(0)), 4096, "forkserver", "kill 9", ""),
        ("darwin", os.cpu_count(), 4096, "spawn", "kill 9", ""),
        ("win32", os.cpu_count(), 61, "spawn", "taskkill /F /PID 9", "0xC0000005"),
    ],
)
def test_each_system_has_its_numbers_and_words(
    monkeypatch, name, cores, most, method, kill, ending
):
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform=name))
    assert (processes.available_cores(), processes.most_workers()) == (cores, most)
    assert (processes.start_method(), processes.how_to_end(9)) == (method, kill)
    assert processes.ending_of(0xC000_0005) == ending
    assert processes.ending_of(1) == processes.ending_of(0) == ""


def test_a_signal_that_ends_a_process_has_a_name():
    assert processes.ending_of(-9) == "SIGKILL"
    assert processes.ending_of(-64 - 99) == "?"


@pytest.mark.parametrize("name", ["linux", "darwin", "win32"])
def test_the_cpu_has_a_name(monkeypatch, name):
    assert processes.cpu_model().strip() == processes.cpu_model() != ""
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform=name))
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "flags : fpu\n")
    monkeypatch.setattr(processes, "_output", lambda *words: "")
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert processes.cpu_model() == "arm64"
    monkeypatch.setattr(platform, "processor", lambda: "M3")
    assert processes.cpu_model() == "M3"
