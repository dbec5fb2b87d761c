from __future__ import annotations

import copy
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.autodiff import Tensor
from bakeoff.errors import (
    ArgumentError,
    DivergenceError,
    DTypeError,
    GraphError,
    ModelFileError,
    ShapeError,
)
from bakeoff.interop import save_network
from bakeoff.neural_network import DeadReLUWarning, NeuralNetwork
from bakeoff.nn import (
    BatchNorm1d,
    Dropout,
    Identity,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from bakeoff.optim import SGD


def draw(n=20, features=2, outputs=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, features, generator=generator)
    return x, torch.randn(n, outputs, generator=generator)


def small(seed=0):
    return NeuralNetwork(Linear(2, 5), Tanh(), Linear(5, 1), seed=seed)


def twin(network):
    """Return PyTorch's network with the same layers and weights."""
    kinds = {Tanh: torch.nn.Tanh, Sigmoid: torch.nn.Sigmoid, ReLU: torch.nn.ReLU}
    made = torch.nn.Sequential(
        *[
            torch.nn.Linear(layer.in_features, layer.out_features, layer.bias is not None)
            if isinstance(layer, Linear)
            else kinds[type(layer)]()
            for layer in network.layers
        ]
    )
    made.load_state_dict(network.layers.state_dict())
    return made


def state(network):
    return network.layers.state_dict()


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def close(a, b):
    return all(torch.allclose(a[name], b[name], rtol=1e-5, atol=1e-6) for name in a)


# ---- building --------------------------------------------------------------------------------


def test_weights_are_drawn_from_the_seed_as_layers_are_added():
    at_once, bit_by_bit = small(3), NeuralNetwork(seed=3)
    assert bit_by_bit.add(Linear(2, 5), Tanh()) is bit_by_bit
    bit_by_bit.add(Linear(5, 1))
    assert same(state(at_once), state(bit_by_bit))
    assert same(state(at_once), Sequential(*small().layers).initialise(3).state_dict())
    assert not same(state(at_once), state(small(4)))


def test_weights_drawn_before_are_kept():
    layer = Linear(2, 1, generator=torch.Generator().manual_seed(9))
    before = layer.weight.data.clone()
    assert torch.equal(NeuralNetwork(layer).layers[0].weight.data, before)


def test_a_wrong_layer_adds_none():
    network = small()
    with pytest.raises(DTypeError):
        network.add(Tanh(), "Tanh")
    assert len(network.layers) == 3


def test_it_prints_its_layers():
    assert repr(small()).startswith("NeuralNetwork(\n  (0): Linear(2, 5, bias=True)\n  (1): Tanh(")


# ---- forward and backward --------------------------------------------------------------------


@settings(max_examples=40)
@given(n=st.integers(1, 9), hidden=st.integers(1, 6), outputs=st.integers(1, 3))
def test_forward_and_backward_are_pytorchs(n, hidden, outputs):
    network = NeuralNetwork(Linear(2, hidden), Tanh(), Linear(hidden, outputs), Sigmoid())
    theirs = twin(network)
    x, y = draw(n, 2, outputs)
    output = network.forward(x)
    loss = network.backward(output, y)
    expected = torch.nn.functional.mse_loss(theirs(x), y)
    expected.backward()
    assert output.shape == (n, outputs)
    assert torch.allclose(output.data, theirs(x), atol=1e-6)
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for ours, their in zip(network.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(ours.grad.data, their.grad, rtol=1e-4, atol=1e-6)


def test_backward_accumulates():
    network = small()
    x, y = draw()
    network.backward(network.forward(x), y)
    once = [p.grad.data.clone() for p in network.parameters()]
    network.backward(network.forward(x), Tensor(y))
    for parameter, g in zip(network.parameters(), once, strict=True):
        assert torch.allclose(parameter.grad.data, 2 * g)


def test_backward_reaches_the_input():
    x = Tensor(draw()[0], requires_grad=True)
    network = small()
    network.backward(network.forward(x), draw()[1])
    assert x.grad.shape == x.shape


NAN = float("nan")


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        (torch.zeros(20), ShapeError, r"backward: y: got shape \(20,\), expected \(20, 1\)"),
        (torch.zeros(19, 1), ShapeError, r"got shape \(19, 1\), expected \(20, 1\)"),
        (
            torch.zeros(20, 1, dtype=torch.int64),
            DTypeError,
            r"got torch\.int64, expected torch\.float32; convert with \.to\(torch\.float32\)",
        ),
        (torch.full((20, 1), NAN), ArgumentError, "backward: y: got NaN or infinity in sample 0"),
    ],
)
def test_bad_targets_of_backward(y, error, words):
    network = small()
    output = network.forward(draw()[0])
    with pytest.raises(error, match=words):
        network.backward(output, y)
    assert all(p.grad is None for p in network.parameters())


