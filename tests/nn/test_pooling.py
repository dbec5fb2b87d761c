"""The pooling layers: ties, paddings, and what they refuse."""

import pytest
import torch

from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError, ShapeError
from bakeoff.nn import AvgPool2d, MaxPool2d


def test_the_first_of_equal_elements_takes_the_gradient():
    x = Tensor(torch.ones(1, 1, 2, 2), requires_grad=True)
    MaxPool2d(2)(x).sum().backward()
    assert x.grad.data.flatten().tolist() == [1.0, 0.0, 0.0, 0.0]


def test_the_padding_never_wins():
    x = -torch.ones(1, 1, 2, 2)
    assert MaxPool2d(2, padding=1)(x).data.unique().tolist() == [-1.0]
    assert AvgPool2d(2, padding=1)(x).data.unique().tolist() == [-0.25]


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
def test_what_does_not_fit_is_refused_by_name(kind):
    name = kind.__name__
    with pytest.raises(ShapeError, match=rf"{name}\(kernel_size=\(3, 3\).*got images of 2x4"):
        kind(3)(torch.ones(1, 1, 2, 4))
    with pytest.raises(ShapeError, match=rf"{name}.*got a batch of shape \(2, 4\) \(N first\)"):
        kind(2)(torch.ones(2, 4))
    with pytest.raises(ArgumentError, match=f"{name}: got kernel_size=0, expected a whole"):
        kind(0)
    with pytest.raises(ArgumentError, match=rf"{name}: got stride=\(1, 0\), expected a whole n"):
        kind(2, stride=(1, 0))
    with pytest.raises(ArgumentError, match=f"{name}: got padding=2, expected at most half of"):
        kind(3, padding=2)
