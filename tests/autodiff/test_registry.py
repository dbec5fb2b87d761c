"""The walk over the registry: each operation against finite differences and torch's autograd."""

import importlib
import subprocess
import sys

import pytest
import torch

from autodiff.oracle import ORACLE
from autodiff.walk import (
    CONSTANT,
    DIFFERENTIABLE,
    SHIPPED,
    agree,
    cases,
    gradient_of,
    is_real,
    normal,
    same,
    shipped,
)
from bakeoff.autodiff import Tensor, check_grad, grad

every_case = pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
every_rule = pytest.mark.parametrize("case", cases(DIFFERENTIABLE), ids=lambda c: c.id)
every_constant = pytest.mark.parametrize("case", cases(CONSTANT), ids=lambda c: c.id)


def test_every_operation_has_an_oracle():
    importlib.import_module("bakeoff.nn")  # higher floors may define operations too
    importlib.import_module("bakeoff.optim")
    assert set(ORACLE) == set(SHIPPED) == set(shipped())


# Operations whose rules need other values than PyTorch's: a result in place of positions, an array
# in place of its copy, or less.
SAVES_OTHERS = {
    *("collect", "div", "gather", "index_add", "matmul", "max", "max_pool", "pow", "route")
}


def told(make, run, change, args, at):
    """The gradients, or None if a change of input `at`, or of the result, was refused."""
    leaves = [make(x.clone()) if is_real(x) else x for x in args]
    # None of them a leaf: PyTorch refuses to change those for another reason.
    inputs = [x * 1.0 if is_real(y) else y for x, y in zip(leaves, args, strict=True)]
    out = run(*inputs)
    loss = (out * normal(tuple(out.shape))).sum()
    change([*inputs, out][at])
    try:
        loss.backward()
    except RuntimeError as error:
        if "changed in place" in str(error) or "inplace operation" in str(error):
            return None
        raise
    return [gradient_of(leaf) for leaf, x in zip(leaves, args, strict=True) if is_real(x)]


@every_rule
def test_a_change_in_place_before_backward_is_refused_as_in_pytorch_or_does_no_harm(case):
    args = case.draw()

    def zero(x):
        with torch.no_grad():
            (x.data if isinstance(x, Tensor) else x).zero_()

    for at, x in enumerate([*args, None]):
        if (x is None and case.name == "expand") or not (x is None or is_real(x)):
            continue  # PyTorch writes to no array that overlaps itself
        ours = [
            told(lambda a: Tensor(a, requires_grad=True), case.run, change, args, at)
            for change in (zero, lambda x: None)
        ]
        refused = told(lambda a: a.requires_grad_(), case.oracle, zero, args, at) is None
        assert ours[0] is None or all(map(torch.equal, *ours))
        assert (ours[0] is None) == refused or case.name in SAVES_OTHERS


def test_every_operation_has_an_example_and_a_text():
    assert [name for name, made in SHIPPED.items() if not made.examples or not made.__doc__] == []


def test_no_operation_loads_what_torch_keeps_for_its_compiler():
    code = (
        "import sys, torch, bakeoff.nn\n"
        "from bakeoff.autodiff import OPERATIONS\n"
        "for made in OPERATIONS.values():\n"
        "    for example in made.examples:\n"
        "        made(*example.draw(torch.Generator()), **example.params)\n"
        "print([name for name in ('sympy', 'torch._dynamo') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"  # sympy alone takes a second or more


def test_the_constants_are_these():
    comparisons = {"gt", "ge", "lt", "le", "eq", "ne"}
    bits = {"bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor"}
    places = {"argmax", "argmin", "argsort", "one_hot", "positions", "topk"}
    steps = {"sign", "inside", "leaky_slopes", "wins", "nonzero"}
    assert set(CONSTANT) == comparisons | steps | bits | places


@every_rule
def test_rules_agree_with_finite_differences(case):
    check_grad(case.run, *case.draw(seed=1))


@every_case
def test_outputs_and_gradients_are_torchs(case):
    for seed in range(3):
        agree(case, case.draw(seed))


@every_case
def test_outputs_and_gradients_are_torchs_at_ties(case):
    for seed in range(3):
        agree(case, case.draw(seed, ties=True))


@every_constant
def test_constants_remember_nothing(case):
    inputs = [Tensor(x, requires_grad=True) if is_real(x) else x for x in case.draw()]
    out = case.run(*inputs)
    assert not out.requires_grad
    assert out.node is None


# ---- second order ---------------------------------------------------------------------------


def weighed(f):
    """<c, f(x)>, so that its gradient is the rule's answer to the incoming gradient c."""
    return lambda *args: (f(*args[:-1]) * args[-1]).sum()


@every_rule
def test_gradients_agree_with_finite_differences_of_theirs(case):
    args = case.draw(seed=1)
    cotangent = normal(case.run(*args).shape)
    for i in case.ruled:
        check_grad(grad(weighed(case.run), i), *args, cotangent)


@every_rule
@pytest.mark.parametrize("ties", [False, True])
def test_second_derivatives_are_torchs(case, ties):
    args = case.draw(seed=2, ties=ties)
    args.append(normal(case.run(*args).shape))
    for i in case.ruled:
        got = our_second_derivatives(weighed(case.run), i, args)
        expected = torchs_second_derivatives(weighed(case.oracle), i, args)
        for g, e in zip(got, expected, strict=True):
            same(g, e)


def our_second_derivatives(f, i, args):
    """The gradient g of f in argument i, and that of <r, g> in every real argument."""
    leaves = [Tensor(x, requires_grad=True) if is_real(x) else x for x in args]
    g = grad(f, i)(*leaves)
    (g * normal(g.shape)).sum().backward()
    return [g.data, *(gradient_of(x) for x in leaves if isinstance(x, Tensor))]


def torchs_second_derivatives(f, i, args):
    leaves = [x.detach().requires_grad_() if is_real(x) else x for x in args]
    (g,) = torch.autograd.grad(f(*leaves), leaves[i], create_graph=True)
    if g.requires_grad:
        (g * normal(g.shape)).sum().backward()
    return [g.detach(), *(gradient_of(x) for x in leaves if is_real(x))]
