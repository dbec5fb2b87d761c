"""ONNX files give what the network gives, in two runtimes, for batches of any size."""

import numpy as np
import onnx
import onnxruntime as runtime
import pytest
import torch
import torch.nn.functional as F
from onnx.reference import ReferenceEvaluator
from random_networks import random_network

from bakeoff import nn
from bakeoff.autodiff import gather
from bakeoff.errors import InteropError, ModelFileError
from bakeoff.interop import export_onnx, from_torch
from bakeoff.models import MODELS


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
    for out, values in zip(expected.values(), got, strict=True):
        np.testing.assert_allclose(out.data.numpy(), values, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["model2+digits-per-image", "model3", "record", "record-ensemble"])
def test_competitors_give_the_same_in_both_runtimes(name, tmp_path):
    options = {"record": {"width": 2}, "record-ensemble": {"width": 2, "readers": 2, "zoom": 0.1}}
    network = MODELS[name](**options.get(name, {})).initialise(0)
    generator = torch.Generator().manual_seed(0)
    session, reference = exported(network, torch.zeros(1, 2, 14, 14), tmp_path / "net.onnx")
    for n in (1, 3):
        x = torch.randn(n, 2, 14, 14, generator=generator)
        assert_gives(session, network, x, 1e-4)
        assert_gives(reference, network, x, 1e-4)
    assert network.training is False


@pytest.mark.parametrize("block", range(5))
def test_random_networks_give_the_same(block, tmp_path):
    for seed in range(block * 8, block * 8 + 8):
        theirs, x = random_network(seed)
        network = from_torch(theirs.train())
        for _ in range(3):
            network(x)  # so that running statistics are not where they began
        # In float64, which onnxruntime has no convolution for, the two differ in last bits alone.
        export_onnx(network, tmp_path / "net.onnx", x)
        reference = ReferenceEvaluator(str(tmp_path / "net.onnx"))
        for batch in (x, x[:2]):
            assert_gives(reference, network, batch, 1e-8)
        network.float()
        x = x.float()
        session, _ = exported(network, x, tmp_path / "net.onnx")
        assert_gives(session, network, x, 1e-4)


class Unknown(nn.Module):
    def __init__(self):
        self.linear = nn.Linear(2, 2)

    def forward(self, x):
        return gather(self.linear(x), torch.zeros(1, 1, dtype=torch.int64), dim=0)


def test_what_has_no_counterpart_is_named_and_nothing_is_written(tmp_path):
    class Square:
        def evaluation(self, x):
            return x * x

        def derivative(self, x):
            return 2 * x

    own = nn.Sequential(nn.Linear(2, 2), Square()).initialise(0)
    with pytest.raises(InteropError, match="layer '1': OwnActivation has no counterpart in ONNX"):
        export_onnx(own, tmp_path / "own.onnx", torch.zeros(1, 2))
    with pytest.raises(InteropError, match="operation 'gather' has no counterpart"):
        export_onnx(Unknown().initialise(0), tmp_path / "own.onnx", torch.zeros(1, 2))
    assert not (tmp_path / "own.onnx").exists()
    (tmp_path / "file").touch()
    with pytest.raises(ModelFileError, match="cannot be written"):
        export_onnx(nn.Linear(2, 2).initialise(0), tmp_path / "file" / "x.onnx", torch.zeros(1, 2))


class Calls(torch.nn.Module):
    """A module of PyTorch's with a given forward."""

    def __init__(self, forward):
        super().__init__()
        self.given = forward

    def forward(self, x):
        return self.given(x)


def overwrites(x):
    y = x * 1.0
    return y + F.relu(y, inplace=True)


REFUSED = {
    "dilation": (torch.nn.Conv2d(1, 2, 3, dilation=2), r"Conv2d has dilation=\(2, 2\), expected"),
    "reflect": (torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"), "padding_mode='refl"),
    "same": (torch.nn.Conv2d(1, 2, 3, padding="same"), "has padding='same', expected numbers"),
    "count": (torch.nn.AvgPool2d(2, 2, 1, count_include_pad=False), "count_include_pad=False"),
    "flatten": (torch.nn.Flatten(2), "Flatten has start_dim=2, expected 1"),
    "pad": (
        Calls(lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect")),
        "pad: got an unexpected .* 'mode'",
    ),
    "beta": (Calls(lambda x: F.softplus(x, beta=3.0)), "softplus: got an unexpected .* 'beta'"),
    "alpha": (Calls(lambda x: torch.add(x, x, alpha=2)), "add: got an unexpected .* 'alpha'"),
    "in place": (Calls(overwrites), "would give other outputs as ONNX"),
    "three axes": (torch.nn.Linear(6, 3), "has no counterpart in ONNX that is sound"),
    "tuple": (Calls(lambda x: (x, x)), "the network gives .*, expected a tensor or a mapping"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_onnx_would_do_otherwise_is_refused_and_nothing_is_written(name, tmp_path):
    module, words = REFUSED[name]
    with pytest.raises(InteropError, match=words):
        export_onnx(torch.nn.Sequential(module), tmp_path / "net.onnx", torch.zeros(1, 1, 6, 6))
    assert not list(tmp_path.iterdir())


def test_defaults_that_pytorch_passes_on_make_no_difference(tmp_path):
    module = Calls(lambda x: F.max_pool2d(F.pad(F.softplus(x), (1, 1)), 2).flatten(1).softmax(1))
    x = torch.randn(3, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    for runner in exported(module, x, tmp_path / "net.onnx"):
        assert_gives(runner, module, x)
