"""Random torch networks of all layers that both sides have, from a seed."""

import random

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

ACTIVATIONS = (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU, lambda: nn.LeakyReLU(0.2), nn.Identity)


def features(draw, channels, side):
    """Return layers for images (N, channels, side, side), and how many features they end with."""
    layers = []
    for _ in range(draw.randint(1, 3)):
        kernel = draw.randint(1, min(3, side))
        stride, padding = draw.randint(1, 2), draw.randint(0, 1)
        out = draw.randint(1, 5)
        layers.append(nn.Conv2d(channels, out, kernel, stride, padding, bias=draw.random() < 0.8))
        channels, side = out, (side + 2 * padding - kernel) // stride + 1
        if draw.random() < 0.4:
            layers.append(nn.BatchNorm2d(channels, affine=draw.random() < 0.7, momentum=0.2))
        if draw.random() < 0.5 and side >= 2:
            pool = draw.choice([nn.MaxPool2d, nn.AvgPool2d])
            layers.append(pool(2, stride=draw.choice([None, 1]), padding=draw.randint(0, 1)))
            pooled = layers[-1]
            side = (side + 2 * pooled.padding - 2) // pooled.stride + 1
        layers.append(draw.choice(ACTIVATIONS)())
    return [*layers, nn.Flatten()], channels * side * side


def head(draw, inputs):
    """Return layers for vectors (N, inputs)."""
    layers = []
    for _ in range(draw.randint(0, 3)):
        hidden = draw.randint(1, 8)
        layers += [nn.Linear(inputs, hidden, bias=draw.random() < 0.8)]
        if draw.random() < 0.4:
            layers.append(nn.BatchNorm1d(hidden, eps=1e-4))
        layers.append(draw.choice(ACTIVATIONS)())
        if draw.random() < 0.3:
            layers.append(nn.Dropout(0.0))
        inputs = hidden
    layers.append(nn.Linear(inputs, draw.randint(1, 4)))
    if draw.random() < 0.3:
        layers.append(draw.choice([nn.Softmax, nn.LogSoftmax])(dim=draw.choice([1, -1])))
    return layers


def nested(draw, layers):
    """Return the layers as a Sequential, some of them in Sequentials of their own."""
    if len(layers) > 3 and draw.random() < 0.5:
        cut = draw.randint(1, len(layers) - 1)
        return nn.Sequential(nested(draw, layers[:cut]), nested(draw, layers[cut:]))
    return nn.Sequential(*layers)


class Joined(nn.Module):
    """Two ways through an image, joined in one of several manners; outputs by name, or one."""

    def __init__(self, draw):
        super().__init__()
        left, wide = features(draw, 1, 6)
        right, narrow = features(draw, 1, 6)
        self.left, self.right = nested(draw, left), nn.ModuleList(right)
        self.manner = draw.choice(["cat", "add", "residual", "scaled"])
        self.skip = nn.Linear(narrow, wide)
        self.scale = nn.Parameter(torch.full((wide,), 0.5))
        self.register_buffer("shift", torch.full((1, wide), 0.25))
        self.head = nested(draw, head(draw, wide * 2 if self.manner == "cat" else wide))
        self.named = draw.random() < 0.5

    def forward(self, pairs):
        first, second = pairs.chunk(2, dim=1)
        a = self.left(first)
        b = second.view(pairs.size(0), 1, 6, 6)
        for layer in self.right:
            b = layer(b)
        b = self.skip(b.flatten(1))
        if self.manner != "residual":
            b = functional.relu(b)
        if self.manner == "cat":
            joined = torch.cat([a, b], 1)
        elif self.manner == "add":
            joined = (a - b) / 2 + torch.stack([a, b], dim=1).mean(1)
        elif self.manner == "residual":
            joined = b
            joined += a.reshape(b.shape[0], -1)
        else:
            joined = a * self.scale + b.clamp(max=1.0) - self.shift
        out = self.head(joined)
        return {"target": out, "square": out**2} if self.named else out


class Shared(nn.Module):
    """One body for both images, seen as a batch of twice the size."""

    def __init__(self, draw):
        super().__init__()
        body, count = features(draw, 1, 6)
        self.body, self.head = nested(draw, body), nested(draw, head(draw, 2 * count))

    def forward(self, pairs):
        both = pairs.reshape(-1, 1, 6, 6)
        joined = torch.sigmoid(self.body(both)).view(pairs.shape[0], -1)
        return self.head(joined.unsqueeze(1).squeeze(1))


class Channels(nn.Module):
    """Means and slices of channels, axes exchanged and back."""

    def __init__(self, draw):
        super().__init__()
        self.conv = nn.Conv2d(2, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.pool = draw.choice([functional.max_pool2d, functional.avg_pool2d])
        self.head = nested(draw, head(draw, 6))

    def forward(self, images):
        x = self.pool(torch.tanh(self.norm(self.conv(images))), 2)
        x = x.permute(0, 2, 3, 1).contiguous().transpose(1, 3).transpose(2, 3)
        halves = torch.cat((x[:, 3:], x[:, :3]), dim=1)
        return self.head(halves.mean(dim=(2, 3)) + x.sum((-2, -1)) * 0.1)


class KinkWatch(TorchFunctionMode):
    """Notes how near the inputs of what runs inside come to a kink: where a slope jumps.

    There the last bit of a sum, which differs between processors, decides about a gradient.
    """

    def __init__(self):
        super().__init__()
        self.nearest = float("inf")

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        if name in ("relu", "leaky_relu"):
            self.note(args[0])
        elif name == "clamp":
            self.note(args[0] - kwargs["max"])
        elif name == "max_pool2d":
            self.note_pool(*args, **kwargs)
        return function(*args, **kwargs)

    def note(self, distances):
        self.nearest = min(self.nearest, distances.detach().abs().min().item())

    def note_pool(self, x, kernel_size, stride=None, padding=0, **_):
        padded = functional.pad(x, [padding] * 4, value=float("-inf"))
        rows = padded.unfold(2, kernel_size, stride or kernel_size)
        windows = rows.unfold(3, kernel_size, stride or kernel_size).flatten(-2)
        largest, second = windows.topk(2).values.unbind(-1)
        self.note(largest - second)


def nearest_kink(network, x):
    """Return how near training and evaluation come to a kink; the network stays as it is."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with KinkWatch() as watch, torch.no_grad():
        for training in (True, False):
            network.train(training)(x)
    network.load_state_dict(before)
    network.train()
    return watch.nearest


def random_network(seed):
    """Return a network and a batch that fits it, (5, 2, 6, 6) or (5, 4), in float64.

    One that comes nearer than 1e-9 to a kink is refused, and the next drawn in its place.
    """
    draw = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        while True:
            network, x = drawn(seed % 5, draw, generator)
            if nearest_kink(network, x) > 1e-9:
                return network, x


def drawn(kind, draw, generator):
    """Return a network of one of five kinds, and a batch for it."""
    if kind == 0:
        network = nested(draw, head(draw, 4))
    elif kind == 1:
        body, count = features(draw, 2, 6)
        network = nested(draw, [*body, *head(draw, count)])
    else:
        network = (Joined, Shared, Channels)[kind - 2](draw)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and layer.affine:
            # Not 1 and 0, which put constant channels exactly on the kink of a ReLU behind them.
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.5, 0.5)
    shape = (5, 4) if kind == 0 else (5, 2, 6, 6)
    return network.double(), torch.randn(shape, generator=generator, dtype=torch.float64)
