from __future__ import annotations

import io
import json
import struct
from contextlib import suppress

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save as encode

from bakeoff import nn
from bakeoff.errors import ArgumentError, ModelFileError
from bakeoff.interop import load_network, load_weights, save_network, save_weights
from bakeoff.nn import Linear, Sequential, Tanh, lockstep
from bakeoff.optim import SGD


def make(seed=0):
    return Sequential(Linear(2, 4), Tanh(), Linear(4, 1)).initialise(seed)


def state_of(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.safetensors"


def metadata(path):
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    return json.loads(content[8 : 8 + length])["__metadata__"]


def test_a_network_comes_back(path):
    network = make()
    save_network(network, path, {"seed": 3, "name": "é"})
    again, notes = load_network(path)
    assert equal(again.state_dict(), network.state_dict())
    assert notes == {"seed": 3, "name": "é"}
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again(x).data, network(x).data)


def test_the_bytes_are_the_same_at_each_save(path):
    saves = set()
    for notes in ({"a": 1, "b": 2}, {"b": 2, "a": 1}):
        for _ in range(4):
            save_network(make(), path, notes)
            saves.add(path.read_bytes())
    assert len(saves) == 1
    told = metadata(path)
    assert list(told) == ["bakeoff"]
    parsed = json.loads(told["bakeoff"])
    assert told["bakeoff"] == json.dumps(parsed, sort_keys=True, separators=(",", ":"))


def test_weights_that_are_views_of_one_block_are_copied(path):
    network = make()
    SGD(network.parameters(), lr=0.1)
    assert network[0].weight.data.untyped_storage().nbytes() > 4 * 8
    network[2].weight.data = network[2].weight.data.T.contiguous().T  # not contiguous
    save_network(network, path)
    assert equal(load_network(path)[0].state_dict(), network.state_dict())
    assert path.stat().st_size < 1200


def test_float64_stays_float64(path):
    network = make()
    for parameter in network.parameters():
        parameter.data = parameter.data.double() / 3
    save_network(network, path)
    assert equal(load_network(path)[0].state_dict(), network.state_dict())


def test_shared_layers(path):
    shared = Linear(3, 3)
    network = Sequential(shared, Tanh(), shared).initialise(1)
    save_network(network, path)
    again = load_network(path)[0]
    assert again[0] is again[2]
    assert equal(again.state_dict(), network.state_dict())


def test_weights_alone(path):
    network, other = make(0), make(1)
    save_weights(network, path)
    load_weights(other, path)
    assert equal(other.state_dict(), network.state_dict())
    with pytest.raises(ModelFileError, match="holds tensors but no network of bakeoff's"):
        load_network(path)


def test_pytorch_reads_and_writes_weights(path):
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    with torch.no_grad():
        for i, parameter in enumerate(theirs.parameters()):
            parameter.fill_(0.1 * i)
    path.write_bytes(encode(theirs.state_dict()))
    ours = make()
    load_weights(ours, path)
    assert equal(ours.state_dict(), theirs.state_dict())


def test_undrawn_and_lockstep_networks_are_not_saved(path):
    with pytest.raises(ArgumentError, match=r"save: parameter '0\.weight' was never drawn"):
        save_network(Sequential(Linear(2, 1)), path)
    with pytest.raises(ArgumentError, match="got 3 rounds in lockstep, expected a single network"):
        save_network(lockstep(Sequential(Linear(2, 1)), 3).initialise(), path)
    assert not path.exists()


@given(cut=st.integers(0, 10**6))
def test_a_truncated_file_is_refused(cut, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "truncated.safetensors"
    save_network(make(), path)
    content = path.read_bytes()
    path.write_bytes(content[: cut % len(content)])
    network = make(1)
    before = state_of(network)
    for load in (load_network, lambda path: load_weights(network, path)):
        with pytest.raises(ModelFileError, match=r"damaged or no safetensors file") as told:
            load(path)
        assert "\n" not in str(told.value)
    assert equal(network.state_dict(), before)


@given(data=st.data())
def test_a_damaged_file_is_refused_or_harmless(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    save_network(make(), path, {"seed": 1})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(ModelFileError):
        load_network(path)


def pickled():
    buffer = io.BytesIO()
    torch.save({"0.weight": torch.zeros(4, 2)}, buffer)
    return buffer.getvalue()


def told(value):
    return encode({"x": torch.zeros(1)}, metadata={"bakeoff": value})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged or no safetensors file"),
        (b"a picture, perhaps, or a poem", "damaged or no safetensors file"),
        (pickled(), "damaged or no safetensors file"),
        (encode({"x": torch.zeros(1)}), "holds tensors but no network"),
        (encode({"x": torch.zeros(1)}, metadata={"format": "pt"}), "holds tensors but no network"),
        (told("{"), "damaged"),
        (told("[" * 100_000), "damaged"),
        (told("3"), "holds tensors but no network"),
        (told("{}"), "holds tensors but no network"),
        (told('{"format":1,"network":{"class":"Tanh"}}'), "holds tensors but no network"),
        (told('{"format":2}'), "is in format 2, expected 1; it needs a newer bakeoff"),
        (told('{"format":1,"network":{"class":"Linaer"},"notes":{}}'), "did you mean 'Linear'"),
        (told('{"format":1,"network":{"class":"Tanh"},"notes":{}}'), "do not fit the network"),
    ],
)
def test_a_foreign_file_is_refused(path, content, words):
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=words) as raised:
        load_network(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def rewritten(state, change):
    state = state_of(state)
    change(state)
    return encode(state)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("2.bias"), r"missing \['2\.bias'\]"),
        (lambda s: s.update(more=torch.zeros(1)), r"unknown \['more'\]"),
        (lambda s: s.update({"0.weight": torch.zeros(4, 3)}), r"0\.weight: got shape \(4, 3\)"),
        (
            lambda s: s.update({"2.bias": torch.zeros(1, dtype=torch.int64)}),
            r"2\.bias: got torch\.int64, expected torch\.float32",
        ),
        (
            lambda s: s.update({"2.bias": torch.zeros(1, dtype=torch.float64)}),
            r"2\.bias: got torch\.float64, expected torch\.float32",
        ),
    ],
)
def test_a_file_of_another_network_leaves_this_one_untouched(path, change, words):
    network = make()
    before = state_of(network)
    path.write_bytes(rewritten(make(1), change))
    with pytest.raises(ModelFileError, match=words) as raised:
        load_weights(network, path)
    assert "nothing was changed" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert equal(network.state_dict(), before)


def test_every_loaded_parameter_counts_as_drawn(path):
    save_network(make(), path)
    loaded = load_network(path)[0]
    assert all(parameter.ready for parameter in loaded.parameters())
    assert nn.count_parameters(loaded) == 17
