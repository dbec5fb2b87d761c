"""Worker processes that end with their parent and can be replaced.

The standard library's `ProcessPoolExecutor` does the work. Added here: the pool can be rebuilt
after a worker's death and stopped at once, and its workers watch their parent and run no code but
what a task names: neither the user's script nor what lies in the current folder.

A worker is not forked from this process, as that is unsafe once torch has threads. On Linux it is
forked from a server that imports what workers need, once, and computes nothing; elsewhere it is a
fresh interpreter.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from copy import copy
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from shutil import rmtree
from tempfile import mkdtemp
from time import monotonic
from types import ModuleType
from typing import Any, Protocol, TypeVar
from weakref import finalize

from bakeoff.errors import ArgumentError, BakeoffError
from bakeoff.study import user_code
from bakeoff.study.machine import Machine
from bakeoff.system.ctrl_c import held_back, ignore_for_good
from bakeoff.system.processes import (
    available_cores,
    begin_session,
    end_sessions,
    most_workers,
    start_method,
)

T = TypeVar("T")
SECONDS_TO_NOTICE = 1.0
SAFE_PATH = "PYTHONSAFEPATH"
SLOT = [0]
"""This worker's number, from 0."""
FOLDER: list[str | None] = [None]
"""Where this worker's temporary folders are, which go with it; None for the system's place."""


class WorkerError(BakeoffError, RuntimeError):
    """Worker processes died again and again."""


class Pool(Protocol):
    """What the runner needs: an executor that can be replaced and stopped at once.

    Attributes:
        workers: how many tasks are done at a time.
        machine: where they are done; None for this one.
    """

    workers: int

    @property
    def machine(self) -> Machine | None:
        """Where tasks are done."""

    def submit(self, function: Callable[..., T], *args: object) -> Future[T]:
        """Have `function(*args)` called in a worker."""

    def rebuild(self) -> None:
        """Replace an executor that broke."""

    def stop(self) -> None:
        """End the workers now, whatever they do."""

    def check(self) -> None:
        """Make sure that the death of a worker will be noticed; called now and then."""


@contextmanager
def _bare() -> Iterator[None]:
    """Have processes that start in the body run nothing of the user's before their first task.

    They would run the script again that started them, so that one without a guard around its work
    would do it all again; and they would look for Python's own modules in the current folder first.
    Ctrl-C, which a terminal sends to all of them, is held back until they ignore it.
    """
    script, before = sys.modules["__main__"], os.environ.get(SAFE_PATH)
    sys.modules["__main__"], os.environ[SAFE_PATH] = ModuleType("__main__"), "1"
    try:
        with held_back():
            yield
    finally:
        sys.modules["__main__"] = script
        del os.environ[SAFE_PATH]
        if before is not None:
            os.environ[SAFE_PATH] = before


def _context(processes: list[BaseProcess]) -> BaseContext:
    """Return how processes are started, each of which is then added to a list."""
    context: Any = copy(multiprocessing.get_context(start_method()))
    made = context.Process

    def process(*args: Any, **kwargs: Any) -> BaseProcess:
        processes.append(made(*args, **kwargs))
        return processes[-1]

    context.Process = process
    return context  # type: ignore[no-any-return]


