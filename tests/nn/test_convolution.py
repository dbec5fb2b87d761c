"""The convolution layer: what it says and what it refuses."""

import pytest
import torch

from bakeoff.errors import ArgumentError, DTypeError, ShapeError
from bakeoff.nn import Conv2d


def layer(*arguments, **more):
    return Conv2d(*arguments, **more, generator=torch.Generator().manual_seed(0))


def test_it_shows_itself_as_pytorchs():
    assert repr(layer(1, 2, 3)) == (
        "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(0, 0), bias=True)"
    )


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((5, 1, 8, 8), r"got a batch of shape \(5, 1, 8, 8\) \(N first\), expected \(N, 2, H, W\)"),
        ((5, 8, 8), r"got a batch of shape \(5, 8, 8\) \(N first\), expected \(N, 2, H, W\)"),
        ((5, 2, 4, 8), r"got images of 4x8, padding included, expected at least 5x3"),
        ((5, 2, 8, 2), r"got images of 8x2, padding included, expected at least 5x3"),
    ],
)
def test_another_shape_is_refused_by_name(shape, words):
    with pytest.raises(ShapeError, match=r"Conv2d\(2, 3, kernel_size=\(5, 3\).*: " + words):
        layer(2, 3, (5, 3))(torch.ones(shape))


def test_padding_counts_before_an_image_is_too_small():
    assert layer(2, 3, (5, 3), padding=(1, 0))(torch.ones(5, 2, 3, 3)).shape == (5, 3, 1, 1)


def test_bytes_as_they_come_from_a_file_are_refused():
    words = r"Conv2d\(1, 2.*got a batch of torch.uint8, expected torch.float32"
    with pytest.raises(DTypeError, match=words):
        layer(1, 2, 3)(torch.zeros(1, 1, 4, 4, dtype=torch.uint8))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"in_channels": 0}, "got in_channels=0, expected a whole number of at least 1$"),
        ({"out_channels": 2.0}, "got out_channels=2.0, expected a whole number of at least 1$"),
        ({"kernel_size": (3, 0)}, r"got kernel_size=\(3, 0\), expected a whole number of at least"),
        ({"kernel_size": (3, 3, 3)}, r"got kernel_size=\(3, 3, 3\).* of at least 1, or two"),
        ({"kernel_size": 2.5}, "got kernel_size=2.5, expected a whole number of at least 1, or"),
        ({"stride": (1.5, 1)}, r"got stride=\(1.5, 1\), expected a whole number of at least 1"),
        ({"stride": 0}, "got stride=0, expected a whole number of at least 1, or two"),
        ({"padding": -1}, "got padding=-1, expected a whole number of at least 0, or two"),
        ({"padding": "same"}, "got padding='same', expected a whole number of at least 0, or two"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, words):
    with pytest.raises(ArgumentError, match=f"Conv2d: {words}"):
        Conv2d(**({"in_channels": 1, "out_channels": 2, "kernel_size": 3} | arguments))
