"""Dask clusters on 127.0.0.1 for the tests: a scheduler and workers, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client

PATIENCE = 200.0
STUDY = Path(__file__).parent
QUIET = ["--no-dashboard", "--host", "127.0.0.1"]


class Cluster:
    """A scheduler and some workers; used as a context manager, which ends them all."""

    def __init__(self, folder, workers):
        self.folder, self.count = Path(folder), workers
        self.workers = []

    def __enter__(self):
        known = self.folder / "scheduler.json"
        options = [*QUIET, "--port", "0", "--scheduler-file", str(known)]
        self.scheduler = self.start("distributed.cli.dask_scheduler", *options)
        eventually(lambda: known.exists() and known.read_text().endswith("}"))
        self.address = json.loads(known.read_text())["address"]
        self.add_workers(self.count)
        return self

    def __exit__(self, *raised):
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()

    def start(self, module, *options):
        path = os.pathsep.join([str(STUDY), *filter(None, sys.path)])
        with open(self.folder / "output", "ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module, *options],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": path},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def add_workers(self, count, threads=1):
        """Start workers and wait until the scheduler knows them."""
        options = [self.address, *QUIET, "--nthreads", str(threads), "--no-nanny"]
        self.workers += [self.start("distributed.cli.dask_worker", *options) for _ in range(count)]
        with Client(self.address, timeout=PATIENCE, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=PATIENCE)

    def kill_worker(self):
        """Kill the worker that came first."""
        worker = self.workers.pop(0)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()

    def kill_scheduler(self):
        os.kill(self.scheduler.pid, signal.SIGKILL)
        self.scheduler.wait()


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
