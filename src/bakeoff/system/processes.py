"""Cores, workers, and processes: what they are told apart by, and how they end with their own."""

from __future__ import annotations

import os
import platform
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from struct import pack
from tempfile import gettempdir
from time import monotonic, perf_counter, sleep
from typing import Any

from attrs import frozen

GRACE_SECONDS = 1.0
"""Between the request to end and the end."""
KEPT = 2**16
"""Bytes of each of a process's outputs that are kept: the last ones."""
READ = 2**24
"""Bytes of its standard output in which scores are looked for: the last ones."""

# ---- cores and workers --------------------------------------------------------------------------


def available_cores() -> int:
    """Return the number of cores that this process may use; elsewhere than on Linux, of all."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    else:
        return os.cpu_count() or 1


def most_workers() -> int:
    """Return how many processes a pool may have; Windows waits for no more than 63 at once."""
    return 61 if sys.platform == "win32" else 4096


def start_method() -> str:
    """Return how workers start.

    By a server on Linux, but where its socket in the folder of temporary files would have a path
    of more than 107 bytes. macOS's libraries have threads, where a fork is not safe.
    """
    socket = Path(gettempdir(), "pymp-12345678", "listener-12345678")
    server = sys.platform == "linux" and len(os.fsencode(socket)) < 108
    return "forkserver" if server else "spawn"


def cpu_model() -> str:
    """Return the CPU's model name, or else its architecture."""
    name = ""
    if sys.platform == "linux":
        with suppress(OSError):
            told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            pairs = [line.partition(":") for line in told]
            name = next((value for key, _, value in pairs if key.strip() == "model name"), "")
    elif sys.platform != "win32":
        name = _output("sysctl", "-n", "machdep.cpu.brand_string")
    return name.strip() or platform.processor() or platform.machine()


def _output(*words: str) -> str:
    """Return what a program of the system prints, in English and of UTC; "" if it fails."""
    environment = os.environ | {"LC_ALL": "C", "TZ": "UTC0"}
    with suppress(OSError):
        done = subprocess.run(words, capture_output=True, check=False, env=environment)  # noqa: S603
        return done.stdout.decode("utf-8", "replace").strip()
    return ""


# ---- a process and all that it started ----------------------------------------------------------


class Group:
    """A process that leads a group of its own, and ends with all that it started.

    Args:
        words: the program and its arguments.
        options: of `subprocess.Popen`.

    Raises:
        OSError, ValueError: if it cannot be started.
    """

    def __init__(self, words: Sequence[str], **options: Any) -> None:
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
            self._process = subprocess.Popen(words, **options)  # noqa: S603
            self._job = _job(self._process.pid)
        else:
            self._process = subprocess.Popen(words, process_group=0, **options)  # noqa: S603

    def ends_within(self, timeout: float | None) -> bool:
        """Wait for the leader, some seconds at most if not None; tell whether it ended.

        Its exit code is not taken, so that its number stays its own.
        """
        number = self._process.pid
        if sys.platform == "linux":
            with open(os.pidfd_open(number), "rb", buffering=0) as end:
                waiting = select.poll()
                waiting.register(end, select.POLLIN)
                milliseconds = None if timeout is None else max(0, round(1000 * timeout))
                return bool(waiting.poll(milliseconds))
        elif sys.platform == "win32":
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
            return self._process.poll() is not None
        else:
            ends = select.kevent(number, select.KQ_FILTER_PROC, fflags=select.KQ_NOTE_EXIT)
            with suppress(ProcessLookupError):
                return bool(select.kqueue().control([ends], 1, timeout))
            return True  # it had ended before

    def end(self, *, gently: bool) -> int:
        """End all of the group: asked first, if gently, and killed after a moment.

        Returns:
            The leader's exit code; below 0 for the signal that killed it.
        """
        number = self._process.pid
        if sys.platform == "win32":
            if gently:
                with suppress(OSError, subprocess.TimeoutExpired):  # it may have no console
                    os.kill(number, signal.CTRL_BREAK_EVENT)
                    self._process.wait(GRACE_SECONDS)
            _kernel32().TerminateJobObject(self._job, 1)
            _kernel32().CloseHandle(self._job)
        else:
            if gently:
                _end_gently(lambda: _members(os.getpgid, [number]))
            # macOS refuses to where all of the group have ended.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(number, signal.SIGKILL)
        return self._process.wait()


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
            group = Group(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=dict(environment),
            )
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Ended(127, perf_counter() - began, "", "", not_found=f"{words[0]}: {told}")
    ended = group.ends_within(timeout)
    seconds = perf_counter() - began
    code = group.end(gently=not ended)
    limit = 0.0 if ended or timeout is None else timeout
    return Ended(code, seconds, _end_of(out, READ), _end_of(err, KEPT), limit)


