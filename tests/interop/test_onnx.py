"""ONNX files give what the network gives, in two runtimes, for batches of any size."""

import re

import numpy as np
import onnx
import onnxruntime as runtime
import pytest
import torch
import torch.nn.functional as F
from onnx.reference import ReferenceEvaluator
from random_networks import random_network

from bakeoff import nn
from bakeoff.autodiff import index_select
from bakeoff.errors import InteropError, ModelFileError
from bakeoff.interop import export_onnx, from_torch
from bakeoff.models import MODELS
from nn.networks import NETWORKS as NETWORKS_OF_LAYERS


def exported(network, example, path):
    """Return what runs the file in onnxruntime and in onnx's reference."""
    export_onnx(network, path, example)
    onnx.checker.check_model(str(path), full_check=True)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session, ReferenceEvaluator(str(path))


def assert_gives(runner, network, x, tolerance=1e-5):
    expected = network.eval()(x)
    expected = expected if isinstance(expected, dict) else {"output": expected}
    got = runner.run(None, {"input": x.numpy()})
    names = [
        o if isinstance(o, str) else o.name
        for o in getattr(runner, "output_names", None) or runner.get_outputs()
    ]
    assert names == list(expected)
    for (name, out), values in zip(expected.items(), got, strict=True):
        np.testing.assert_allclose(out.data, values, rtol=tolerance, atol=tolerance, err_msg=name)


def side_by_side(base, networks):
    """Several networks for one input as one: PyTorch's exporter takes a second for each file."""

    class Several(base):
        def forward(self, x):
            outputs = {}
            for name, network in self.named_children():
                out = network(x)
                given = out if isinstance(out, dict) else {"output": out}
                outputs |= {f"{name}.{output}": value for output, value in given.items()}
            return outputs

    several = Several()
    for name, network in networks.items():
        setattr(several, re.sub(r"\W", "_", name), network)
    return several


SMALL = {
    "record": {"width": 2},
    "record-ensemble": {"width": 2, "readers": 2, "zoom": 0.1},
    "mlp": {"inputs": 3, "outputs": 2},
}
SHAPES = {"digit": (1, 14, 14), "disk": (2,), "mlp": (3,)}
NETWORKS = 30


@pytest.mark.parametrize("name", ["pairs", *SHAPES])
def test_competitors_give_the_same_in_both_runtimes(name, tmp_path):
    names = [name] if name in SHAPES else MODELS.keys() - SHAPES.keys()
    networks = {name: MODELS[name](**SMALL.get(name, {})).initialise(0) for name in sorted(names)}
    network = networks[name] if name in SHAPES else side_by_side(nn.Module, networks)
    shape = SHAPES.get(name, (2, 14, 14))
    generator = torch.Generator().manual_seed(0)
    session, reference = exported(network, torch.zeros(1, *shape), tmp_path / "net.onnx")
    x = torch.randn(4, *shape, generator=generator)
    assert_gives(session, network, x, 1e-4)
    assert_gives(reference, network, x[:1], 1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("kinds", [[0], [1, 2, 3, 4]], ids=["vectors", "images"])
def test_random_networks_give_the_same(kinds, dtype, tmp_path):
    single = dtype == torch.float32
    seeds = [seed for seed in range(NETWORKS) if seed % 5 in kinds and seed % 2 == single]
    theirs = {f"network{seed}": random_network(seed)[0].train() for seed in seeds}
    x = random_network(seeds[0])[1]
    network = from_torch(side_by_side(torch.nn.Module, theirs))
    for _ in range(3):
        network(x)  # so that running statistics are not where they began
    if single:
        network, x = network.float(), x.float()
        session, _ = exported(network, x, tmp_path / "net.onnx")
        assert_gives(session, network, x, 1e-4)
        return
    # In float64, which onnxruntime has no convolution for, the two differ in last bits alone.
    export_onnx(network, tmp_path / "net.onnx", x)
    reference = ReferenceEvaluator(str(tmp_path / "net.onnx"))
    for batch in (x, x[:2]):
        assert_gives(reference, network, batch, 1e-8)


class Calls(torch.nn.Module):
    """A module of PyTorch's with a given forward."""

    def __init__(self, forward):
        super().__init__()
        self.given = forward

    def forward(self, x):
        return self.given(x)


class Square:
    def evaluation(self, x):
        return x * x

    def derivative(self, x):
        return 2 * x


class Rows(nn.Module):
    def forward(self, x):
        return index_select(x, 0, torch.tensor([2, 0]))


def overwrites(x):
    y = x * 1.0
    return y + F.relu(y, inplace=True)


IMAGES = {
    "dilation": torch.nn.Conv2d(1, 2, 3, dilation=2),
    "reflect": torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"),
    "same": torch.nn.Conv2d(1, 2, 3, padding="same"),
    "count": torch.nn.AvgPool2d(2, 2, 1, count_include_pad=False),
    "flatten": torch.nn.Flatten(2),
    "pad": Calls(lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect")),
    "beta": Calls(lambda x: F.softplus(x, beta=3.0)),
    "alpha": Calls(lambda x: torch.add(x, x, alpha=2)),
    "in place": Calls(overwrites),
    "three axes": torch.nn.Linear(6, 3),
    "defaults": Calls(
        lambda x: F.max_pool2d(F.pad(F.softplus(x), (1, 1)), 2).flatten(1).softmax(1)
    ),
}


def test_settings_of_pytorchs_mean_the_same(tmp_path):
    x = torch.randn(3, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    network = side_by_side(torch.nn.Module, IMAGES)
    for runner in exported(network, x, tmp_path / "net.onnx"):
        assert_gives(runner, network, x)


@pytest.mark.parametrize("name", ["curves", "words", "channels", "volumes"])
def test_every_layer_gives_the_same(name, tmp_path):
    network = NETWORKS_OF_LAYERS[name].ours().float()
    x = NETWORKS_OF_LAYERS[name].batch(0)[0]
    x = x if name == "words" else x.float()
    network(x)  # so that running statistics are not where they began
    for runner in exported(network, x, tmp_path / "net.onnx"):
        assert_gives(runner, network, x)


def test_own_activations_and_operations_are_written_out(tmp_path):
    own = nn.Sequential(nn.Linear(2, 6), Square(), Rows()).initialise(0)
    x = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    for runner in exported(own, x, tmp_path / "own.onnx"):
        assert_gives(runner, own, x)


REFUSED = {
    "values decide": (Calls(lambda x: x if x.sum() > 0 else -x), "cannot be exported"),
    "tuple": (Calls(lambda x: (x, x)), "gives a tuple, expected a tensor or a mapping"),
    "one size": (Calls(lambda x: x.reshape(3, 36)), "cannot be exported"),
    "no such operator": (Calls(torch.special.bessel_j0), "cannot be exported"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_onnx_would_do_otherwise_is_refused_and_nothing_is_written(name, tmp_path):
    module, words = REFUSED[name]
    with pytest.raises(InteropError, match=words):
        export_onnx(module, tmp_path / "net.onnx", torch.zeros(1, 1, 6, 6))
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelFileError, match="cannot be written"):
        export_onnx(nn.Linear(2, 2).initialise(0), tmp_path / "file" / "x.onnx", torch.zeros(1, 2))
