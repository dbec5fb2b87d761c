"""Convolution and pooling against torch's, for any sizes, strides, padding and leading axes."""

import math

import mistakes
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

import bakeoff.autodiff as ad
from autodiff.walk import normal, ours, same, theirs
from bakeoff.autodiff import Tensor, check_grad
from bakeoff.errors import ArgumentError, ShapeError


def batch_first(x):
    return x.movedim(-1, 0)


def batch_last(x):
    return x.movedim(0, -1)


small = st.integers(1, 3)
pairs = st.tuples(small, small)


@st.composite
def convolutions(draw):
    """Images, kernels and bias; stride and padding."""
    size = draw(pairs)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    # At least as large as the window, once padded.
    image = [
        max(k - 2 * p, 1) + draw(st.integers(0, 4)) for k, p in zip(size, padding, strict=True)
    ]
    channels, out_channels, batch = draw(small), draw(small), draw(st.integers(0, 3))
    x = normal((channels, *image, batch), seed=1)
    weight = normal((out_channels, channels, *size), seed=2)
    bias = draw(st.sampled_from([[], [normal((out_channels,), seed=3)]]))
    return [x, weight, *bias], draw(pairs), padding


@settings(max_examples=60)
@given(convolutions())
def test_a_convolution_is_torchs(case):
    args, stride, padding = case
    got, got_grads = ours(lambda *a: ad.convolve(*a, stride=stride, padding=padding), args)
    expected, expected_grads = theirs(
        lambda x, *a: (
            batch_last(functional.conv2d(batch_first(x), *a, stride, padding))
            if len(a) == 2
            else batch_last(functional.conv2d(batch_first(x), *a, None, stride, padding))
        ),
        args,
    )
    same(got, expected)
    for g, e in zip(got_grads, expected_grads, strict=True):
        same(g, e)


def test_leading_axes_are_convolutions_of_their_own():
    x, weight, bias = normal((5, 2, 6, 5, 3), 1), normal((5, 4, 2, 3, 3), 2), normal((5, 4), 3)
    got = ad.convolve(Tensor(x), Tensor(weight), Tensor(bias), stride=(2, 1), padding=(1, 0))
    for i in range(5):
        alone = functional.conv2d(batch_first(x[i]), weight[i], bias[i], (2, 1), (1, 0))
        same(got.data[i], batch_last(alone))
    without = ad.convolve(Tensor(x), Tensor(weight), stride=(2, 1), padding=(1, 0))
    same(without.data, got.data - bias[:, :, None, None, None])


def test_convolutions_pass_the_checker():
    check_grad(
        lambda *a: ad.convolve(*a, stride=(2, 1), padding=(0, 1)),
        normal((2, 2, 4, 3, 2), 1),
        normal((2, 2, 2, 2, 3), 2),
        normal((2, 2), 3),
    )


@settings(max_examples=40)
@given(st.data())
def test_pooling_is_torchs(data):
    size, stride = data.draw(pairs), data.draw(pairs)
    image = [k + data.draw(st.integers(0, 4)) for k in size]
    x = normal((data.draw(small), *image, data.draw(small)), seed=data.draw(small))
    if data.draw(st.booleans()):
        x = x.round()  # many ties
    for pool, twin in [(ad.max_pool, functional.max_pool2d), (ad.avg_pool, functional.avg_pool2d)]:
        got, (got_grad,) = ours(lambda x, pool=pool: pool(x, size=size, stride=stride), [x])
        expected, (expected_grad,) = theirs(
            lambda x, twin=twin: batch_last(twin(batch_first(x), size, stride)), [x]
        )
        same(got, expected)
        same(got_grad, expected_grad)


@pytest.mark.parametrize("stride", [(2, 2), (1, 1)])
def test_nan_is_the_largest_of_its_window_and_takes_the_gradient(stride):
    x = normal((1, 6, 4, 3), seed=1)
    x[0, 1::4, 1, :2] = math.nan
    x[0, 0, 3, 1], x[0, 3, 3], x[0, 4:, 2:, 2] = math.inf, math.inf, -math.inf
    got, (got_grad,) = ours(lambda x: ad.max_pool(x, size=(2, 2), stride=stride), [x])
    expected, (expected_grad,) = theirs(
        lambda x: batch_last(functional.max_pool2d(batch_first(x), 2, stride)), [x]
    )
    torch.testing.assert_close(got, expected, equal_nan=True)
    same(got_grad, expected_grad)
    g, r, keep = normal(got.shape, seed=2), normal(x.shape, seed=3), {"size": (2, 2)}
    there = ad.OPERATIONS["route"](g, x, got, stride=stride, **keep)
    back = ad.OPERATIONS["collect"](r, x, got, stride=stride, **keep)
    same((there.data * r).sum(), (g * back.data).sum())


def test_the_first_of_equal_elements_in_row_major_order_takes_the_gradient():
    x = Tensor(torch.tensor([[1.0, 5.0], [5.0, 5.0]]).reshape(1, 2, 2, 1), requires_grad=True)
    ad.max_pool(x, size=(2, 2), stride=(2, 2)).sum().backward()
    assert x.grad.reshape(2, 2).tolist() == [[0.0, 1.0], [0.0, 0.0]]


IMAGES, KERNELS = torch.ones(2, 5, 5, 3), torch.ones(4, 2, 3, 3)


def conv(x, weight, stride=(1, 1), padding=(0, 0)):
    return ad.convolve(Tensor(x), Tensor(weight), stride=stride, padding=padding)


MISTAKES = [
    (lambda: conv(IMAGES[:1], KERNELS), ShapeError, "convolve: got 1 input channels, expected 2"),
    (
        lambda: conv(IMAGES[..., 0], KERNELS),
        ShapeError,
        "convolve: got images (2, 5, 5) and kernels (4, 2, 3, 3), expected (..., C, H, W, N) and",
    ),
    (
        lambda: conv(IMAGES[:, :2], KERNELS),
        ShapeError,
        "got images of 2x5 (with padding) and a window of 3x3, expected the window to fit",
    ),
    (
        lambda: conv(IMAGES, KERNELS, stride=(0, 1)),
        ArgumentError,
        "window: got size=(3, 3) and stride=(0, 1), expected numbers of at least 1",
    ),
    (
        lambda: conv(IMAGES, KERNELS, padding=(-1, 0)),
        ShapeError,
        "pad: got (2, 5, 5, 3) and pad=(0, 0, 0, 0, -1, -1), expected",
    ),
    (
        lambda: ad.max_pool(Tensor(IMAGES), size=(2, 2), stride=(2, -1)),
        ArgumentError,
        "stride=(2, -1), expected numbers of at least 1",
    ),
    (
        lambda: ad.avg_pool(Tensor(IMAGES), size=(0, 2), stride=(1, 1)),
        ArgumentError,
        "got size=(0, 2)",
    ),
    (
        lambda: ad.max_pool(Tensor(IMAGES), size=(6, 2), stride=(1, 1)),
        ShapeError,
        "got images of 5x5 (with padding) and a window of 6x2",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m[2])
def test_mistakes_say_what_was_got_and_what_was_expected(mistake):
    mistakes.check(mistake)