def _end_of(path: Path, size: int) -> str:
    """Return the end of a file as text."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read().decode("utf-8", "replace").replace("\r\n", "\n")
    return ""


def begin_session() -> None:
    """Make this process's session: what it starts from now on, which `end_sessions` finds.

    On Windows that ends of itself with this process.
    """
    if sys.platform == "win32":
        _job(os.getpid())
    else:
        os.setsid()


def end_sessions(sessions: Collection[int], *, but: int | None = None) -> None:
    """End all processes of some sessions: asked first, and killed after a moment.

    Args:
        sessions: the number of each, that of the process which began it.
        but: the number of a process that is left alone.
    """
    if sys.platform != "win32":
        _end_gently(lambda: _members(os.getsid, sessions, but))


def _end_gently(members: Callable[[], list[int]]) -> None:
    """Ask processes to end, and kill those that are still there after a moment."""
    if sys.platform != "win32":
        deadline = monotonic() + GRACE_SECONDS
        for how in (signal.SIGTERM, signal.SIGKILL):
            for number in members():
                with suppress(ProcessLookupError):
                    os.kill(number, how)
            while members() and monotonic() < deadline:
                sleep(0.005)


def _members(of: Callable[[int], int], those: Collection[int], but: int | None = None) -> list[int]:
    """Return the numbers of the processes of some groups, or sessions, that have not ended."""
    if sys.platform == "linux":
        every = [entry.name for entry in os.scandir("/proc") if entry.name.isdigit()]
    else:
        every = _output("ps", "-axo", "pid=").split()
    found = []
    for number in map(int, every):
        with suppress(ProcessLookupError, PermissionError):
            if of(number) in those and number != but and start_time(number):
                found.append(number)
    return found


def _kernel32() -> Any:
    """Return Windows's own functions. Handles pass as a C int: only 32 bits of one matter."""
    from ctypes import WinDLL  # type: ignore[attr-defined, unused-ignore]

    return WinDLL("kernel32")


def _job(number: int) -> Any:
    """Put a process into a job of Windows's, which ends, with all in it, when nobody holds it.

    What the process started in the moment before that is in the job of this process alone.
    """
    kernel32, job = _kernel32(), _kernel32().CreateJobObjectW(None, None)
    # JOBOBJECT_EXTENDED_LIMIT_INFORMATION, of which the flags alone are set: KILL_ON_JOB_CLOSE
    limits = pack("2qI2NIN2I6Q4N", 0, 0, 0x2000, *[0] * 16)
    kernel32.SetInformationJobObject(job, 9, limits, len(limits))
    process = kernel32.OpenProcess(0x0101, False, number)  # SET_QUOTA, TERMINATE
    kernel32.AssignProcessToJobObject(job, process)
    kernel32.CloseHandle(process)
    return job


# ---- who holds a claim: a process, told apart from a later one that happens to get its number ---


def this_process() -> str:
    """Return this process's identity: boot, process namespace, number and start time."""
    return f"{_world()}/{os.getpid()}/{start_time(os.getpid())}"


def is_alive(owner: str) -> bool:
    """Tell whether the process that `this_process` described still runs.

    A process of an earlier boot is gone. One of another process namespace (a container) cannot be
    seen from here and counts as gone: its rounds are then trained twice, to the same bits.
    """
    world, number, start = ("", "", *owner.rsplit("/", 2))[-3:]
    return world == _world() and number.isdigit() and start_time(int(number)) == start


def _world() -> str:
    """Return what numbers and start times are told of; of Windows's, the machine is enough."""
    if sys.platform == "linux":
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    elif sys.platform == "win32":
        return platform.node()
    else:
        return _output("sysctl", "-n", "kern.bootsessionuuid")


def start_time(number: int) -> str:
    """Return when a process started; "" if it is gone or a zombie.

    In clock ticks since boot on Linux, in units of 100 ns on Windows, and as a date on macOS.
    """
    state, start = _state(number)
    return "" if state in "ZX" else start


def is_stopped(number: int) -> bool:
    """Tell whether a process is stopped, as by Ctrl-Z, and goes on only when told to."""
    return _state(number)[0] in "Tt"


def _state(number: int) -> tuple[str, str]:
    """Return a process's state, Z if it is gone, and when it started."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "Z", ""
        told = stat.rpartition(")")[2].split()  # its name, in parentheses, may hold some itself
        return told[0], told[19]
    elif sys.platform == "win32":
        from ctypes import byref, c_uint32, c_uint64

        code, times = c_uint32(), [c_uint64() for _ in range(4)]
        process = _kernel32().OpenProcess(0x1000, False, number)  # QUERY_LIMITED_INFORMATION
        _kernel32().GetExitCodeProcess(process, byref(code))
        _kernel32().GetProcessTimes(process, *map(byref, times))
        _kernel32().CloseHandle(process)
        return "R" if code.value == 259 else "Z", str(times[0].value)  # STILL_ACTIVE
    else:
        state, _, start = _output("ps", "-o", "stat=,lstart=", "-p", str(number)).partition(" ")
        return state[:1] or "Z", start.strip()


def number_of(owner: str) -> int:
    """Return the number of the process that `this_process` described."""
    return int(owner.split("/")[-2])


def how_to_end(number: int) -> str:
    """Return the command by which a person ends a process."""
    return f"taskkill /F /PID {number}" if sys.platform == "win32" else f"kill {number}"


def ending_of(code: int) -> str:
    """Return the name of what ended a process, by its exit code; "" if it ended itself."""
    if code < 0:
        return signal.Signals(-code).name if -code in set(signal.Signals) else "?"
    return f"0x{code:X}" if sys.platform == "win32" and code >= 0xC000_0000 else ""
