"""`bakeoff run --cluster`: the same rounds from a cluster, and what does not fit."""

import json
import socket

import pytest
from clusters import PATIENCE, Cluster

from bakeoff.study import cluster as module
from bakeoff.system.processes import cpu_model


def test_a_cluster_gives_the_rounds_that_this_machine_gives(bakeoff, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_TO_ATTACH", PATIENCE)
    told = {}
    with Cluster(tmp_path, 1) as cluster:
        for name, where in {
            "here": ["--workers", "1"],
            "there": ["--cluster", cluster.address],
        }.items():
            file = tmp_path / f"{name}.json"
            more = ["--store", tmp_path / f"{name}.sqlite", "--json", file]
            options = ["--only", "model2", "--rounds", "2", "--epochs", "1"]
            code, _, notes = bakeoff("run", *options, *where, *more)
            assert code == 0, notes
            told[name] = json.loads(file.read_text())
    assert f"{cluster.address}: 1 worker on {cpu_model()}" in " ".join(notes.split())
    for document in told.values():
        for round_ in document["competitors"][0]["rounds"]:
            del round_["seconds"]
    assert told["here"]["competitors"] == told["there"]["competitors"]


def test_workers_of_both_kinds_are_refused(bakeoff):
    code, _, told = bakeoff("run", "--cluster", "tcp://127.0.0.1:1", "--workers", "2")
    assert code == 2
    assert told.startswith("bakeoff: --workers: got 2 with --cluster, expected neither or one")


@pytest.mark.parametrize("address", ["here", "tcp://127.0.0.1:{port}"])
def test_a_bad_address_is_one_sentence(bakeoff, address, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "SECONDS_TO_ATTACH", 0.3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = address.format(port=listener.getsockname()[1])
    code, out, told = bakeoff("run", "--cluster", address)
    assert (code, out) == (2, "")
    assert told.count("\n") == 1
    assert told.startswith("bakeoff: cluster: ")
    assert address in told
    assert list(tmp_path.iterdir()) == []
