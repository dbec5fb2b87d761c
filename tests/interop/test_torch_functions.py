"""PyTorch's functions, called as its users call them, are read by from_torch."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bakeoff.interop import from_torch


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
    ],
)
def test_functions_give_what_pytorchs_give(forward):
    module, x = Calls(forward), torch.linspace(-2, 2, 24).view(4, 6)
    torch.testing.assert_close(from_torch(module)(x).data, module(x))
