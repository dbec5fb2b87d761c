"""PyTorch's functions, called as its users call them, are read by from_torch."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bakeoff.interop import from_torch, to_torch


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
