"""A Dask cluster loses its scheduler, or a worker, while it trains a study."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case, recovered, settled
from clusters import Cluster
from trial import REFUSED, Trial, trial

ENDS = "the run ends in a sentence; what is kept stays; it goes on without the cluster"
GOES_ON = "the run goes on by itself, on the other worker"
MOMENTS = (
    ("while a worker trains", "train begins", 2),
    ("when a result has come", "keep begins", 3),
    ("when it is kept", "keep ended", 3),
)


@contextmanager
def on_a_cluster() -> Iterator[tuple[Trial, Cluster]]:
    """Give a trial and a cluster of two workers whose steps are logged too."""
    with trial() as one, Cluster(one.folder, 2, one.environment()) as cluster:
        yield one, cluster


def scheduler_killed(moment: str, hold: str, nth: int) -> Case:
    """Kill the scheduler while the run is at a step."""
    with on_a_cluster() as (one, cluster):
        parent = one.start("--cluster", cluster.address, hold=hold, nth=nth)
        cluster.kill_scheduler()
        if hold != "train begins":
            one.release()
        ended = one.ends(parent, REFUSED, "the scheduler is gone", "finished rounds are kept")
        for worker in cluster.workers:
            worker.kill()
            worker.wait()
        return recovered(one, "scheduler killed", moment, ended.words(), ENDS)


def worker_killed() -> Case:
    """Kill the worker that trains."""
    with on_a_cluster() as (one, cluster):
        parent = one.start("--cluster", cluster.address, hold="train begins", nth=2)
        worker = one.held(parent)
        one.strike()
        os.kill(worker, signal.SIGKILL)
        ended = one.ends(parent, 0)
        return settled(one, "cluster worker killed", "while it trains", ended.words(), GOES_ON)


def cases() -> Iterator[Case]:
    """Try every moment."""
    for moment in MOMENTS:
        yield scheduler_killed(*moment)
    yield worker_killed()
