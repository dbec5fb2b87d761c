"""Copies of the repository in which tests run, each in a process of its own.

A process is forked from this one, which has torch and the like imported but nothing of bakeoff:
that saves seconds a trial. The copies come first on its path and on that of the processes that it
starts, so the working tree is never touched and need not stand still.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import resource
import shutil
import signal
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import define, frozen

ROOT = Path(__file__).parents[2]
COPIED = ("src", "tests", "tools", "docs", "examples", "results")
WARM = ("torch", "numpy", "scipy.stats", "hypothesis", "attrs", "rich", "typer")
MEMORY = 16 * 2**30  # bytes of addresses; a mistake must not take the machine's
WAIT = 300.0  # seconds beyond a trial's own after which one that waits for ever is stopped
T = TypeVar("T")


@frozen
class Trial:
    """One run of pytest.

    Attributes:
        tests: what to run, as pytest's arguments.
        seconds: of processor time after which it is stopped.
        plugin: makes pytest's plugin, in the new process.
        file: a file to be replaced for the time of the trial, by its path from the root.
        text: what stands in that file.
    """

    tests: tuple[str, ...]
    seconds: float
    plugin: Callable[[], Any] | None = None
    file: str = ""
    text: bytes = b""


@frozen
class Ended:
    """How a trial ended.

    Attributes:
        passed: whether every test passed.
        by: the first test that failed, or what else happened.
        seconds: that it took.
    """

    passed: bool
    by: str
    seconds: float


@define
class _Running:
    what: Any
    trial: Trial
    slot: Slot
    started: float
    late: bool = False


def prepare() -> None:
    """Import what takes long and what no mutant is of."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    for name in WARM:
        importlib.import_module(name)


def snapshot(folder: Path) -> None:
    """Copy what the tests need of the repository."""
    ignore = shutil.ignore_patterns("__pycache__", "*.sqlite*", "_build")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("*.txt")]:
        shutil.copy2(path, folder)


def run_trials(
    trials: Iterable[tuple[T, Trial]], slots: list[Slot]
) -> Iterator[tuple[T, Trial, Ended]]:
    """Run trials, as many at once as there are slots; yield each as it ends."""
    waiting, free = iter(trials), list(slots)
    running: dict[int, _Running] = {}
    try:
        while True:
            while free and (following := next(waiting, None)) is not None:
                slot = free.pop()
                running[slot.start(following[1])] = _Running(*following, slot, time.monotonic())
            if not running:
                return
            for pid, status in _ended(running):
                one = running.pop(pid)
                ended = one.slot.finish(pid, status, time.monotonic() - one.started, one.late)
                free.append(one.slot)
                yield one.what, one.trial, ended
    finally:
        for pid, one in running.items():
            one.slot.stop(pid)
            os.waitpid(pid, 0)
            one.slot.finish(pid, 0, 0.0, late=False)


def _ended(running: dict[int, _Running]) -> list[tuple[int, int]]:
    """Wait for a process to end; stop those that are late."""
    while True:
        for pid, one in running.items():
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                return [(pid, status)]
            if not one.late and time.monotonic() - one.started > one.trial.seconds + WAIT:
                one.late = True
                one.slot.stop(pid)
        time.sleep(0.02)


class Slot:
    """A copy of the repository; one trial runs in it at a time.

    Args:
        original: the copy that stays as it is.
        folder: where this one is made, anew.
    """

    def __init__(self, original: Path, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.original = original
        self.tree = folder / "tree"
        self.temporary = folder / "tmp"
        self.result = folder / "result.json"
        self.output = folder / "output.txt"
        shutil.copytree(original, self.tree)
        self._changed = ""
        self._clock = time.time_ns()

    def start(self, trial: Trial) -> int:
        """Start a trial; return its process's number."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        self.result.unlink(missing_ok=True)
        if trial.file:
            self._write(trial.file, trial.text)
            self._changed = trial.file
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            return pid
        code = 3
        try:
            code = self._run(trial)
        finally:
            os._exit(code)

    def _write(self, file: str, text: bytes) -> None:
        """Write a file with a time of its own: by it Python tells whether bytecode is stale."""
        path = self.tree / file
        path.write_bytes(text)
        self._clock += 2_000_000_000
        os.utime(path, ns=(self._clock, self._clock))

    def _run(self, trial: Trial) -> int:
        """Run pytest; this is the new process."""
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        output = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        limit = math.ceil(trial.seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 10))
        os.chdir(self.tree)
        os.environ |= {
            "PYTHONPATH": str(self.tree / "src"),
            "TMPDIR": str(self.temporary),
            "HYPOTHESIS_PROFILE": "ci",  # the same examples each time
        }
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False
        theirs = {str(ROOT / "src"), str(ROOT / "tools"), str(ROOT)}
        sys.path[:] = [str(self.tree / "src"), *(path for path in sys.path if path not in theirs)]
        # Processes that tests start must not import this program as theirs.
        sys.modules["__main__"] = types.ModuleType("__main__")
        first = _FirstFailure()
        plugins = [first, *([trial.plugin()] if trial.plugin else [])]
        options = ["-q", "-p", "no:cacheprovider", "--no-header", "--tb=short"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "--timeout=0"]
        options += [] if trial.plugin else ["-x"]
        options += [f"--rootdir={self.tree}", f"--basetemp={self.temporary / 'pytest'}"]
        code = int(pytest.main([*options, *trial.tests], plugins=plugins))
        self.result.write_text(json.dumps({"code": code, "by": first.name}))
        sys.stdout.flush()
        return code

    def stop(self, pid: int) -> None:
        """End a trial's process and those that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def finish(self, pid: int, status: int, seconds: float, late: bool) -> Ended:
        """Tidy up after a trial that has ended; return how it ended."""
        self.stop(pid)
        self._end_orphans()
        if self._changed:
            self._write(self._changed, (self.original / self._changed).read_bytes())
            self._changed = ""
        if late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
            return Ended(passed=False, by="too slow", seconds=seconds)
        if not self.result.exists():
            code = os.waitstatus_to_exitcode(status)
            return Ended(passed=False, by=f"ended with exit code {code}", seconds=seconds)
        result = json.loads(self.result.read_text())
        return Ended(
            passed=result["code"] == pytest.ExitCode.OK,
            by=result["by"] or f"exit code {result['code']}",
            seconds=seconds,
        )

    def _end_orphans(self) -> None:
        """End what is left of this slot's processes, in whatever session."""
        mark = f"PYTHONPATH={self.tree / 'src'}".encode()
        marked = f"{self.tree}{os.sep}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                told = (folder / "environ").read_bytes().split(b"\0")
                paths = [entry for entry in told if entry.startswith(b"PYTHONPATH=")]
                if mark in paths or any(marked in entry for entry in paths):
                    os.kill(int(folder.name), signal.SIGKILL)


class _FirstFailure:
    """Notes the first test, or file of tests, that fails."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at a test's report."""
        if report.failed:
            self.name = self.name or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Look at a file's report."""
        if report.failed:
            self.name = self.name or report.nodeid
