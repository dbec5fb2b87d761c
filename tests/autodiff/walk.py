"""The walk over the registry: every operation with every example, drawn as a test needs it."""

import torch

from autodiff.oracle import ORACLE
from bakeoff.autodiff import OPERATIONS, Tensor


def shipped():
    """The operations of the package, without those that other tests have made."""
    return {
        name: made
        for name, made in OPERATIONS.items()
        if made.forward.__module__.startswith("bakeoff.")
    }


SHIPPED = shipped()
DIFFERENTIABLE = {name: made for name, made in SHIPPED.items() if made.rule_of}
CONSTANT = {name: made for name, made in SHIPPED.items() if not made.rule_of}


class Case:
    """One operation on one example's inputs, beside its oracle on the same numbers."""

    def __init__(self, name, number, example):
        self.name = name
        self.operation = SHIPPED[name]
        self.example = example
        self.params = example.params
        self.id = f"{name}-{number}"

    def draw(self, seed=0, *, ties=False):
        return self.example.draw(torch.Generator().manual_seed(seed), ties=ties)

    def run(self, *args):
        return self.operation(*args, **self.params)

    def oracle(self, *args):
        return ORACLE[self.name](*args, **self.params)

    @property
    def ruled(self):
        """The positions of the arguments that have a rule and a floating-point example."""
        args = self.draw()
        named = self.operation.arguments * (len(args) if self.operation.variadic else 1)
        return [i for i, x in enumerate(args) if is_real(x) and named[i] in self.operation.rule_of]


def is_real(x):
    return isinstance(x, torch.Tensor) and x.is_floating_point()


def cases(operations=SHIPPED):
    return [
        Case(name, i, example)
        for name, made in operations.items()
        for i, example in enumerate(made.examples)
    ]


def normal(shape, seed=100):
    """Random numbers such as a cotangent."""
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gradient_of(leaf):
    """The gradient that reached a leaf, ours or torch's; zeros if none did."""
    if leaf.grad is None:
        return torch.zeros(leaf.shape, dtype=leaf.dtype)
    return leaf.grad.data if isinstance(leaf, Tensor) else leaf.grad


def ours(f, args, cotangent=None):
    """Return f's output and the gradients of its real arguments, weighed with the cotangent."""
    leaves = [Tensor(x, requires_grad=True) if is_real(x) else x for x in args]
    out = f(*leaves)
    if out.requires_grad:
        out.backward(normal(out.shape).to(out.dtype) if cotangent is None else cotangent)
    return out.data, [gradient_of(x) for x in leaves if isinstance(x, Tensor)]


def theirs(f, args, cotangent=None):
    """The same by torch's autograd."""
    leaves = [x.detach().requires_grad_() if is_real(x) else x for x in args]
    out = f(*leaves)
    if out.requires_grad:
        out.backward(normal(out.shape).to(out.dtype) if cotangent is None else cotangent)
    return out.detach(), [gradient_of(x) for x in leaves if is_real(x)]


def same(got, expected, tolerance=1e-10):
    """Assert equal shapes, dtypes and, up to the tolerance, values."""
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    if got.is_floating_point():
        error = (got - expected).abs() / (1.0 + expected.abs())
        assert (error <= tolerance).all(), f"{got} is not {expected}, off by {error.max()}"
    else:
        assert torch.equal(got, expected)


def agree(case, args, cotangent=None):
    """Assert that a case's output and gradients are the oracle's on the same arguments."""
    got, got_grads = ours(case.run, args, cotangent)
    expected, expected_grads = theirs(case.oracle, args, cotangent)
    same(got, expected)
    for g, e in zip(got_grads, expected_grads, strict=True):
        same(g, e)
