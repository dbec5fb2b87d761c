"""Dask clusters on 127.0.0.1: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from distributed import Client
from moments import PATIENCE, eventually

QUIET = ("--no-dashboard", "--host", "127.0.0.1")


class Cluster:
    """A scheduler and some workers; used as a context manager, which ends them all.

    Args:
        folder: where they write.
        workers: how many workers.
        environment: more variables for them.

    Attributes:
        address: the scheduler's.
        workers: the workers' processes.
    """

    def __init__(
        self, folder: Path, workers: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder, self.count = folder, workers
        path = os.pathsep.join(filter(None, sys.path))
        self._environment = os.environ | {"PYTHONPATH": path} | dict(environment or {})
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Cluster:
        known = self.folder / "scheduler.json"
        options = [*QUIET, "--port", "0", "--scheduler-file", str(known)]
        self.scheduler = self._start("distributed.cli.dask_scheduler", *options)
        eventually(lambda: known.exists() and known.read_text().endswith("}"))
        self.address = json.loads(known.read_text())["address"]
        self.add_workers(self.count)
        return self

    def __exit__(self, *raised: object) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()

    def _start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module, *options],
                cwd=self.folder,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def add_workers(self, count: int, threads: int = 1) -> None:
        """Start workers and wait until the scheduler knows them."""
        options = [self.address, *QUIET, "--nthreads", str(threads), "--no-nanny"]
        self.workers += [self._start("distributed.cli.dask_worker", *options) for _ in range(count)]
        with Client(self.address, timeout=PATIENCE, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=PATIENCE)

    def kill_worker(self) -> None:
        """Kill the worker that came first."""
        worker = self.workers.pop(0)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()

    def kill_scheduler(self) -> None:
        """Kill the scheduler."""
        os.kill(self.scheduler.pid, signal.SIGKILL)
        self.scheduler.wait()