def test_backward_needs_an_output_of_forward():
    network = small()
    x, y = draw()
    with pytest.raises(GraphError):
        network.backward(Tensor(torch.zeros(20, 1)), y)
    output = network.forward(x)
    network.backward(output, y)
    with pytest.raises(GraphError, match="already used and freed"):
        network.backward(output, y)


@pytest.mark.parametrize("method", ["forward", "predict"])
@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (torch.zeros(4, 3), ShapeError, r"Linear\(2, 5.*\): got a batch of shape \(4, 3\)"),
        (torch.zeros(0, 2), ShapeError, r"x: got shape \(0, 2\), expected \(N, \.\.\.\), at least"),
        (torch.zeros(2), ShapeError, r"x: got shape \(2,\), expected \(N, \.\.\.\)"),
        (torch.zeros(4, 2, dtype=torch.float64), DTypeError, r"x: got torch\.float64, expected"),
        ("points", DTypeError, "Tensor: got str, expected a torch tensor"),
    ],
)
def test_bad_inputs(method, x, error, words):
    with pytest.raises(error, match=words):
        getattr(small(), method)(x)


# ---- training --------------------------------------------------------------------------------


def reference(network, x, y, batch_size, epochs, step, accumulate=1, bias=True, seed=0):
    """Train PyTorch's twin with the mean loss of each group of batches, and return its weights.

    The order of the samples is the network's own; the mean over a group is taken by one loss over
    the samples of all its batches, which is what accumulation must come to.
    """
    from bakeoff import rng

    theirs = twin(network)
    trained = [p for name, p in theirs.named_parameters() if bias or not name.endswith("bias")]
    optimizer = torch.optim.SGD(trained, lr=step)
    losses = []
    for epoch in range(epochs):
        order = torch.randperm(len(x), generator=rng.generator(seed, 0, "order", f"epoch {epoch}"))
        total = 0.0
        for rows in order.split(batch_size * accumulate):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(theirs(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        losses.append(total / len(x))
    return theirs.state_dict(), losses


@settings(max_examples=40)
@given(
    n=st.integers(1, 23),
    batch_size=st.integers(1, 30),
    accumulate=st.integers(0, 5),
    bias=st.booleans(),
)
def test_training_is_gradient_descent_on_groups_of_batches(n, batch_size, accumulate, bias):
    network = small()
    x, y = draw(n)
    expected, losses = reference(network, x, y, batch_size, 3, 0.05, max(accumulate, 1), bias)
    got = network.train(x, y, batch_size, 3, 0.05, accumulate, bias)
    assert close(state(network), expected)
    assert got == pytest.approx(losses, rel=1e-4)
    assert network.epochs == 3
    assert all(p.grad is None for p in network.parameters())


def test_a_training_step_is_small_by_default():
    network, other = small(), small()
    x, y = draw()
    network.train(x, y, 5, 2)
    other.train(x, y, 5, 2, training_step=0.01, grad_accumulate=0, bias=True)
    assert same(state(network), state(other))


def test_the_seed_decides_order_and_result():
    x, y = draw()
    trained = [small(seed) for seed in (1, 1, 2)]
    for network in trained[1:]:
        network.layers.load_state_dict(state(trained[0]))
    for network in trained:
        network.train(x, y, 5, 2)
    assert same(state(trained[0]), state(trained[1]))
    assert not same(state(trained[0]), state(trained[2]))


def test_training_on_goes_on_as_one_training():
    whole, halves = small(), small()
    x, y = draw()
    losses = whole.train(x, y, 6, 4)
    assert halves.train(x, y, 6, 2) + halves.train(x, y, 6, 2) == losses
    assert same(state(whole), state(halves))


def test_training_goes_on_after_loading(tmp_path):
    whole, saved = small(), small()
    x, y = draw()
    whole.train(x, y, 6, 4)
    saved.train(x, y, 6, 2)
    saved.save("half", tmp_path)
    loaded = NeuralNetwork.load("half", tmp_path)
    assert loaded.epochs == 2
    loaded.train(x, y, 6, 2)
    assert same(state(whole), state(loaded))


def test_without_bias_no_bias_moves():
    network = NeuralNetwork(Linear(2, 4), BatchNorm1d(4), Linear(4, 1))
    before = state(network)
    network.train(*draw(), 5, 3, training_step=0.1, bias=False)
    for name, tensor in state(network).items():
        assert torch.equal(tensor, before[name]) == name.endswith("bias"), name


def test_layers_without_bias_train():
    network = NeuralNetwork(Linear(2, 4, bias=False), Tanh(), Linear(4, 1, bias=False))
    x, y = draw()
    expected, _ = reference(network, x, y, 7, 2, 0.05)
    network.train(x, y, 7, 2, 0.05)
    assert close(state(network), expected)


def test_dropout_is_on_in_training_and_off_in_prediction():
    network = NeuralNetwork(Linear(2, 50), Dropout(0.5), Linear(50, 1))
    x, _ = draw()
    assert not torch.equal(network.forward(x).data, network.forward(x).data)
    assert torch.equal(network.predict(x), network.predict(x))
    assert all(module.training for _, module in network.layers.named_modules())
    network.layers[1].eval()
    network.predict(x)
    assert not network.layers[1].training
    assert network.layers[0].training


GOOD = draw()
BAD_TRAINING = [
    ({"x": torch.zeros(20, 3)}, ShapeError, r"Linear\(2, 5, bias=True\): got a batch"),
    ({"x": torch.zeros(0, 2), "y": torch.zeros(0, 1)}, ShapeError, r"train: x: got shape \(0, 2\)"),
    ({"x": torch.zeros(19, 2)}, ShapeError, "got 19 samples x and 20 targets y"),
    ({"y": torch.zeros(20)}, ShapeError, r"train: y: got shape \(20,\)"),
    ({"y": torch.zeros(20, 2)}, ShapeError, r"train: y: got shape \(20, 2\), expected \(20, 1\)"),
    ({"x": GOOD[0].double()}, DTypeError, r"train: x: got torch\.float64, expected torch\.float32"),
    ({"y": GOOD[1].long()}, DTypeError, r"train: y: got torch\.int64, expected torch\.float32"),
    ({"x": GOOD[0].index_fill(0, torch.tensor(7), NAN)}, ArgumentError, "x: got NaN .* sample 7,"),
    (
        {"y": GOOD[1].index_fill(0, torch.tensor(3), float("inf"))},
        ArgumentError,
        "y: got NaN or infinity in sample 3,",
    ),
    ({"batch_size": 0}, ArgumentError, "train: got batch_size=0, expected a whole number of at"),
    ({"batch_size": 2.5}, ArgumentError, r"got batch_size=2\.5"),
    ({"batch_size": True}, ArgumentError, "got batch_size=True"),
    ({"epochs": 0}, ArgumentError, "got epochs=0"),
    (
        {"training_step": 0.0},
        ArgumentError,
        r"got training_step=0\.0, expected more than 0 and finite",
    ),
    ({"training_step": NAN}, ArgumentError, "got training_step=nan"),
    ({"training_step": float("inf")}, ArgumentError, "got training_step=inf"),
    ({"grad_accumulate": -1}, ArgumentError, "got grad_accumulate=-1, expected .* at least 0"),
]


@pytest.mark.parametrize(("change", "error", "words"), BAD_TRAINING)
def test_what_cannot_be_trained_on_changes_nothing(change, error, words):
    network = small()
    before = state(network)
    arguments = {"x": GOOD[0], "y": GOOD[1], "batch_size": 5, "epochs": 2} | change
    with pytest.raises(error, match=words) as told:
        network.train(**arguments)
    assert "\n" not in str(told.value)
    assert same(state(network), before)
    assert network.epochs == 0


def test_nothing_to_train():
    with pytest.raises(ArgumentError, match="nothing to train, expected weights"):
        NeuralNetwork(Identity()).train(GOOD[0], GOOD[0], 5, 1)


def test_a_training_that_diverges_ends_where_its_epoch_began():
    network = small()
    x, y = draw()
    network.train(x, y, 5, 1)
    before = state(network)
    with pytest.raises(DivergenceError, match=r"got a loss of (nan|inf).* training_step=1e\+20"):
        network.train(x, y, 5, 3, training_step=1e20)
    assert same(state(network), before)
    assert network.epochs == 1


def test_an_error_in_the_middle_of_an_epoch_leaves_no_trace():
    # The last batch has one sample, of which batch normalisation can tell no variance.
    network = NeuralNetwork(Linear(2, 4), BatchNorm1d(4), Linear(4, 1))
    before = state(network)
    x, y = draw(11)
    with pytest.raises(ShapeError, match="BatchNorm1d"):
        network.train(x, y, 5, 1)
    assert same(state(network), before)
    assert all(p.grad is None for p in network.parameters())


def test_a_bar_shows_epochs_and_loss(capsys):
    losses = small().train(*draw(), 5, 3, verbose=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "3/3" in shown.err
    assert f"loss {losses[-1]:.5f}" in shown.err
    small().train(*draw(), 5, 3)
    assert capsys.readouterr() == ("", "")


# ---- dead ReLUs ------------------------------------------------------------------------------


def dead():
    network = NeuralNetwork(Linear(2, 3), ReLU(), Linear(3, 1), ReLU())
    network.layers[2].bias.data.fill_(-100.0)
    return network


@pytest.mark.parametrize(
    "ask",
    [
        lambda network, x, y: network.forward(x),
        lambda network, x, y: network.predict(x),
        lambda network, x, y: network.train(x, y, 5, 1),
    ],
)
def test_a_dead_network_warns_once(ask):
    network = dead()
    x, y = draw()
    with pytest.warns(DeadReLUWarning, match="zero for all 20 samples: ReLU '3'.*lower training"):
        ask(network, x, y)
    with warnings.catch_warnings(record=True) as caught:
        network.forward(x)
        network.predict(x)
        network.train(x, y, 5, 2)
    assert caught == []


def test_a_step_too_high_kills_and_is_told():
    network = NeuralNetwork(Linear(2, 5), ReLU(), Linear(5, 1), ReLU(), seed=1)
    x, y = draw()
    with pytest.warns(DeadReLUWarning):
        network.train(x, y.abs(), 20, 3, training_step=100.0)


@pytest.mark.parametrize(
    "network",
    [
        NeuralNetwork(Linear(2, 1)),
        NeuralNetwork(Linear(2, 3, bias=False), ReLU(), Linear(3, 1, bias=False)),
    ],
)
def test_zeros_that_no_relu_made_are_no_reason_to_warn(network):
    for parameter in network.parameters():
        parameter.data.zero_()
    assert not network.forward(draw()[0]).data.any()


def test_one_batch_of_zeros_is_no_dead_network():
    network = NeuralNetwork(Linear(1, 1, bias=False), ReLU())
    network.layers[0].weight.data.fill_(1.0)
    x = torch.cat([torch.full((19, 1), -1.0), torch.ones(1, 1)])
    network.train(x, torch.zeros(20, 1), 1, 3, training_step=1e-6)


# ---- prediction ------------------------------------------------------------------------------


@given(n=st.integers(1, 12), batch_size=st.integers(1, 20))
def test_prediction_in_batches_of_any_size(n, batch_size):
    network = small()
    x, _ = draw(n)
    whole = network.predict(x)
    assert whole.shape == (n, 1)
    assert isinstance(whole, torch.Tensor)
    assert torch.allclose(network.predict(x, batch_size), whole, atol=1e-6)
    assert torch.allclose(whole, network.forward(x).data, atol=1e-6)


def test_prediction_with_a_bad_batch_size():
    with pytest.raises(ArgumentError, match="predict: got batch_size=0"):
        small().predict(GOOD[0], 0)


def through():
    """A network whose output is its input."""
    return NeuralNetwork(Identity())


def test_accuracy_of_one_output():
    x = torch.tensor([[0.4], [0.5], [0.6], [-3.0]])
    assert through().accuracy(x, torch.tensor([[0.0], [1.0], [0.0], [0.0]])) == 0.75
    assert through().accuracy(x, torch.tensor([[0], [1], [1], [0]])) == 1.0


def test_accuracy_of_several_outputs():
    x = torch.tensor([[0.1, 0.5, 0.2], [0.3, 0.2, 0.1], [0.0, 0.0, 1.0]])
    assert through().accuracy(x, torch.tensor([1, 0, 0])) == pytest.approx(2 / 3)
    assert through().accuracy(x, torch.eye(3)[[1, 0, 2]]) == 1.0


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        (torch.zeros(3, 1), ShapeError, r"accuracy: y: got shape \(3, 1\), expected \(4, 1\)"),
        (torch.full((4, 1), 0.5), ArgumentError, "got other targets than 0 and 1"),
        (torch.full((4, 1), NAN), ArgumentError, "NaN"),
        (torch.zeros(4, dtype=torch.int64), ShapeError, r"got shape \(4,\), expected \(4, 1\)"),
    ],
)
def test_bad_targets_of_accuracy(y, error, words):
    with pytest.raises(error, match=words):
        through().accuracy(torch.zeros(4, 1), y)


@pytest.mark.parametrize("bad", [-1, 3])
def test_classes_out_of_range(bad):
    with pytest.raises(ArgumentError, match=f"accuracy: y: got class {bad}, expected 0 to 2"):
        through().accuracy(torch.zeros(2, 3), torch.tensor([0, bad]))
    with pytest.raises(DTypeError, match=r"got torch\.float32, expected torch\.int64"):
        through().accuracy(torch.zeros(2, 3), torch.tensor([0.0, 1.0]))


# ---- files -----------------------------------------------------------------------------------


class Cube(Module):
    """A layer that is not bakeoff's."""

    def forward(self, x):
        return x**3


def test_save_and_load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = NeuralNetwork(Linear(2, 5), Cube(), Linear(5, 1), seed=7)
    network.train(*draw(), 5, 2)
    path = network.save("disk")
    assert str(path) == "models/disk.safetensors"
    loaded = NeuralNetwork.load("disk")
    assert same(state(loaded), state(network))
    assert (loaded.seed, loaded.epochs, repr(loaded)) == (7, 2, repr(network))
    first = path.read_bytes()
    loaded.save("again")
    assert (tmp_path / "models" / "again.safetensors").read_bytes() == first


def test_a_bad_name_or_file_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match=r"model name: got '\.\./disk'"):
        small().save("../disk", tmp_path)
    with pytest.raises(ModelFileError, match="model name: got '/disk'"):
        NeuralNetwork.load("/disk", tmp_path)
    with pytest.raises(ModelFileError, match="found no such file"):
        NeuralNetwork.load("disk", tmp_path)
    save_network(Sequential(Tanh()), tmp_path / "other.safetensors")
    with pytest.raises(ModelFileError, match=r"other\.safetensors: holds another network"):
        NeuralNetwork.load("other", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["other.safetensors"]


def test_a_failed_save_leaves_the_old_file(tmp_path):
    network = small()
    path = network.save("disk", tmp_path)
    before = path.read_bytes()

    class Local(Module):
        pass

    network.add(Local())
    with pytest.raises(ModelFileError, match="define the class at the top level"):
        network.save("disk", tmp_path)
    assert path.read_bytes() == before


def test_copies_are_independent():
    network = small()
    other = copy.deepcopy(network)
    other.train(*draw(), 5, 1)
    assert not same(state(network), state(other))
    assert other.epochs == 1
    assert network.epochs == 0


def test_an_optimiser_of_the_users_own():
    network, other = small(), small()
    x, y = draw()
    optimizer = SGD(network.parameters(), lr=0.1)
    network.backward(network.forward(x), y)
    optimizer.step()
    other.train(x, y, 20, 1, training_step=0.1)
    assert close(state(network), state(other))


def test_no_global_generator_moves():
    before = torch.random.get_rng_state()
    network = NeuralNetwork(Linear(2, 5), Dropout(0.5), Linear(5, 1))
    network.train(*draw(), 5, 2)
    network.accuracy(torch.zeros(3, 2), torch.zeros(3, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        one = state(small())
        torch.manual_seed(2)
        assert same(one, state(small()))


def test_everything_runs_without_torchs_autograd():
    network, without = small(), small()
    network.train(*draw(), 5, 2)
    with torch.no_grad():
        without.train(*draw(), 5, 2)
    assert same(state(without), state(network))
