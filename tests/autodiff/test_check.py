"""The checker itself: what it refuses, what it says, and that it leaves nothing behind."""

import pytest
import torch

from autodiff.walk import normal
from bakeoff.autodiff import (
    Tensor,
    check_grad,
    grad_enabled,
    index_select,
    matmul,
    no_grad,
    operation,
)
from bakeoff.autodiff.kernels import run
from bakeoff.errors import BakeoffError, DTypeError, GradientError


@pytest.fixture
def cube(registry):
    """x³ in an operation whose rule each test chooses."""

    @operation
    def cube(x):
        return run(torch.pow, x, 3)

    return cube


def x34():
    return normal((3, 4), seed=5)


def test_a_right_rule_passes(cube):
    cube.rules(x=lambda g, out, x: g * (3 * x * x))
    check_grad(cube, x34())
    check_grad(lambda x: cube(x).sum(), x34().T)
    check_grad(cube, Tensor(x34()))


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x: g * (3.003 * x * x),
        lambda g, out, x: 3 * x * x,
        lambda g, out, x: g * (3 * x),
        lambda g, out, x: g * 0.0,
        lambda g, out, x: g * (3 * x * x) + (x - x) / 0.0,
        lambda g, out, x: (g * (3 * x * x)).sum(0, keepdim=True).expand(3, 4),
    ],
)
def test_a_wrong_rule_fails(cube, rule):
    cube.rules(x=rule)
    with pytest.raises(GradientError, match=r"check_grad: input 0, element \d+: the rule gives"):
        check_grad(cube, x34())


def test_the_worst_element_is_named(cube):
    wrong = torch.zeros(3, 4, dtype=torch.float64)
    wrong[1, 2] = 1.0
    cube.rules(x=lambda g, out, x: g * (3 * x * x) + wrong)
    with pytest.raises(GradientError) as caught:
        check_grad(cube, x34())
    words = str(caught.value).split()
    assert "input 0, element 6:" in str(caught.value)
    rule, differences = (
        float(words[words.index(word) + 1].strip(",;")) for word in ("gives", "differences")
    )
    assert rule - differences == pytest.approx(1.0)


def test_a_missing_rule_fails(cube):
    with pytest.raises(GradientError, match="the rule gives 0, finite differences"):
        check_grad(cube, x34())


def test_the_second_input_is_checked_too():
    with pytest.raises(GradientError, match="check_grad: input 1, element"):
        check_grad(lambda x, y: x * y.detach(), x34(), x34())


def test_integers_and_numbers_are_passed_on():
    index = torch.tensor([2, 0])
    check_grad(lambda x, i, p: index_select(x, 0, i) ** p, x34().abs() + 1, index, 2.5)


def test_the_cotangent_follows_from_the_seed(cube):
    # With one cotangent a wrong rule may pass by chance, so another can be asked for.
    cotangent = torch.randn(1, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    cube.rules(x=lambda g, out, x: (g * 0.0 + cotangent) * (3 * x * x))
    check_grad(cube, normal((1,)), seed=3)
    with pytest.raises(GradientError):
        check_grad(cube, normal((1,)), seed=4)


def test_step_and_tolerance(cube):
    cube.rules(x=lambda g, out, x: g * (3.003 * x * x))
    check_grad(cube, x34(), tolerance=1e-2)
    cube.rules(x=lambda g, out, x: g * (3 * x * x))
    with pytest.raises(GradientError):
        check_grad(cube, x34(), step=0.1)  # the differences' own error is of order h²


def test_a_kink_is_told():
    with pytest.raises(GradientError, match="or the element sits at a kink"):
        check_grad(lambda x: x.relu(), torch.zeros(1, dtype=torch.float64))


def test_nothing_is_left_behind():
    x, w = Tensor(x34(), requires_grad=True), Tensor(normal((2, 3)), requires_grad=True)
    before = x.data.clone()
    state = torch.random.get_rng_state()
    check_grad(lambda x: matmul(w, x), x)
    assert x.grad is None
    assert w.grad is None
    assert torch.equal(x.data, before)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_it_works_inside_no_grad():
    with no_grad():
        check_grad(lambda x: x.tanh(), x34())
        assert not grad_enabled()
    assert grad_enabled()


def test_no_element_and_no_axis():
    check_grad(lambda x: x.tanh(), normal((0, 3)))
    check_grad(lambda x: x.tanh(), normal(()))


MISTAKES = [
    (
        lambda: check_grad(lambda x: x, torch.ones(2)),
        "input 0: got torch.float32, expected torch.f",
    ),
    (lambda: check_grad(lambda x: x), "got no float64 tensor, expected at least one to check"),
    (lambda: check_grad(lambda x: x * 1.0, torch.arange(3)), "got no float64 tensor"),
    (
        lambda: check_grad(lambda x: x > 0, x34()),
        "f returned torch.bool, expected a bakeoff.Tensor of torch.float64",
    ),
    (
        lambda: check_grad(lambda x: x.to(torch.float32), x34()),
        "f returned torch.float32, expected",
    ),
    (
        lambda: check_grad(lambda x: x.data, x34()),
        "check_grad: f returned <class 'torch.Tensor'>, expected",
    ),
    (
        lambda: check_grad(lambda x: 1.0, x34()),
        "check_grad: f returned <class 'float'>, expected a",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m[1])
def test_mistakes_say_what_was_got_and_what_was_expected(mistake):
    call, words = mistake
    with pytest.raises(BakeoffError) as caught:
        call()
    assert type(caught.value) is DTypeError
    assert words in str(caught.value)
