"""Where elementwise operations are known by heart: kinks, large numbers, numbers as operands."""

import math
import operator

import pytest
import torch
from torch.nn import functional

import bakeoff.autodiff as ad
from autodiff.walk import ours, same, theirs
from bakeoff.autodiff import Tensor
from bakeoff.errors import DTypeError

INF = math.inf
NAMES_OF_ONE = ("relu", "exp", "log", "sqrt", "square", "tanh", "sigmoid", "abs")


def slopes(f, *values):
    """The derivative of f at each value."""
    x = Tensor(torch.tensor(values, dtype=torch.float64), requires_grad=True)
    f(x).sum().backward()
    return x.grad.tolist()


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (ad.relu, [-1.0, 0.0, -0.0, 2.0, -INF, INF], [0, 0, 0, 1, 0, 1]),
        (lambda x: ad.leaky_relu(x, negative_slope=0.1), [-1.0, 0.0, 2.0], [0.1, 0.1, 1]),
        (ad.abs, [-1.0, 0.0, 2.0], [-1, 0, 1]),
        (lambda x: x.clamp(-1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0], [0, 1, 1, 1, 0]),
        (lambda x: x.clamp(min=0), [-2.0, 0.0, INF], [0, 1, 1]),
        (lambda x: x.clamp(max=0), [-INF, 0.0, 2.0], [1, 1, 0]),
        (lambda x: ad.maximum(x, Tensor(1.0)), [0.0, 1.0, 2.0], [0, 0.5, 1]),
        (lambda x: ad.minimum(Tensor(1.0), x), [0.0, 1.0, 2.0], [1, 0.5, 0]),
        (lambda x: x.max(), [3.0, 1.0, 3.0, 3.0], [1 / 3, 0, 1 / 3, 1 / 3]),
        (lambda x: x.max(0)[0], [1.0, 3.0, 3.0], [0, 1, 0]),
        (lambda x: x**2, [0.0, -3.0], [0, -6]),
        (lambda x: x**1, [0.0, -3.0], [1, 1]),
        (lambda x: x**0, [0.0, -3.0], [0, 0]),
        (ad.sqrt, [0.0, 4.0], [INF, 0.25]),
    ],
)
def test_the_slope_at_kinks_and_ends(f, at, expected):
    assert slopes(f, *at) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("f", "twin"),
    [
        (ad.softplus, functional.softplus),
        (ad.sigmoid, torch.sigmoid),
        (ad.tanh, torch.tanh),
        (lambda x: ad.logsumexp(x, dim=0), lambda x: torch.logsumexp(x, 0)),
        (lambda x: ad.log_softmax(x, dim=0), lambda x: torch.log_softmax(x, 0)),
        (lambda x: ad.softmax(x, dim=0), lambda x: torch.softmax(x, 0)),
    ],
)
def test_large_numbers_do_not_overflow(f, twin):
    x = torch.tensor([-1e300, -800.0, -1.0, 0.0, 1.0, 800.0, 1e300], dtype=torch.float64)
    got, (got_grad,) = ours(f, [x])
    expected, (expected_grad,) = theirs(twin, [x])
    assert got.isfinite().all()
    same(got, expected)
    same(got_grad, expected_grad)


def test_numbers_take_the_dtype_that_torch_gives_them():
    truth = torch.tensor([True, False])
    for x in (torch.tensor([1, 2]), torch.tensor([1.0, 2.0]), torch.ones(2, dtype=torch.float64)):
        for number in (0, 0.5):
            expected = torch.where(truth, x, number)
            same(ad.where(truth, x, number).data, expected)
            same(ad.where(~truth, number, x).data, expected)
    assert ad.where(truth, 1.0, 0.5).tolist() == [1.0, 0.5]


ENDS = torch.tensor([math.nan, -INF, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, INF], dtype=torch.float64)


@pytest.mark.parametrize("other", [ENDS.flip(0), torch.ones_like(ENDS)])
@pytest.mark.parametrize(
    ("f", "twin"),
    [
        *((getattr(ad, name), getattr(torch, name)) for name in NAMES_OF_ONE),
        (ad.softplus, functional.softplus),
        (lambda x: ad.leaky_relu(x, negative_slope=0.1), lambda x: functional.leaky_relu(x, 0.1)),
        *((lambda x, p=p: x**p,) * 2 for p in (-1, 0, 0.5, 1, 2, 3)),
        *((lambda x, k=k: x.clamp(**k),) * 2 for k in ({"min": -1}, {"max": 0})),
        *((getattr(ad, name), getattr(torch, name)) for name in ("maximum", "minimum", "pow")),
        *((lambda x, base=base: base**x,) * 2 for base in (-1.5, 0, 0.5, 2)),
        (lambda x: x.std(),) * 2,
        (lambda x: x.reshape(3, 3).norm(dim=1),) * 2,
        *((lambda x, p=p: x[4:6].norm(p),) * 2 for p in (0, 1, 1.5, 2, math.inf)),
        (lambda x: x.max(),) * 2,
    ],
)
def test_nan_and_infinities_give_pytorchs_values_and_gradients(f, twin, other):
    args = [ENDS, other] if f in (ad.maximum, ad.minimum, ad.pow) else [ENDS]
    ones = torch.ones_like(twin(*args))
    got, got_grads = ours(f, args, ones)
    expected, expected_grads = theirs(twin, args, ones)
    for a, b in zip((got, *got_grads), (expected, *expected_grads), strict=True):
        torch.testing.assert_close(a, b, equal_nan=True)


@pytest.mark.parametrize("f", [ad.tanh, ad.sigmoid, ad.softplus, ad.exp])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_small_results_are_as_exact_as_large_ones(f, sign):
    x = sign * torch.logspace(-37, 1.9, 2000, dtype=torch.float64)
    short = x.float()
    got, (got_grad,) = ours(f, [short])
    exact, (exact_grad,) = ours(f, [short.double()])
    torch.testing.assert_close(got.double(), exact, rtol=1e-5, atol=1e-38)
    near = short.abs() < 1  # further out, 1 - tanh² is a difference of near numbers, as in PyTorch
    torch.testing.assert_close(got_grad[near].double(), exact_grad[near], rtol=1e-5, atol=1e-38)


@pytest.mark.parametrize("name", ["gt", "ge", "lt", "le", "eq", "ne"])
def test_a_comparison_takes_the_tensor_first_and_its_operator_either(name):
    x = Tensor(torch.tensor([1.0, 3.0]))
    with pytest.raises(DTypeError, match=f"{name}: got 2.0"):
        ad.OPERATIONS[name](2.0, x)
    compare = getattr(operator, name)
    assert compare(2.0, x).tolist() == compare(2.0, x.data).tolist()
