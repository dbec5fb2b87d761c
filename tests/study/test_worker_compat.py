import attrs

from bakeoff.study.machine import Machine
from bakeoff.study.worker_compat import Files, Node, this_node, unlike

MACHINE = Machine("Xeon", "2.13.0", "3.11.4", "0.1.0")
NODE = Node(MACHINE, (("sources of bakeoff", "1a2b"), ("data", "embedded")))


def with_machine(**changes):
    return attrs.evolve(NODE, machine=attrs.evolve(MACHINE, **changes))


def test_like_nodes_are_alike():
    assert unlike(NODE, {"tcp://a:1": NODE, "tcp://b:1": with_machine()}) == ""


def test_what_differs_is_named_with_where_and_how_often():
    nodes = {"tcp://a:1": NODE, "tcp://b:1": with_machine(torch="2.6.0")}
    assert unlike(NODE, nodes) == "got torch 2.6.0 on tcp://b:1, expected 2.13.0 everywhere"
    nodes["tcp://c:1"] = with_machine(torch="2.7.0", cpu="EPYC")
    assert "torch 2.6.0 on tcp://b:1 and 1 more, expected" in unlike(NODE, nodes)
    for change in ({"python": "3.12.0"}, {"bakeoff": "0.2.0"}):
        assert unlike(NODE, {"tcp://a:1": with_machine(**change)}) != ""


def test_unlike_sources_networks_and_data_are_named():
    expected = attrs.evolve(NODE, hashes=(*NODE.hashes, ("network 'mine:Net'", "77")))
    told = unlike(expected, {"tcp://a:1": NODE})
    assert told == "got network 'mine:Net' none on tcp://a:1, expected 77 everywhere"
    other = attrs.evolve(NODE, hashes=(("sources of bakeoff", "ffff"), ("data", "embedded")))
    assert "got sources of bakeoff ffff on tcp://a:1, expected 1a2b" in unlike(
        NODE, {"tcp://a:1": other}
    )


def test_the_cpu_is_the_one_thing_that_may_be_anothers():
    workers = {"tcp://a:1": with_machine(cpu="EPYC"), "tcp://b:1": with_machine(cpu="EPYC")}
    assert unlike(NODE, workers).startswith("got CPU EPYC on tcp://a:1 and 1 more")
    assert unlike(NODE.with_cpu_of(workers["tcp://a:1"]), workers) == ""
    mixed = workers | {"tcp://c:1": NODE}
    assert "got CPU Xeon on tcp://c:1, expected EPYC" in unlike(
        NODE.with_cpu_of(workers["tcp://a:1"]), mixed
    )


def test_this_process_is_described_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_network_of_nodes.py").write_text("x = 1\n")
    (tmp_path / "train-images-idx3-ubyte").write_text("not read as data here")
    files = Files("network", ("my_network_of_nodes:Net",), str(tmp_path))
    node = this_node(files)
    hashes = dict(node.hashes)
    assert list(hashes) == ["sources of bakeoff", "code of 'my_network_of_nodes:Net'", "data"]
    assert all(len(value) == 12 and int(value, 16) >= 0 for value in hashes.values())
    assert dict(this_node(Files()).hashes)["data"] == "embedded"
    assert this_node(files) is node


def test_what_is_missing_is_told_in_place_of_a_hash(tmp_path):
    hashes = dict(
        this_node(Files("network", ("no_such_module:Net",), str(tmp_path / "none"))).hashes
    )
    assert hashes["code of 'no_such_module:Net'"].startswith("none (code 'no_such_module:Net'")
    assert hashes["data"].startswith("none (")
