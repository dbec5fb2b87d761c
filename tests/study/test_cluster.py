"""A study on a Dask cluster: the same bits as here, whoever is killed."""

import logging
import os
import signal
import socket
from collections import Counter

import attrs
import pytest
from clusters import PATIENCE, Cluster

import trainers
from bakeoff.errors import ArgumentError
from bakeoff.study import cluster as module
from bakeoff.study import worker_compat
from bakeoff.study.cluster import ClusterPool, attached, check_threads
from bakeoff.study.run import Listener, RunOptions, run_study
from bakeoff.study.store import Store
from bakeoff.study.workers import LocalPool, WorkerError, belong_to_parent
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

RECIPE = Recipe(epochs=1, batch_size=10)
REAL = NetworkStudy(
    "real",
    "Which?",
    [NetworkCompetitor("model1", recipe=RECIPE), NetworkCompetitor("model2", recipe=RECIPE)],
    rounds=4,
    train_size=40,
    test_size=40,
)
MADE = NetworkStudy(
    "made",
    "Which?",
    [NetworkCompetitor("a", options={"ms": 200}), NetworkCompetitor("bb")],
    rounds=6,
)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr(module, "SECONDS_TO_ATTACH", PATIENCE)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), 2) as cluster:
        yield cluster


LASTING = trainers.fakes(trainers.lasting)


def without_seconds(results):
    return [attrs.evolve(result, seconds=0.0) for result in results]


def once(action):
    """Return a listener that acts when the first results are kept."""
    calls = []

    def act(results):
        if not calls:
            calls.append(results)
            action()

    return Listener(on_results=act)


def test_a_killed_worker_changes_no_bit(two_workers):
    options = RunOptions(repeat_first=False)
    pool = ClusterPool(two_workers.address)
    assert pool.workers == 2
    try:
        told = run_study(REAL, options, pool=pool, listener=once(two_workers.kill_worker))
    finally:
        two_workers.add_workers(1)
    here = run_study(REAL, options, pool=LocalPool(1))
    assert len(told.results.results) == 8
    assert without_seconds(told.results.results) == without_seconds(here.results.results)
    assert told.results.results[0].attachment("weights")
    assert told.machines == here.machines


def test_ctrl_c_ends_a_run_and_leaves_the_cluster(two_workers, tmp_path):
    study = MADE.only(["a"])
    options = RunOptions(repeat_first=False)
    interrupt = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        run_study(
            study,
            options,
            store=tmp_path / "store",
            pool=ClusterPool(two_workers.address),
            listener=interrupt,
            prepare=LASTING,
        )
    with Store(tmp_path / "store", read_only=True) as store:
        kept = len(store.read("SELECT * FROM rounds"))
        assert store.read("SELECT * FROM claims") == []
    assert 1 <= kept < 6
    pool = ClusterPool(two_workers.address)
    told = run_study(study, options, store=tmp_path / "store", pool=pool, prepare=LASTING)
    assert len(told.results.results) == 6


def test_a_rehearsal_is_trained_twice(two_workers, tmp_path):
    options = RunOptions(data_dir=str(tmp_path), repeat_first=True)
    prepare = trainers.fakes(trainers.noted)
    run_study(MADE, options, pool=ClusterPool(two_workers.address), prepare=prepare)
    begun = [line for line in (tmp_path / "log").read_text().splitlines() if "train " in line]
    trained = Counter(" ".join(line.split()[3:]) for line in begun)
    assert sorted(trained.values()) == [1] * 11 + [2]


def test_an_error_of_training_is_told_as_it_is(two_workers):
    options = RunOptions(repeat_first=False)
    pool, prepare = ClusterPool(two_workers.address), trainers.fakes(trainers.failing)
    with pytest.raises(ValueError, match="the network is wrong"):
        run_study(MADE, options, pool=pool, prepare=prepare)


def test_unlike_workers_are_named_before_the_first_task(two_workers, monkeypatch):
    here = NetworkStudy.machine()
    other = staticmethod(lambda: attrs.evolve(here, torch="1.0"))
    monkeypatch.setattr(NetworkStudy, "machine", other)
    worker_compat.this_node.cache_clear()
    try:
        with pytest.raises(WorkerError) as raised:
            ClusterPool(two_workers.address)
    finally:
        worker_compat.this_node.cache_clear()
    told = str(raised.value)
    assert f"got torch {here.torch} on tcp://127.0.0.1:" in told
    assert "and 1 more, expected 1.0 everywhere" in told


def test_a_worker_that_comes_late_is_looked_at_too(two_workers):
    pool = ClusterPool(two_workers.address)
    pool._node = attrs.evolve(pool._node, hashes=(("sources of bakeoff", "0"),))
    try:
        with pytest.raises(WorkerError, match="came later is not like the others: got sources"):
            pool.submit(pow, 2, 3).result(PATIENCE)
    finally:
        pool.stop()


def test_a_worker_has_one_thread():
    with pytest.raises(WorkerError, match=r"worker tcp://a:1 has 4 threads, expected 1"):
        check_threads("tcp://a:1", 4)


def test_the_scheduler_lost_is_a_clear_end_and_loses_nothing(tmp_path):
    study = MADE.only(["a"])
    options = RunOptions(repeat_first=False)
    with Cluster(tmp_path, 1) as cluster:
        pool = ClusterPool(cluster.address)
        with pytest.raises(WorkerError, match=f"{cluster.address}: the scheduler is gone; finishe"):
            run_study(
                study,
                options,
                store=tmp_path / "store",
                pool=pool,
                listener=once(cluster.kill_scheduler),
                prepare=LASTING,
            )
    with Store(tmp_path / "store", read_only=True) as store:
        assert len(store.read("SELECT * FROM rounds")) == 1
        assert store.read("SELECT * FROM claims") == []
    pool = LocalPool(1, begin=belong_to_parent)
    told = run_study(study, options, store=tmp_path / "store", pool=pool, prepare=LASTING)
    expected = [trainers.result(study, study.competitors[0], r) for r in range(6)]
    assert list(told.results.results) == expected


def test_a_run_without_workers_ends_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LOOKS", 0.0)
    options = RunOptions(repeat_first=False)
    with Cluster(tmp_path, 1) as cluster:
        pool = ClusterPool(cluster.address, patience=0.5)
        listener = once(cluster.kill_worker)
        with pytest.raises(WorkerError, match=r"there has been no worker for 0.5 seconds; finish"):
            run_study(MADE.only(["a"]), options, pool=pool, listener=listener, prepare=LASTING)
        with pytest.raises(WorkerError, match="the cluster has no workers; start some with dask"):
            ClusterPool(cluster.address)


# ---- without a cluster ------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["", "localhost", "tcp://localhost", "http://a:80", "tcp:8786"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ArgumentError, match=f"cluster: got '{address}', expected a scheduler's ad"):
        ClusterPool(address)


def test_an_address_where_nobody_answers_is_refused(monkeypatch):
    monkeypatch.setattr(module, "SECONDS_TO_ATTACH", 0.3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(ArgumentError, match=f"found no scheduler at {address} within 0.3 seconds"):
        attached(address)


def test_what_breaks_inside_dask_is_told_by_our_own_errors_alone(monkeypatch):
    monkeypatch.setattr(module, "SECONDS_TO_ATTACH", 0.1)
    with pytest.raises(ArgumentError):
        attached("tcp://127.0.0.1:1")
    for name in ("distributed.client", "distributed.utils", "tornado.application"):
        assert not logging.getLogger(name).isEnabledFor(logging.ERROR), name
