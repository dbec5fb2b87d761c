"""ONNX files give what the network gives, in two runtimes, for batches of any size."""

import numpy as np
import onnx
import onnxruntime as runtime
import pytest
import torch
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
