"""Programs drawn at random: values, gradients and second derivatives are torch's."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bakeoff.autodiff as ad
from autodiff.walk import gradient_of, normal, same
from bakeoff.autodiff import Tensor

SHAPES = [(), (3,), (2, 1), (2, 3), (1, 3)]


def scaled(x):
    """Keep numbers of the size of 1, however long the program."""
    return x.tanh() * 2.0


def either(ours, theirs):
    return lambda *xs: (ours if isinstance(xs[0], Tensor) else theirs)(*xs)


ONE = {
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
    "abs": lambda x: x.abs(),
    "neg": lambda x: -x,
    "exp": lambda x: x.tanh().exp(),
    "log": lambda x: (x * x + 1.0).log(),
    "sqrt": lambda x: (x * x + 1.0).sqrt(),
    "cube": lambda x: scaled(x**3),
    "clamp": lambda x: x.clamp(-0.5, 0.5),
    "halve": lambda x: x / 2.0,
    "invert": lambda x: 1.0 / (x * x + 1.0),
    "twice": lambda x: x + x,
    "square": lambda x: scaled(x * x),
    "sum": lambda x: scaled(x.sum()),
    "mean": lambda x: x.mean(),
    "max": lambda x: x.max(),
    "sum last": lambda x: scaled(x.sum(-1, keepdim=True)) if x.ndim else x,
    "logsumexp": lambda x: x.logsumexp(-1, keepdim=True) if x.ndim else x,
    "softmax": lambda x: x.softmax(0) if x.ndim else x,
    "turn": lambda x: x.T.reshape(x.shape) if x.ndim == 2 else x,
    "flip": lambda x: x[:, [2, 1, 0]] if x.ndim == 2 and x.shape[-1] == 3 else x,
    "first": lambda x: x[0] if x.ndim == 2 else x,
    "wide": lambda x: x.expand(2, 3),
}

TWO = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: scaled(a * b),
    "div": lambda a, b: a / (b * b + 1.0),
    "maximum": either(ad.maximum, torch.maximum),
    "minimum": either(ad.minimum, torch.minimum),
    "where": either(
        lambda a, b: ad.where(a > b, a, b * 0.5), lambda a, b: torch.where(a > b, a, b * 0.5)
    ),
    "matmul": lambda a, b: scaled(a.expand(2, 3) @ b.expand(2, 3).T).sum(-1, keepdim=True),
    "stack": either(
        lambda a, b: ad.stack([a, a * 2.0]).sum(0) + b,
        lambda a, b: torch.stack([a, a * 2.0]).sum(0) + b,
    ),
    "concat": either(
        lambda a, b: ad.concat([a.expand(2, 3), b.expand(2, 3)], dim=1)[:, 1:4],
        lambda a, b: torch.cat([a.expand(2, 3), b.expand(2, 3)], 1)[:, 1:4],
    ),
}


@st.composite
def programs(draw):
    """Shapes of the leaves, whether their numbers tie, and steps: a function and its operands."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    names = draw(st.lists(st.sampled_from([*ONE, *TWO, *TWO]), min_size=1, max_size=12))
    steps = []
    for made, name in enumerate(names, start=len(shapes)):
        operands = 2 if name in TWO else 1
        steps.append((name, [draw(st.integers(0, made - 1)) for _ in range(operands)]))
    return shapes, draw(st.booleans()), draw(st.integers(0, 99)), steps


def run(steps, leaves):
    """One number that every value of the program has a part in."""
    values = list(leaves)
    for name, operands in steps:
        values.append({**ONE, **TWO}[name](*(values[i] for i in operands)))
    total = values[0].sum() * 0.1
    for i, value in enumerate(values[1:], start=2):
        total = total + value.sum() * (0.1 * i)
    return total


def drawn(shapes, ties, seed):
    numbers = [normal(shape, seed=100 * seed + i) for i, shape in enumerate(shapes)]
    return [x.round() if ties else x for x in numbers]


@settings(max_examples=80)
@given(programs())
def test_gradients_are_torchs(program):
    shapes, ties, seed, steps = program
    ours = [Tensor(x, requires_grad=True) for x in drawn(shapes, ties, seed)]
    theirs = [x.requires_grad_() for x in drawn(shapes, ties, seed)]
    got, expected = run(steps, ours), run(steps, theirs)
    same(got.data, expected.detach())
    got.backward()
    expected.backward()
    for a, b in zip(ours, theirs, strict=True):
        same(gradient_of(a), gradient_of(b))


@settings(max_examples=30)
@given(programs())
def test_second_derivatives_are_torchs(program):
    shapes, ties, seed, steps = program
    ours = [Tensor(x, requires_grad=True) for x in drawn(shapes, ties, seed)]
    theirs = [x.requires_grad_() for x in drawn(shapes, ties, seed)]
    run(steps, ours).backward(create_graph=True)
    first = torch.autograd.grad(run(steps, theirs), theirs, create_graph=True)
    penalty = torch.zeros((), dtype=torch.float64)
    for g in first:
        penalty = penalty + (g * g).sum()
    ours_penalty = Tensor(torch.zeros((), dtype=torch.float64), requires_grad=True)
    for x in ours:
        ours_penalty = ours_penalty + (x.grad * x.grad).sum()
        x.zero_grad()
    same(ours_penalty.data, penalty.detach())
    ours_penalty.backward()
    if penalty.requires_grad:
        penalty.backward()
    for a, b in zip(ours, theirs, strict=True):
        same(gradient_of(a), gradient_of(b), tolerance=1e-9)


def test_every_function_is_defined_everywhere():
    for f in ONE.values():
        for shape in SHAPES:
            f(Tensor(normal(shape)))
    for f in TWO.values():
        for a in SHAPES:
            for b in SHAPES:
                f(Tensor(normal(a)), Tensor(normal(b)))
