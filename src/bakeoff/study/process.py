"""A process with a time limit, in a group of its own, which ends with all that it started."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, perf_counter, sleep

from attrs import frozen

KEPT = 2**16
"""Bytes of each of a process's outputs that are kept: the last ones."""
READ = 2**24
"""Bytes of its standard output in which scores are looked for: the last ones."""
GRACE_SECONDS = 1.0
"""Between the request to end and the end."""


@frozen
class Ended:
    """How a process ended.

    Attributes:
        code: its exit code; below 0 for the signal that killed it.
        seconds: how long it ran.
        stdout: the end of what it printed.
        stderr: the same of its errors.
        timed_out: the limit at which it was ended; 0 if it was not.
        not_found: why it could not be started; "" if it could.
    """

    code: int
    seconds: float
    stdout: str
    stderr: str
    timed_out: float = 0.0
    not_found: str = ""


def run_process(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float | None = None
) -> Ended:
    """Run a process to its end, or to its limit.

    Args:
        words: the program and its arguments.
        folder: an existing folder for what it prints.
        environment: its variables.
        timeout: seconds; None for no limit.
    """
    out, err = folder / ".stdout", folder / ".stderr"
    began = perf_counter()
    try:
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603 - which is what was asked for
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=dict(environment),
                process_group=0,
            )
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Ended(127, perf_counter() - began, "", "", not_found=f"{words[0]}: {told}")
    ended = _ends_within(process.pid, timeout)
    seconds = perf_counter() - began
    # Before the process is waited for, so that its number is still its own.
    end_group(process.pid, gently=not ended)
    code = process.wait()
    limit = 0.0 if ended or timeout is None else timeout
    return Ended(code, seconds, _end_of(out, READ), _end_of(err, KEPT), limit)


def _ends_within(pid: int, timeout: float | None) -> bool:
    """Wait for a process without taking its exit code; tell whether it ended in time."""
    descriptor = os.pidfd_open(pid)
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        return bool(waiting.poll(None if timeout is None else max(0, round(1000 * timeout))))
    finally:
        os.close(descriptor)


def end_group(group: int, *, gently: bool) -> None:
    """End a process and all of its group: asked first, if gently, and killed after a moment."""
    if gently:
        _end_gently(lambda: _members({group}, GROUP))
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def end_sessions(sessions: Collection[int], *, but: int | None = None) -> None:
    """End all processes of some sessions: asked first, and killed after a moment.

    Args:
        sessions: the number of each, that of the process which began it.
        but: the number of a process that is left alone.
    """
    _end_gently(lambda: [n for n in _members(sessions, SESSION) if n != but])


def _end_gently(members: Callable[[], list[int]]) -> None:
    """Ask processes to end, and kill those that are still there after a moment."""
    _signal(members(), signal.SIGTERM)
    deadline = monotonic() + GRACE_SECONDS
    while (left := members()) and monotonic() < deadline:
        sleep(0.005)
    _signal(left, signal.SIGKILL)


def _signal(numbers: list[int], which: signal.Signals) -> None:
    for number in numbers:
        with suppress(ProcessLookupError):
            os.kill(number, which)


GROUP, SESSION = 2, 3
"""Where a process's group and session stand in what /proc tells, behind its name."""


def _members(numbers: Collection[int], where: int) -> list[int]:
    """Return the numbers of the processes of some groups, or sessions, that have not ended."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            told = status_of(int(entry.name))
            if told[0] not in "ZX" and int(told[where]) in numbers:
                found.append(int(entry.name))
    return found


def status_of(number: int) -> list[str]:
    """Return the state and what follows it in a process's status; as of a zombie if it is gone."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ["Z"]
    # The name, in parentheses, may hold blanks and parentheses itself.
    return stat.rpartition(")")[2].split()


def _end_of(path: Path, size: int) -> str:
    """Return the end of a file as text."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read().decode("utf-8", "replace")
    return ""
