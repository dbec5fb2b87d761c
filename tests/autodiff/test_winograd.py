"""Winograd's convolution is the convolution, with its gradients, and is taken where it pays."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.autodiff import Tensor, check_grad, convolution, convolve
from bakeoff.errors import ShapeError


def draw(*shapes, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


def torchs(x, weight, padding):
    out = torch.nn.functional.conv2d(x.movedim(-1, 0), weight, padding=padding)
    return out.movedim(0, -1)


def both(x, weight, padding, cotangent_seed=1):
    """Output and gradients of ours, then of PyTorch's."""
    for run, make in (
        (convolution.winograd, lambda a: Tensor(a.clone(), True)),
        (torchs, lambda a: a.clone().requires_grad_()),
    ):
        a, b = make(x), make(weight)
        out = run(a, b, padding)
        (cotangent,) = draw(tuple(out.shape), dtype=x.dtype, seed=cotangent_seed)
        out.backward(cotangent)
        yield [getattr(t, "data", t).detach() for t in (out, a.grad, b.grad)]


sizes = st.integers(1, 11)


@settings(max_examples=25)
@given(st.integers(1, 3), st.integers(1, 3), sizes, sizes, st.integers(1, 3), st.integers(0, 2))
def test_any_size_gives_torchs_output_and_gradients(channels, out, height, width, batch, padding):
    height, width = max(height, 3 - 2 * padding), max(width, 3 - 2 * padding)
    x, weight = draw((channels, height, width, batch), (out, channels, 3, 3))
    ours, wanted = both(x, weight, (padding, padding))
    for got, expected in zip(ours, wanted, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)


def test_rows_and_columns_may_be_padded_differently():
    x, weight = draw((2, 5, 4, 3), (3, 2, 3, 3))
    ours, wanted = both(x, weight, (0, 2))
    for got, expected in zip(ours, wanted, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)


def test_in_float32_the_error_stays_below_what_its_docstring_says():
    x, weight = draw((64, 7, 7, 10), (64, 64, 3, 3), dtype=torch.float32)
    ours, _ = both(x, weight, (1, 1))
    _, wanted = both(x.double(), weight.double(), (1, 1))
    # The cotangents differ in dtype, so only the output is compared.
    assert (ours[0] - wanted[0]).abs().max() < 1e-5 * wanted[0].abs().max()


def test_second_derivatives_are_right():
    x, weight = draw((2, 3, 3, 1), (2, 2, 3, 3))

    def gradient(x, weight):
        out = convolution.winograd(x, weight, (1, 1))
        (out * out * out).sum().backward(create_graph=True)
        return weight.grad

    a, b = Tensor(x, True), Tensor(weight, True)
    gradient(a, b).square().sum().backward()
    c, d = x.clone().requires_grad_(), weight.clone().requires_grad_()
    out = torchs(c, d, (1, 1))
    (first,) = torch.autograd.grad((out**3).sum(), d, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), c)
    (through_c,) = torch.autograd.grad((torchs(c, d, (1, 1)) ** 3).sum(), c)
    torch.testing.assert_close(a.grad.data, second + through_c, rtol=1e-9, atol=1e-9)


def test_the_gradient_checker_agrees():
    check_grad(lambda x, w: convolution.winograd(x, w, (1, 1)), *draw((2, 5, 3, 2), (2, 2, 3, 3)))


@pytest.mark.parametrize(
    ("x", "weight", "stride", "pays"),
    [
        ((32, 7, 7, 2), (32, 32, 3, 3), (1, 1), True),
        ((31, 7, 7, 2), (32, 31, 3, 3), (1, 1), False),
        ((32, 7, 7, 2), (31, 32, 3, 3), (1, 1), False),
        ((32, 7, 7, 2), (32, 32, 3, 3), (2, 1), False),
        ((32, 7, 7, 2), (32, 32, 5, 5), (1, 1), False),
        ((4, 32, 7, 7, 2), (4, 32, 32, 3, 3), (1, 1), False),
    ],
)
def test_wide_convolutions_take_it_and_the_result_is_torchs(x, weight, stride, pays, monkeypatch):
    taken = []
    by_winograd = convolution.winograd
    monkeypatch.setattr(convolution, "winograd", lambda *a: taken.append(1) or by_winograd(*a))
    image, kernels = draw(x, weight)
    got = convolve(Tensor(image), Tensor(kernels), stride=stride, padding=(1, 1)).data
    assert bool(taken) is pays
    if len(x) == 4:
        wanted = torch.nn.functional.conv2d(
            image.movedim(-1, 0), kernels, stride=stride, padding=1
        ).movedim(0, -1)
        torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-10)


def test_a_window_that_does_not_fit_is_refused_as_ever():
    x, weight = draw((32, 2, 2, 1), (32, 32, 3, 3))
    with pytest.raises(ShapeError, match="expected the window to fit"):
        convolve(Tensor(x), Tensor(weight), stride=(1, 1), padding=(0, 0))