class LocalPool:
    """Worker processes on this machine.

    Args:
        workers: how many processes; as many as the cores that this process may use if None.
        needs: a module that tasks will import: named, the server starts with it, before any task.
        begin: called in each new worker; defined at a module's top level.

    Raises:
        ArgumentError: for less than one worker, or more than the system can wait for.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        needs: str | None = None,
        begin: Callable[[], None] | None = None,
    ) -> None:
        self._begin = begin or belong_to_parent
        self._needs = needs
        most = most_workers()
        self.workers = min(available_cores(), most) if workers is None else workers
        if not 1 <= self.workers <= most:
            raise ArgumentError(f"workers: got {workers}, expected 1 to {most:,}")
        self._open()

    @property
    def machine(self) -> None:
        """This one, which a study describes."""

    def _open(self) -> None:
        self._seen_dead: float | None = None
        self._folder = mkdtemp(prefix="bakeoff-")
        self._remove_folder = finalize(self, rmtree, self._folder, ignore_errors=True)
        self._processes: list[BaseProcess] = []
        context, environment = _context(self._processes), dict(os.environ)
        with _bare():  # starts what counts semaphores, which lets Ctrl-C through again
            begun = context.Value("i", 0)
        with _bare():
            if self._needs and start_method() == "forkserver":
                multiprocessing.set_forkserver_preload([__name__, self._needs])
                forkserver.ensure_running()  # it imports while a study is checked
            self._executor = ProcessPoolExecutor(
                self.workers,
                mp_context=context,
                initializer=_begin,
                initargs=(self._begin, environment, user_code.BESIDE, begun, self._folder),
            )

    def submit(self, function: Callable[..., T], *args: object) -> Future[T]:
        """Have `function(*args)` called in a worker; a module's top level must define it.

        Raises:
            ArgumentError: for a function of the script that runs, which workers do not run.
        """
        _check_importable(function)
        with _bare():
            return self._executor.submit(function, *args)

    def rebuild(self) -> None:
        """Replace the workers, after one of them died."""
        self.stop()
        self._open()

    def stop(self) -> None:
        """Kill the workers and what they started. Nothing is lost: only the parent writes."""
        begun = [process for process in self._processes if process.pid is not None]
        end_sessions([process.pid for process in begun if process.pid is not None])
        for process in begun:
            process.kill()  # one that has not begun has no session yet
        self._remove_folder()
        self._end_of_results()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def check(self) -> None:
        """Stop the pool if a worker has been dead for a while and the executor does not see it.

        That happens when the worker died in the middle of telling its result: the executor then
        waits for the other half, and the other workers for their turn.
        """
        if not any(process.exitcode is not None for process in self._processes):
            self._seen_dead = None
        elif self._seen_dead is None:
            self._seen_dead = monotonic()
        elif monotonic() - self._seen_dead > SECONDS_TO_NOTICE:
            self.stop()

    def _end_of_results(self) -> None:
        """Close our own end of the results' pipe, so that a reader of half a result sees its end.

        The executor keeps that end open for workers yet to come, and has no public way to close it.
        """
        results = getattr(self._executor, "_result_queue", None)
        writer = getattr(results, "_writer", None)
        if writer is not None and not writer.closed:
            writer.close()


def _check_importable(function: Callable[..., Any]) -> None:
    while isinstance(function, partial):
        function = function.func
    if getattr(function, "__module__", "") == "__main__":
        raise ArgumentError(
            f"workers: got {getattr(function, '__name__', 'a function')} of the script that runs,"
            " expected a function of a module, which a worker can import; move it to a file of its"
            " own"
        )


def _begin(
    begin: Callable[[], None],
    environment: Mapping[str, str],
    beside: Mapping[str, str],
    begun: Any,
    folder: str,
) -> None:
    with begun.get_lock():
        SLOT[0] = begun.value
        begun.value += 1
    FOLDER[0] = folder
    os.environ.clear()  # what a user's code starts is as Python starts it
    os.environ.update(environment)
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed()  # a fork has its server's state, as every other one
    user_code.BESIDE.update(beside)
    begin()


def belong_to_parent() -> None:
    """Have this process end when its parent does, and leave Ctrl-C to the parent.

    What a user's code starts in it ends with it, as both are in a session of their own.
    """
    begin_session()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    ignore_for_good()


def _end_with_parent() -> None:
    # Waiting on the sentinel also notices a parent that was killed and could tell nobody.
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        end_sessions([os.getpid()], but=os.getpid())
        if FOLDER[0] is not None:
            rmtree(FOLDER[0], ignore_errors=True)
        os._exit(1)
