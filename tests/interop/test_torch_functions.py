"""PyTorch's functions, called as its users call them, are read by from_torch."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bakeoff.autodiff import capture
from bakeoff.interop import from_torch, to_torch
from bakeoff.nn import CrossEntropyLoss
from bakeoff.optim import SGD


class Calls(nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.given = forward

    def forward(self, x):
        return self.given(x)


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: F.softmax(x, dim=1),
        lambda x: F.log_softmax(x, 1),
        lambda x: F.leaky_relu(x, 0.2),
        lambda x: F.max_pool2d(x.view(-1, 1, 2, 3), 2, stride=1),
        lambda x: F.avg_pool2d(x.view(-1, 1, 2, 3), 2, 1, divisor_override=None),
        lambda x: F.avg_pool2d(input=x.view(size=(-1, 1, 2, 3)), kernel_size=2),
        lambda x: F.gelu(x, approximate="tanh") + F.elu(x, 0.5) - F.silu(x, inplace=False),
        lambda x: F.softplus(x, beta=2) * F.hardtanh(x, -0.5, max_val=1.5) + F.selu(x),
        lambda x: (
            F.glu(x) + F.softshrink(F.mish(F.relu6(x)))[:, :3] * F.softsign(F.tanhshrink(x))[:, :3]
        ),
        lambda x: torch.swapaxes(x.view(4, 2, 3), 1, 2).flatten(start_dim=1),
        lambda x: torch.permute(x, (1, 0)).unsqueeze(0).squeeze(0),
        lambda x: x.view(-1, 2, 3)[..., None, 0],
        lambda x: x.view(-1, 2, 3)[1:, ..., 0],
        lambda x: x.split([1, 2, 3], dim=1)[2] + torch.chunk(x, 2, -1)[0],
        lambda x: x.sum(0) + x.unbind()[0] + x.mean((0,)),
        lambda x: torch.true_divide(x, x.shape[1]) * x.size(0),
    ],
)
def test_functions_give_what_pytorchs_give(forward):
    module, x = Calls(forward), torch.linspace(-2, 2, 24).view(4, 6)
    torch.testing.assert_close(from_torch(module)(x).data, module(x))


def own_memory(x):
    y = F.avg_pool2d(x.view(-1, 1, 2, 3), 2)
    rows = y.size(0)
    y -= 1
    return F.relu(y.exp(), inplace=True).view(rows, -1)


def test_what_is_written_over_and_read_by_nobody_else_is_computed_anew():
    module, x = Calls(own_memory), torch.linspace(-2, 2, 24).view(4, 6)
    torch.testing.assert_close(from_torch(module)(x).data, module(x))


def test_the_number_of_samples_may_be_computed_with():
    module, x = Calls(lambda x: x * x.size(0)), torch.linspace(-2, 2, 24).view(4, 6)
    back = to_torch(from_torch(module), x)
    torch.testing.assert_close(back(x[:3]), module(x[:3]))


class Masked(nn.Module):
    """Reads a buffer that it does not save."""

    def __init__(self, mask):
        super().__init__()
        self.linear = nn.Linear(6, 2)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        return self.linear(x) * self.mask


def test_a_buffer_that_is_not_saved_is_read():
    module, x = Masked(torch.tensor([0.5, 2.0])), torch.linspace(-2, 2, 24).view(4, 6)
    torch.testing.assert_close(from_torch(module)(x).data, module(x))


class Residual(nn.Module):
    """As people write them: a way around, written over in place, and two outputs by name."""

    def __init__(self):
        super().__init__()
        self.first, self.body = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.relu = nn.BatchNorm2d(4), nn.ReLU(inplace=True)
        self.scale = nn.Parameter(torch.full((4, 1, 1), 0.5))
        self.head, self.other = nn.Linear(16, 2), nn.Linear(4, 3)

    def forward(self, x):
        x = self.relu(self.norm(self.first(x)))
        for _ in range(2):  # the same layer twice
            out = self.body(x) * self.scale
            out += x
            x = F.relu(out)
        pooled = F.max_pool2d(x, 2)
        return {
            "target": self.head(pooled.view(x.size(0), -1)),
            "other": self.other(x.mean((2, 3))),
        }


def test_a_residual_network_trains_as_in_pytorch():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 1, 4, 4, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 2, (6,), generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        theirs = Residual().double()
    ours = from_torch(theirs)
    loss, optimizer = CrossEntropyLoss(), SGD(ours.parameters(), lr=0.1)

    def step(x, y):
        optimizer.zero_grad()
        outputs = ours(x)
        total = loss(outputs["target"], y) + loss(outputs["other"], y)
        total.backward()
        optimizer.step()

    plan = capture(step, x, y)
    rival = torch.optim.SGD(theirs.parameters(), lr=0.1)
    for _ in range(5):
        plan(x, y)
        rival.zero_grad()
        with torch.enable_grad():
            outputs = theirs(x)
            sum(F.cross_entropy(outputs[name], y) for name in outputs).backward()
        rival.step()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, check_dtype=False)
