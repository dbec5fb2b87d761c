"""Workers of a running Dask cluster, on any number of machines.

`LocalPool` for more than one machine: the same tasks go to the scheduler at an address, and their
results come back as they end. A worker that is killed is the scheduler's affair, which has its task
done elsewhere. The store stays here: only this process writes.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from bakeoff.checks import check_installed
from bakeoff.errors import ArgumentError
from bakeoff.study.worker_compat import Files, Node, this_node, unlike
from bakeoff.study.workers import WorkerError

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
ADDRESS = re.compile(r"(tcp|tls)://\S+:\d+")
SECONDS_TO_ATTACH = 5.0
SECONDS_TO_CLOSE = 2.0
SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_WITHOUT_WORKERS = 60.0
KEPT = "finished rounds are kept, so run again to go on"
# The last one is where Tornado tells of a result that was on its way when the scheduler died.
QUIET = (
    *("distributed", "distributed.client", "distributed.core", "distributed.comm"),
    "tornado.application",
)


class ClusterPool:
    """The workers of a Dask cluster, each a process that trains one task at a time.

    Args:
        address: the scheduler's, such as "tcp://10.0.0.1:8786".
        files: what of the study is read from files, to be compared.
        patience: seconds after which a run without any worker ends.

    Attributes:
        workers: how many there are now; they may come and go.
        machine: their versions and their CPU.

    Raises:
        MissingExtraError: if distributed is not installed.
        ArgumentError: for an address at which no scheduler answers.
        WorkerError: if there are no workers, or some that are unlike.
    """

    def __init__(
        self, address: str, files: Files | None = None, *, patience: float = SECONDS_WITHOUT_WORKERS
    ) -> None:
        self.address, self._patience = address, patience
        self._client = attached(address)
        try:
            self._node = self._checked(files or Files())
        except BaseException:
            self.stop()
            raise
        self.machine = self._node.machine
        # Without pure=False, a task that is given twice to be compared would be trained once.
        self._executor = self._client.get_executor(pure=False)
        self._looked = self._seen = monotonic()

    def submit(self, function: Callable[..., T], *args: object) -> Future[T]:
        """Have `function(*args)` called in a worker; a module's top level must define it.

        Raises:
            WorkerError: if the scheduler is gone.
        """
        self._look()
        ours: Future[T] = Future()
        theirs = self._executor.submit(on_a_worker, self._node, self._files, function, *args)
        theirs.add_done_callback(partial(self._pass_on, ours))
        return ours

    def rebuild(self) -> None:
        """Refuse: the scheduler has done what can be done.

        Raises:
            WorkerError: always.
        """
        raise WorkerError(f"{self.address}: the cluster broke; {KEPT}")

    def stop(self) -> None:
        """Leave the cluster; tasks that wait are forgotten, and nobody hears of running ones."""
        with suppress(Exception):
            self._client.close(timeout=SECONDS_TO_CLOSE)

    def check(self) -> None:
        """Notice workers that came or went.

        Raises:
            WorkerError: if the scheduler is gone, or there has been no worker for a while.
        """
        self._look()
        if monotonic() - self._seen > self._patience:
            raise WorkerError(
                f"{self.address}: there has been no worker for {self._patience:g} seconds; {KEPT}"
            )

    def _look(self) -> None:
        # A client that has lost its scheduler looks for a new one, which knows none of the tasks.
        if self._client.status != "running":
            raise self._gone()
        now = monotonic()
        if now - self._looked < SECONDS_BETWEEN_LOOKS:
            return
        self._looked = now
        # Where the scheduler does not answer, the tasks in flight will say so.
        with suppress(OSError, AttributeError):
            workers = len(self._client.nthreads())
            if workers:
                self.workers, self._seen = workers, monotonic()

    def _checked(self, files: Files) -> Node:
        """Return what the workers have in common with this process, the CPU being theirs."""
        nodes = self._nodes(files)
        self._files, self.workers = files, len(nodes)
        expected = this_node(files).with_cpu_of(next(iter(nodes.values())))
        told = unlike(expected, nodes)
        if told:
            raise WorkerError(f"{self.address}: the workers are not all alike: {told}")
        return expected

    def _nodes(self, files: Files) -> dict[str, Node]:
        threads: Mapping[str, int] = self._client.nthreads()
        if not threads:
            raise WorkerError(
                f"{self.address}: the cluster has no workers; start some with dask worker"
                f" {self.address} --nthreads 1"
            )
        for worker, number in threads.items():
            check_threads(worker, number)
        found: dict[str, Any] = self._client.run(this_node, files, on_error="return")
        for worker, node in found.items():
            if isinstance(node, BaseException):
                raise WorkerError(
                    f"{self.address}: worker {worker} cannot run bakeoff, expected it to be"
                    f" installed there as here ({type(node).__name__}: {node})"
                )
        return found

    def _pass_on(self, ours: Future[T], theirs: Future[T]) -> None:
        """Tell the runner how a task ended, in words of our own where the cluster is to blame."""
        if theirs.cancelled():
            ours.set_exception(self._gone())
        elif (error := theirs.exception()) is not None:
            from distributed import KilledWorker

            ours.set_exception(self._killed() if isinstance(error, KilledWorker) else error)
        else:
            ours.set_result(theirs.result())

    def _gone(self) -> WorkerError:
        return WorkerError(f"{self.address}: the scheduler is gone; {KEPT}")

    def _killed(self) -> WorkerError:
        return WorkerError(
            f"{self.address}: workers died again and again over one task, killed or out of memory;"
            f" {KEPT}, perhaps on machines with more memory"
        )


def attached(address: str) -> Client:
    """Return a client of the scheduler at an address.

    Raises:
        MissingExtraError: if distributed is not installed.
        ArgumentError: if no scheduler answers within `SECONDS_TO_ATTACH`.
    """
    if not ADDRESS.fullmatch(address):
        raise ArgumentError(
            f"cluster: got {address!r}, expected a scheduler's address such as tcp://10.0.0.1:8786"
        )
    check_installed("cluster", "a cluster's workers", "cluster", "distributed")
    from distributed import Client

    # What goes wrong is told by the errors of this module, in one sentence.
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=SECONDS_TO_ATTACH, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ArgumentError(
            f"cluster: found no scheduler at {address} within {SECONDS_TO_ATTACH:g} seconds; start"
            " one with dask scheduler, and give the address that it prints"
        ) from error


# ---- in the workers ---------------------------------------------------------------------------


def on_a_worker(expected: Node, files: Files, function: Callable[..., T], *args: object) -> T:
    """Call `function(*args)` in one thread of a worker that is as it should be.

    Workers may have come after the cluster was looked at, so each looks at itself once.

    Raises:
        WorkerError: on a worker that is unlike the others.
    """
    from distributed import get_worker

    worker = get_worker()
    check_threads(worker.address, worker.state.nthreads)
    told = unlike(expected, {worker.address: this_node(files)})
    if told:
        raise WorkerError(f"a worker that came later is not like the others: {told}; {KEPT}")
    return function(*args)


def check_threads(worker: str, number: int) -> None:
    """Raise a WorkerError unless a worker does one task at a time, in its only thread."""
    if number != 1:
        raise WorkerError(
            f"worker {worker} has {number} threads, expected 1, as a second one would change the"
            " order of sums; start workers with --nthreads 1, as many as there are cores"
        )
