"""Small networks with twins in PyTorch, in which every layer and every loss takes its turn."""

from dataclasses import dataclass

import torch

from bakeoff import nn
from bakeoff.autodiff import Tensor
from nn.arrays import classes, close, draw


@dataclass(frozen=True)
class Network:
    """Layers and a loss by name, with their arguments, and the N-first shape of a batch."""

    layers: tuple
    loss: tuple
    shape: tuple

    def ours(self):
        """Return our network in float64."""
        return nn.Sequential(*made(nn, self.layers)).initialise(seed=3).double()

    def twins(self):
        """Return our network and PyTorch's, in float64, with the same parameters."""
        ours = self.ours()
        theirs = torch.nn.Sequential(*made(torch.nn, self.layers)).double()
        theirs.load_state_dict(ours.state_dict())
        return ours, theirs

    def losses(self):
        return made(nn, [self.loss])[0], made(torch.nn, [self.loss])[0]

    def batch(self, seed):
        """Return inputs, and targets that fit the loss."""
        outputs = next(kw for name, kw in reversed(self.layers) if name == "Linear")["out_features"]
        if self.loss[0] in ("CrossEntropyLoss", "NLLLoss"):
            target = classes(self.shape[:1], outputs, seed)
        else:
            target = draw((self.shape[0], outputs), seed + 500).sigmoid()
        if self.layers[0][0] == "Embedding":
            return classes(self.shape, self.layers[0][1]["num_embeddings"], seed), target
        return draw(self.shape, seed), target


def made(home, specs):
    with torch.random.fork_rng(devices=[]):
        return [getattr(home, name)(**arguments) for name, arguments in specs]


def linear(in_features, out_features, **more):
    return "Linear", {"in_features": in_features, "out_features": out_features, **more}


def conv(in_channels, out_channels, kernel_size, **more):
    return "Conv2d", {
        "in_channels": in_channels,
        "out_channels": out_channels,
        "kernel_size": kernel_size,
        **more,
    }


