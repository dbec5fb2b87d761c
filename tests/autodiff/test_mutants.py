"""The test of the tests: rules that are wrong on purpose must fail the gradient checker.

For every rule of every operation mutants are made on the fly. Those that compute the very same
gradient are listed with the reason; any other survivor fails, and so does a listed one that is
caught.
"""

from itertools import combinations

import pytest
import torch

from autodiff.walk import DIFFERENTIABLE, cases, ours
from bakeoff.autodiff import Tensor, check_grad
from bakeoff.errors import BakeoffError

# The arguments that broadcast, in whose gradients this must be undone.
BROADCAST = {
    ("add", "a"), ("add", "b"), ("sub", "a"), ("sub", "b"), ("mul", "a"), ("mul", "b"),
    ("div", "a"), ("div", "b"), ("maximum", "a"), ("maximum", "b"), ("minimum", "a"),
    ("minimum", "b"), ("where", "a"), ("where", "b"), ("matmul", "a"), ("matmul", "b"),
    ("expand", "x"), ("pow", "x"), ("pow", "exponent"),
}  # fmt: skip

# Operation, argument and mistake, by the reason why the gradient stays the same.
EQUIVALENT = {
    "the rule reads neither of the two": {
        ("add", "a", "a <-> b"),
        ("add", "b", "a <-> b"),
        ("sub", "a", "a <-> b"),
        ("sub", "b", "a <-> b"),
        ("where", "a", "a <-> b"),
        ("where", "b", "a <-> b"),
        ("affine", "weight", "weight <-> bias"),
        ("affine", "x", "x <-> bias"),
        ("affine", "bias", "weight <-> x"),
        ("affine", "bias", "weight <-> bias"),
        ("affine", "bias", "x <-> bias"),
    },
    "the derivative is 0": {
        (name, "x", mistake)
        for name in ("ceil", "floor", "round")
        for mistake in ("0.1 % off", "incoming ignored")
    },
    "the two are factors of one product": {("tanh_slope", "out", "g <-> out")},
    "both rules hand the gradient on": {
        ("add", "a", "the rule of b"),
        ("add", "b", "the rule of a"),
    },
}


class Unsummed(Tensor):
    """A gradient whose broadcasting is not undone."""

    __slots__ = ()

    def sum_to(self, shape):
        return self


def off_by_a_thousandth(rule):
    return lambda *args, **params: rule(*args, **params) * 1.001


def incoming_ignored(rule, at):
    """The incoming gradient, argument `at` of the rule, replaced by ones."""

    def mutant(*args, **params):
        ones = Tensor(torch.ones_like(args[at].data))
        return rule(*args[:at], ones, *args[at + 1 :], **params)

    return mutant


def swapped(rule, i, j):
    """Two arguments of the operation exchanged; the rule has two more in front."""

    def mutant(*args, **params):
        given = list(args)
        given[i + 2], given[j + 2] = args[j + 2], args[i + 2]
        return rule(*given, **params)

    return mutant


def not_undone(rule):
    def mutant(*args, **params):
        return Unsummed(rule(*args, **params))

    return mutant


def mutants_of(name):
    """Yield (argument, kind of mistake, the mistaken rule) for every rule of an operation."""
    made = DIFFERENTIABLE[name]
    for argument, rule in made.rule_of.items():
        yield argument, "0.1 % off", off_by_a_thousandth(rule)
        yield argument, "incoming ignored", incoming_ignored(rule, at=1 if made.variadic else 0)
        if (name, argument) in BROADCAST:
            yield argument, "broadcast kept", not_undone(rule)
        for i, j in combinations(range(len(made.arguments)), 2):
            pair = f"{made.arguments[i]} <-> {made.arguments[j]}"
            yield argument, pair, swapped(rule, i, j)
        for other, rule_of_other in made.rule_of.items():
            if other != argument:
                yield argument, f"the rule of {other}", rule_of_other


def caught(name, argument, rule, monkeypatch):
    """Whether the checker refuses an operation with this rule on one of its examples."""
    with monkeypatch.context() as patch:
        patch.setitem(DIFFERENTIABLE[name].rule_of, argument, rule)
        for case in cases({name: DIFFERENTIABLE[name]}):
            try:
                check_grad(case.run, *case.draw(seed=7))
            except (BakeoffError, UserWarning):  # torch warns where the shapes no longer fit
                return True
    return False


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_the_checker_catches_every_mutant(name, monkeypatch):
    survivors = {
        (name, argument, mistake)
        for argument, mistake, rule in mutants_of(name)
        if not caught(name, argument, rule, monkeypatch)
    }
    equivalent = {mutant for mutants in EQUIVALENT.values() for mutant in mutants}
    assert survivors == {mutant for mutant in equivalent if mutant[0] == name}


def test_the_checker_passes_the_rules_as_they_are(monkeypatch):
    for name, made in DIFFERENTIABLE.items():
        argument, rule = next(iter(made.rule_of.items()))
        assert not caught(name, argument, rule, monkeypatch)


def test_the_arguments_that_broadcast_are_these(monkeypatch):
    undone = set()

    def noting(name, argument, rule):
        def noted(*args, **params):
            part = rule(*args, **params)
            position = DIFFERENTIABLE[name].arguments.index(argument)
            if not DIFFERENTIABLE[name].variadic and part.shape != args[position + 2].shape:
                undone.add((name, argument))
            return part

        return noted

    for case in cases(DIFFERENTIABLE):
        with monkeypatch.context() as patch:
            for argument, rule in case.operation.rule_of.items():
                patch.setitem(case.operation.rule_of, argument, noting(case.name, argument, rule))
            ours(case.run, case.draw())
    assert undone == BROADCAST


def test_every_rule_has_its_mutants():
    kinds = {name: {(a, m) for a, m, _ in mutants_of(name)} for name in DIFFERENTIABLE}
    for name, made in DIFFERENTIABLE.items():
        for argument in made.rule_of:
            assert {(argument, "0.1 % off"), (argument, "incoming ignored")} <= kinds[name]
    assert ("a", "a <-> b") in kinds["mul"]
    assert ("b", "the rule of a") in kinds["div"]
