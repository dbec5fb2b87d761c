"""Ctrl-C, kept out of the moments where it would leave something half done."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

CTRL_C = signal.SIGINT


class Interrupts:
    """Remembers a Ctrl-C instead of raising it at once; `check` then raises it.

    A second Ctrl-C is raised where it falls, so that nobody is held against their will. Only
    Python's main thread may set signal handlers; in another thread this does nothing.
    """

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> Interrupts:
        self._before = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(CTRL_C, self._remember)
        return self

    def __exit__(self, *raised: object) -> None:
        if self._before is not None:
            signal.signal(CTRL_C, self._before)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if Ctrl-C was pressed."""
        if self._asked:
            raise KeyboardInterrupt


@contextmanager
def held_back() -> Iterator[None]:
    """Block Ctrl-C in this thread, so that a process started inside is born with it blocked.

    A terminal sends Ctrl-C to every process of the group; a worker that has not come to ignore
    it yet would die with a traceback. Windows, which cannot keep it waiting, drops it meanwhile.
    """
    if sys.platform == "win32":
        from ctypes import WinDLL

        console = WinDLL("kernel32")
        console.SetConsoleCtrlHandler(None, True)
        try:
            yield
        finally:
            console.SetConsoleCtrlHandler(None, False)
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {CTRL_C})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_for_good() -> None:
    """Ignore Ctrl-C in this process from now on, also one that `held_back` kept waiting."""
    signal.signal(CTRL_C, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {CTRL_C})


def call_on(handler: Callable[[int, FrameType | None], object]) -> None:
    """Have Ctrl-C call a handler, unless this process was started to ignore it.

    That is how a shell starts what runs in the background.
    """
    if signal.getsignal(CTRL_C) != signal.SIG_IGN:
        signal.signal(CTRL_C, handler)
