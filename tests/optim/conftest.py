"""The framework works with torch's autograd off; here it always is, but for the oracle."""

import pytest
import torch


@pytest.fixture(autouse=True)
def no_torch_autograd():
    with torch.set_grad_enabled(False):
        yield
