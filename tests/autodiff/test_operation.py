"""Making operations: rules, examples, the registry, and a user's own in a few lines."""

import inspect

import mistakes
import pytest
import torch

from autodiff.walk import normal, same
from bakeoff.autodiff import OPERATIONS, Tensor, check_grad, grad, operation
from bakeoff.autodiff.kernels import run
from bakeoff.autodiff.operation import Draw, Example, Operation, example
from bakeoff.errors import ArgumentError, DTypeError, GradientError, ShapeError

pytestmark = pytest.mark.usefixtures("registry")


# ---- a user's own operation -----------------------------------------------------------------


def users_sine():
    @example((3, 4))
    @operation
    def sine(x):
        """The sine."""
        return run(torch.sin, x)

    sine.rules(x=lambda g, out, x: g * sine(x + 1.5707963267948966))
    return sine


def test_a_users_operation_takes_less_than_ten_lines():
    lines, _ = inspect.getsourcelines(users_sine)
    assert len(lines) < 12  # with the function around it and its return


def test_a_users_operation_is_found_by_the_checker_and_differentiates_twice(registry):
    sine = users_sine()
    assert registry["sine"] is sine
    check_grad(sine, normal((3, 4)))
    second = grad(grad(lambda x: sine(x).sum()))(Tensor(normal((1,))))
    same(second.data, -normal((1,)).sin())
    assert repr(sine) == "<operation sine(x)>"
    assert sine.__doc__ == "The sine."
    assert [e.args[0].shape for e in sine.examples] == [(3, 4)]


def test_a_users_wrong_rule_is_found_by_the_checker():
    sine = users_sine()
    sine.rules(x=lambda g, out, x: g * sine(x))
    with pytest.raises(GradientError, match="the rule of this input is wrong, or the element sits"):
        check_grad(sine, normal((3, 4)))


def test_a_rule_of_several_lines():
    @operation
    def product(a, b):
        return run(torch.mul, a, b)

    @product.rule("a")
    def of_a(g, out, a, b):
        return g * b

    @product.rule("b")
    def of_b(g, out, a, b):
        return g * a

    assert product.rule_of == {"a": of_a, "b": of_b}
    check_grad(product, normal((2, 3)), normal((3,)))


def test_an_argument_without_a_rule_has_no_derivative():
    @operation
    def scale(x, factor):
        return run(torch.mul, x, factor)

    scale.rules(x=lambda g, out, x, factor: g * factor)
    x, factor = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    scale(x, factor).backward()
    assert x.grad.item() == 3.0
    assert factor.grad is None


def test_any_number_of_tensors():
    @operation
    def total(*tensors, weight=1.0):
        return run(torch.mul, run(torch.stack, list(tensors)).sum(0), weight)

    total.rules(tensors=lambda position, g, out, *tensors, weight=1.0: g * weight)
    check_grad(
        lambda *xs: total(*xs, weight=2.5), normal((2,), 1), normal((2,), 2), normal((2,), 3)
    )


def test_a_trailing_underscore_is_not_part_of_the_name(registry):
    @operation
    def lambda_(x):
        return run(torch.neg, x)

    assert registry["lambda"] is lambda_


# ---- what is remembered ---------------------------------------------------------------------


def test_torch_tensors_are_taken_and_give_tensors():
    out = OPERATIONS["mul"](torch.ones(2), Tensor([2.0, 3.0], requires_grad=True))
    assert isinstance(out, Tensor)
    out.backward(torch.ones(2))


def test_the_node_holds_operation_inputs_and_parameters():
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    out = OPERATIONS["sum"](x, dim=1)
    assert out.node.operation is OPERATIONS["sum"]
    assert out.node.inputs[0] is x
    assert out.node.params == {"dim": 1}
    ((position, parent),) = out.node.parents()
    assert (position, parent is x) == (0, True)


# ---- examples -------------------------------------------------------------------------------


def generator():
    return torch.Generator().manual_seed(0)


def test_drawn_examples():
    real = Draw((1000,), 0.5, 3.0)(generator())
    assert real.dtype == torch.float64
    assert 0.5 <= real.min() < 0.6
    assert 2.9 < real.max() <= 3.0
    ties = Draw((1000,), 0.5, 3.0)(generator(), ties=True)
    assert set(ties.tolist()) == {1.0, 2.0, 3.0}
    index = Draw((1000,), 0, 4, kind="index")(generator())
    assert index.dtype == torch.int64
    assert set(index.tolist()) == {0, 1, 2, 3}
    truth = Draw((1000,), 0, 2, kind="bool")(generator())
    assert truth.dtype == torch.bool
    assert 400 < truth.sum() < 600


def test_examples_are_in_the_order_they_are_written():
    @example((2,), 3.0, flag=True)
    @example((4,))
    @operation
    def anything(x, y=0.0, *, flag=False):
        return run(torch.add, x, y)

    assert anything.examples == [
        Example((Draw((2,)), 3.0), {"flag": True}),
        Example((Draw((4,)),), {}),
    ]
    x, y = anything.examples[0].draw(generator())
    assert torch.equal(x, Draw((2,))(generator()))
    assert y == 3.0


# ---- errors ---------------------------------------------------------------------------------


def doubly_named():
    for _ in range(2):

        @operation
        def twin(x):
            return run(torch.neg, x)


def ruled_wrongly():
    @operation
    def single(x):
        return run(torch.neg, x)

    single.rules(y=lambda g, out, x: g)


X = torch.ones(2, 3)

MISTAKES = [
    (
        doubly_named,
        ArgumentError,
        "operation twin: got a name taken by <operation twin(x)>; choose",
    ),
    (ruled_wrongly, ArgumentError, "operation single: rule for 'y', expected one of ['x']"),
    (
        lambda: OPERATIONS["add"](X, torch.ones(2)),
        ShapeError,
        "add: got (2, 3) float32, (2,) float32",
    ),
    (lambda: OPERATIONS["exp"]("a"), DTypeError, "exp: got 'a'"),
    (OPERATIONS["exp"], DTypeError, "exp: got "),
    (lambda: OPERATIONS["sum"](X, 0, True, 1), DTypeError, "sum: got (2, 3) float32, 0, True, 1:"),
    (lambda: OPERATIONS["sum"](X, axis=0), DTypeError, "sum: got (2, 3) float32, axis=0"),
    (OPERATIONS["concat"], ShapeError, "concat: got "),
    (
        lambda: OPERATIONS["where"](torch.ones(5, dtype=torch.bool), X, X),
        ShapeError,
        "where: got (5,) bool, (2, 3) float32, (2, 3) float32: The size of tensor a (5) must match",
    ),
    (
        lambda: OPERATIONS["affine"](X, torch.ones(4, 1), torch.ones(2)),
        ShapeError,
        "affine: got (2, 3) float32, (4, 1) float32, (2,) float32",
    ),
    (
        lambda: OPERATIONS["affine"](X, torch.ones(3, 1, dtype=torch.float64), torch.ones(2)),
        DTypeError,
        "affine: got (2, 3) float32, (3, 1) float64, (2,) float32",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m[2])
def test_mistakes_say_where_what_was_got_and_what_was_expected(mistake):
    mistakes.check(mistake)


def test_what_is_not_torchs_complaint_passes_through():
    def forward(x):
        raise KeyError("a defect of the operation itself")

    with pytest.raises(KeyError):
        Operation(forward)(X)
