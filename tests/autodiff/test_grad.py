"""grad(f): derivatives as functions, nested, over closures, and what they remember."""

import math
import weakref

import mistakes
import pytest
import torch

from autodiff.walk import normal, same
from bakeoff.autodiff import Tensor, grad, matmul, no_grad
from bakeoff.errors import ArgumentError, DTypeError, GraphError


def number(value, requires_grad=False):
    return Tensor(torch.tensor(value, dtype=torch.float64), requires_grad)


def nth(f, n):
    for _ in range(n):
        f = grad(f)
    return f


def test_derivatives_of_any_order():
    # sin is not among the operations; the derivatives of exp(a x) are a^n exp(a x).
    for n in range(5):
        assert nth(lambda x: (x * 0.5).exp(), n)(number(1.0)).item() == pytest.approx(
            0.5**n * math.exp(0.5)
        )
    assert [nth(lambda x: x**3, n)(number(2.0)).item() for n in range(5)] == [8, 12, 12, 6, 0]


def test_third_derivative_of_tanh():
    t = math.tanh(0.7)
    s = 1 - t * t
    expected = 4 * t * t * s - 2 * s * s
    assert nth(lambda x: x.tanh(), 3)(number(0.7)).item() == pytest.approx(expected)


def test_the_argument_is_chosen_by_number():
    def f(x, y):
        return (x * x * y).sum()

    x, y = Tensor(normal((3,), 1)), Tensor(normal((3,), 2))
    same(grad(f)(x, y).data, 2 * x.data * y.data)
    same(grad(f, 1)(x, y).data, x.data * x.data)
    same(grad(f, argnum=-1)(x, y).data, x.data * x.data)


def test_mixed_second_derivatives_agree():
    def f(x, y):
        return (x * y).tanh() * x.exp()

    x, y = number(0.3), number(-0.8)
    first = grad(grad(f, 0), 1)(x, y)
    second = grad(grad(f, 1), 0)(x, y)
    same(first.data, second.data)


def test_a_hessian_times_a_vector_is_torchs():
    matrix, x, v = normal((3, 3), 1), normal((3, 1), 2), normal((3, 1), 3)

    def f(x):
        if isinstance(x, torch.Tensor):
            return (matrix @ x).tanh().pow(2).sum()
        return matmul(matrix, x).tanh().pow(2).sum()

    got = grad(lambda x: (grad(f)(x) * v).sum())(Tensor(x))
    same(got.data, torch.autograd.functional.hvp(f, x, v)[1])


def test_a_closure_over_an_outer_variable():
    # d/dx [x · d/dy (x y²) at y = x] = d/dx 2x³ = 6x²
    def outer(x):
        return x * grad(lambda y: x * y * y)(x)

    assert grad(outer)(number(3.0)).item() == 54.0


def test_the_inner_variable_is_not_the_outer_one():
    # d/dx [x · d/dy (x + y)] = 1: a derivative that confuses the two gives 2 (perturbation
    # confusion, Siskind & Pearlmutter 2005).
    assert grad(lambda x: x * grad(lambda y: x + y)(number(1.0)))(number(1.0)).item() == 1.0
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(number(1.0)).item() == 1.0


def test_parameters_inside_the_function_can_be_reached():
    w = number(2.0, requires_grad=True)
    slope = grad(lambda x: w * x * x)(number(3.0))
    slope.backward()
    assert w.grad.item() == 6.0


def test_no_gradient_is_left_on_anything():
    x, w = number(3.0, requires_grad=True), number(2.0, requires_grad=True)
    grad(lambda x: w * x)(x)
    assert x.grad is None
    assert w.grad is None


def test_the_result_reaches_back_to_the_argument():
    x = number(3.0, requires_grad=True)
    grad(lambda x: x**3)(x * 2.0).backward()
    assert x.grad.item() == 6 * 6.0 * 2.0


def test_the_result_remembers_nothing_if_nothing_asks_for_it():
    slope = grad(lambda x: x**3)
    assert not slope(number(3.0)).requires_grad
    x = number(3.0, requires_grad=True)
    with no_grad():
        assert not slope(x).requires_grad
        assert slope(x).item() == 27.0
    assert slope(x).requires_grad


def test_descending_a_gradient_keeps_no_history():
    x = number(1.0)
    first = weakref.ref(x)
    slope = grad(lambda x: (x - 3.0) ** 2)
    for _ in range(50):
        x = x - slope(x) * 0.2
    assert first() is None
    assert x.item() == pytest.approx(3.0)


def test_a_function_that_ignores_its_argument_has_gradient_zero():
    w = number(2.0, requires_grad=True)
    x = Tensor(normal((2, 3)))
    for f in (lambda x: number(1.0), lambda x: w * 2.0, lambda x: (x > 0).to(torch.float64).sum()):
        slope = grad(f)(x)
        assert slope.shape == (2, 3)
        assert slope.data.eq(0.0).all()


def test_torch_tensors_and_numbers_are_taken():
    assert grad(lambda x: x * x)(torch.tensor(3.0)).item() == 6.0
    assert grad(lambda x: x * x)(3.0).item() == 6.0


MISTAKES = [
    (
        lambda: grad(lambda x: x, 1)(2.0),
        ArgumentError,
        "grad: got 1 arguments, expected one of number 1",
    ),
    (lambda: grad(lambda x: x)(2), DTypeError, "torch.int64 with requires_grad=True, expected a"),
    (
        lambda: grad(lambda x: 1.0)(2.0),
        DTypeError,
        "grad: f returned <class 'float'>, expected a bakeoff.Tensor",
    ),
    (
        lambda: grad(lambda x: x * 2)(Tensor([1.0, 2.0])),
        GraphError,
        "grad: f returned a tensor of shape (2,), expected one element",
    ),
    (
        lambda: grad(lambda x: Tensor([1.0, 2.0]))(1.0),
        GraphError,
        "grad: f returned a tensor of shape (2,), expected one element",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m[2])
def test_mistakes_say_what_was_got_and_what_was_expected(mistake):
    mistakes.check(mistake)