NETWORKS = {
    "images": Network(
        (
            conv(2, 3, 3, padding=1, bias=False),  # batch norm takes any bias away again
            ("BatchNorm2d", {"num_features": 3}),
            ("MaxPool2d", {"kernel_size": 2}),
            ("ReLU", {}),
            conv(3, 4, (2, 1), stride=(1, 2)),
            ("LeakyReLU", {"negative_slope": 0.1}),
            ("AvgPool2d", {"kernel_size": 2, "stride": 1, "padding": 1}),
            ("Flatten", {}),
            linear(48, 3),
        ),
        ("CrossEntropyLoss", {"label_smoothing": 0.1}),
        (5, 2, 8, 8),
    ),
    "features": Network(
        (
            linear(3, 6, bias=False),
            ("BatchNorm1d", {"num_features": 6, "momentum": 0.3}),
            ("Tanh", {}),
            ("Dropout", {"p": 0.0}),
            linear(6, 5),
            ("Identity", {}),
            ("Sigmoid", {}),
            linear(5, 4),
            ("LogSoftmax", {"dim": 1}),
        ),
        ("NLLLoss", {}),
        (7, 3),
    ),
    "probabilities": Network(
        (linear(3, 6), ("ReLU", {}), linear(6, 4), ("Softmax", {"dim": -1})),
        ("MSELoss", {"reduction": "sum"}),
        (6, 3),
    ),
    "curves": Network(
        (
            linear(3, 8),
            *[(name, {}) for name in ("SELU", "GELU", "Mish", "ELU", "SiLU")],
            ("LayerNorm", {"normalized_shape": 8}),
            *[(name, {}) for name in ("PReLU", "CELU", "Softplus", "ReLU6", "Hardtanh")],
            linear(8, 8),
            ("RMSNorm", {"normalized_shape": (8,)}),
            *[(name, {}) for name in ("Hardswish", "Tanhshrink", "Softsign", "LogSigmoid")],
            linear(8, 8),
            ("GLU", {"dim": 1}),
            ("Hardshrink", {"lambd": 0.1}),
            ("Softshrink", {"lambd": 0.05}),
            linear(4, 3),
            ("Threshold", {"threshold": -1.0, "value": 0.5}),
            linear(3, 2),
            ("Hardsigmoid", {}),
            ("Softmin", {"dim": 1}),
        ),
        ("MSELoss", {}),
        (6, 3),
    ),
    "words": Network(
        (
            ("Embedding", {"num_embeddings": 7, "embedding_dim": 4, "padding_idx": 2}),
            ("InstanceNorm1d", {"num_features": 3, "affine": True}),
            ("Dropout1d", {"p": 0.0}),
            ("Flatten", {}),
            linear(12, 3),
        ),
        ("CrossEntropyLoss", {}),
        (9, 3),
    ),
    "channels": Network(
        (
            ("InstanceNorm2d", {"num_features": 4, "affine": True}),
            ("GroupNorm", {"num_groups": 2, "num_channels": 4}),
            ("LocalResponseNorm", {"size": 3, "alpha": 0.5}),
            ("Dropout2d", {"p": 0.0}),
            ("Softmax2d", {}),
            ("Flatten", {}),
            linear(24, 2),
        ),
        ("MSELoss", {}),
        (5, 4, 2, 3),
    ),
    "volumes": Network(
        (
            ("BatchNorm3d", {"num_features": 2, "momentum": None}),
            ("InstanceNorm3d", {"num_features": 2, "affine": True}),
            ("Dropout3d", {"p": 0.0}),
            ("Flatten", {}),
            linear(48, 2),
        ),
        ("MSELoss", {}),
        (5, 2, 2, 3, 4),
    ),
    "logits": Network(
        (linear(3, 6), ("Tanh", {}), linear(6, 4)), ("BCEWithLogitsLoss", {}), (6, 3)
    ),
    "chances": Network(
        (linear(3, 6), ("Tanh", {}), linear(6, 4), ("Sigmoid", {})), ("BCELoss", {}), (6, 3)
    ),
    "medians": Network((linear(3, 6), ("Tanh", {}), linear(6, 2)), ("L1Loss", {}), (6, 3)),
}


def our_step(network, loss, optimizer):
    """Return a training step: torch tensors x and target to the loss, as a Tensor."""

    def step(x, target):
        optimizer.zero_grad()
        value = loss(network(x), target)
        value.backward()
        optimizer.step()
        return value

    return step


def their_step(network, loss, optimizer):
    def step(x, target):
        optimizer.zero_grad()
        with torch.enable_grad():
            value = loss(network(x), target)
        value.backward()
        optimizer.step()
        return value.detach()

    return step


def train_twins(network, make_ours, make_theirs, steps=10, after=None):
    """Train both for some steps, each on a fresh batch, and hold them together to 1e-8.

    `make_ours(parameters)` and `make_theirs(parameters)` make the optimisers; `after(step, ours,
    theirs)` is called with both optimisers after each step.
    """
    ours, theirs = network.twins()
    loss, their_loss = network.losses()
    optimizer, rival = make_ours(ours.parameters()), make_theirs(theirs.parameters())
    step, rival_step = our_step(ours, loss, optimizer), their_step(theirs, their_loss, rival)
    start = ours.state_dict()
    for i in range(steps):
        x, target = network.batch(i)
        got, expected = step(Tensor(x), Tensor(target)), rival_step(x, target)
        close(got.data, expected, 1e-8, f"loss of step {i}")
        if after is not None:
            after(i, optimizer, rival)
    for name, value in theirs.state_dict().items():
        close(ours.state_dict()[name], value, 1e-8, name)
        moved = (ours.state_dict()[name] - start[name]).abs().max()
        assert moved > 0, f"{name} was not trained"
