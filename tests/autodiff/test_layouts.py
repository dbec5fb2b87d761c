"""Each operation on arrays that lie strangely in memory, and on ones with no or one element."""

import pytest
import torch

from autodiff.oracle import ORACLE
from autodiff.walk import SHIPPED, Case, agree, cases, is_real, normal
from bakeoff.autodiff.operation import Draw, Example

every_case = pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)


def transposed(x):
    """The same numbers, the first axis running fastest in memory."""
    return x.permute(*reversed(range(x.ndim))).contiguous().permute(*reversed(range(x.ndim)))


def every_other(x):
    """The same numbers, with gaps between them and an offset before."""
    wide = x.new_full((*x.shape[:-1], 2 * x.shape[-1] + 1), 7)
    wide[..., 1::2] = x
    return wide[..., 1::2]


def spread(x):
    """The first slice of the first axis, seen again and again in the same memory."""
    return x[:1].expand(x.shape)


LAYOUTS = [transposed, every_other, spread]


@every_case
def test_any_layout_gives_torchs_output_and_gradients(case):
    for layout in LAYOUTS:
        args = [layout(x) if isinstance(x, torch.Tensor) else x for x in case.draw(seed=3)]
        agree(case, args)


@every_case
def test_any_layout_of_the_cotangent_gives_torchs_gradients(case):
    args = case.draw(seed=4)
    out = case.oracle(*args)
    for layout in LAYOUTS if out.ndim and is_real(out) else []:
        agree(case, args, layout(normal(out.shape)))


def test_the_layouts_are_strange():
    x = normal((3, 4))
    for layout in LAYOUTS:
        assert not layout(x).is_contiguous()
        assert layout(x).shape == x.shape
    assert torch.equal(transposed(x), x)
    assert torch.equal(every_other(x), x)


# ---- size 0, size 1 and no axes -------------------------------------------------------------


def unary(low=-2.0, high=2.0, **params):
    """One argument with no, one and several elements, and with no axes."""
    return [Example((Draw(shape, low, high),), params) for shape in SHAPES]


def binary(low=-2.0, high=2.0):
    shapes = [
        ((), ()),
        ((), (3,)),
        ((1,), ()),
        ((1,), (1, 1)),
        ((0,), (1,)),
        ((1, 3), (0, 1)),
        ((2, 0), (2, 1)),
        ((2, 1, 3), (1, 1)),
    ]
    return [Example((Draw(a), Draw(b, low, high)), {}) for a, b in shapes]


def real(*shapes, **params):
    return Example(tuple(Draw(shape) for shape in shapes), params)


def index(shape, high):
    return Draw(shape, 0, high, kind="index")


def bools(shape):
    return Draw(shape, 0, 2, kind="bool")


SHAPES = [(), (1,), (0,), (2, 0, 3), (1, 1)]
POSITIVE = (0.5, 3.0)
ALONG = [real((1,), dim=0), real((3, 1), dim=1), real((1, 1), dim=-2), real((0, 3), dim=1)]
ALONG += [real((), dim=0), real((), dim=-1)]
REDUCED = [*ALONG, real((1, 1), dim=(0, 1), keepdim=True), real((2, 0, 3), dim=(0, 2))]
ALL = [real(()), real((1,)), real((1, 1))]
EMPTY = [real((0,)), real((0, 3), dim=0), real((2, 0), dim=-1, keepdim=True)]

SIZES = {
    "abs": unary(),
    "add": binary(),
    "affine": [
        real((1, 1), (1, 1), (1,)),
        real((2, 3), (3, 0), (2,)),
        real((2, 0), (0, 3), (2,)),
        real((5, 2, 3), (5, 3, 0), (5, 2)),
        real((1, 1, 1), (1, 1, 1), (1, 1)),
        real((2, 3), (3, 4), (1,)),
    ],
    "alias": unary(),
    "amax": [*ALL, *ALONG, real((1, 1), dim=(0, 1), keepdim=True)],
    "amin": [*ALL, *ALONG, real((1, 1), dim=(0, 1), keepdim=True)],
    "argmax": [*ALL, *ALONG],
    "argmin": [*ALL, *ALONG],
    "argsort": [real(shape, dim=-1, descending=True, stable=True) for shape in SHAPES],
    "bitwise_and": [Example((bools((2, 1)), bools((0,))), {}), Example((bools(()),) * 2, {})],
    "bitwise_not": [Example((bools(shape),), {}) for shape in SHAPES],
    "bitwise_or": [Example((index((2, 1), 9), index((0,), 9)), {})],
    "bitwise_xor": [Example((index((2, 1), 9), index((0,), 9)), {})],
    "ceil": unary(),
    "cast": unary(dtype=torch.float32),
    "clamp": unary(min=-0.5, max=0.5),
    "collect": [
        Example((Draw((1, 1, 1, 1)), index((1, 1, 1, 1), 2), index((1, 1, 1, 1), 2)), params)
        for params in [{"size": (1, 1), "stride": (1, 1)}, {"size": (1, 1), "stride": (3, 2)}]
    ]
    + [
        Example(
            (Draw((2, 3, 3, 0)), index((2, 3, 3, 0), 3), index((2, 1, 1, 0), 3)),
            {"size": (2, 2), "stride": (2, 2)},
        )
    ],
    "concat": [
        real((1,)),
        real((0, 3), (2, 3)),
        real((2, 0), (2, 0), dim=1),
        real((1, 1), (1, 1)),
        real((2, 3), (0,), (2, 1), dim=1),
        real((0,), (0,), (2, 3)),
    ],
    "contiguous": unary(),
    "cos": unary(),
    "cumsum": [*ALONG, real((2, 0, 3), dim=0)],
    "div": binary(*POSITIVE),
    "eq": binary(),
    "erf": unary(),
    "exp": unary(),
    "expm1": unary(),
    "expand": [
        real((), shape=(2, 3)),
        real((1,), shape=(0,)),
        real((1, 3), shape=(0, 3)),
        real((0, 1), shape=(2, 0, 4)),
        real((1, 1), shape=(1, 1)),
    ],
    "floor": unary(),
    "fold": [
        real((1, 1, 1, 1), size=(1, 1), stride=(1, 1), shape=(1, 1, 1, 1)),
        real((6, 1, 1, 2), size=(3, 2), stride=(1, 1), shape=(1, 3, 2, 2)),
        real((1, 2, 1, 2), size=(1, 1), stride=(2, 3), shape=(1, 4, 3, 2)),
    ],
    "gather": [
        Example((Draw((1,)), index((1,), 1)), {"dim": 0}),
        Example((Draw(()), index((), 1)), {"dim": 0}),
        Example((Draw((3, 4)), index((0, 4), 3)), {"dim": 0}),
        Example((Draw((3, 4)), index((2, 1), 3)), {"dim": 0}),
    ],
    "ge": binary(),
    "gt": binary(),
    "index_add": [
        Example((Draw((1, 1)), index((1,), 1)), {"dim": 0, "size": 1}),
        Example((Draw((0, 4)), index((0,), 3)), {"dim": 0, "size": 3}),
        Example((Draw((2, 5)), index((5,), 3)), {"dim": -1, "size": 3}),
        Example((Draw(()), index((1,), 1)), {"dim": 0, "size": 1}),
    ],
    "index_select": [
        Example((Draw(()), index((1,), 1)), {"dim": 0}),
        Example((Draw(()), index((1,), 1)), {"dim": -1}),
        Example((Draw((1, 1)), index((1,), 1)), {"dim": 0}),
        Example((Draw((3, 4)), index((0,), 3)), {"dim": 0}),
        Example((Draw((3, 0)), index((5,), 3)), {"dim": 0}),
        Example((Draw((2, 3)), index((5,), 3)), {"dim": -1}),
    ],
    "inside": unary(min=-0.5),
    "le": binary(),
    "leaky_relu": unary(negative_slope=0.1),
    "leaky_slopes": unary(negative_slope=0.1),
    "log": unary(*POSITIVE),
    "log1p": unary(*POSITIVE),
    "log_softmax": ALONG,
    "logsumexp": REDUCED,
    "lt": binary(),
    "matmul": [
        real((1, 1), (1, 1)),
        real((2, 0), (0, 3)),
        real((0, 2), (2, 3)),
        real((2, 3), (3, 0)),
        real((0, 2, 3), (3, 4)),
        real((5, 1, 1, 3), (2, 3, 1)),
        real((1, 1, 1), (1, 1)),
        # Large enough for every form of the product.
        real((16, 40), (40, 9)),
        real((9, 40), (40, 16)),
        real((2, 16, 40), (40, 9)),
    ],
    "max": ALL,
    "max_pool": [
        real((1, 1, 1, 1), size=(1, 1), stride=(1, 1)),
        real((2, 3, 2, 1), size=(3, 2), stride=(1, 1)),
        real((1, 5, 7, 2), size=(1, 2), stride=(2, 3)),
        real((1, 3, 3, 2), size=(2, 2), stride=(2, 2)),
    ],
    "maximum": binary(),
    "mean": [*ALL, *REDUCED],
    "min": ALL,
    "minimum": binary(),
    "mul": binary(),
    "ne": binary(),
    "neg": unary(),
    "nonzero": unary(),
    "one_hot": [
        Example((index((1,), 1),), {"num_classes": 1}),
        Example((index((2, 0), 3),), {"num_classes": 3}),
        Example((index((0, 4), 3),), {"num_classes": 3}),
    ],
    "pad": [
        real((1,), pad=(0, 0)),
        real((0,), pad=(1, 2)),
        real((2, 0), pad=(0, 1, 1, 0), value=2.0),
        real((2, 3), pad=()),
        real((), pad=()),
    ],
    "permute": [real((), dims=()), real((1, 0), dims=(1, 0)), real((1, 1, 2), dims=(-1, 0, 1))],
    "positions": [Example((index(shape, 2),), {"length": 2}) for shape in SHAPES],
    "pow": [
        Example((Draw(shape, *POSITIVE), exponent), {})
        for shape in [(), (1,), (0,), (2, 0)]
        for exponent in [0, 1, -1, 2, 0.5]
    ],
    "relu": unary(),
    "reshape": [
        real((), shape=(1, 1)),
        real((1,), shape=()),
        real((0, 3), shape=(2, 0)),
        real((1, 6), shape=(-1,)),
    ],
    "round": [*unary(), *unary(decimals=1)],
    "route": [
        Example((Draw((1, 1, 1, 1)), index((1, 1, 1, 1), 2), index((1, 1, 1, 1), 2)), params)
        for params in [{"size": (1, 1), "stride": (1, 1)}, {"size": (1, 1), "stride": (3, 2)}]
    ]
    + [
        Example(
            (Draw((2, 1, 1, 0)), index((2, 3, 3, 0), 3), index((2, 1, 1, 0), 3)),
            {"size": (2, 2), "stride": (2, 2)},
        )
    ],
    "scatter_add": [
        Example((Draw((1,)), index((1,), 1)), {"dim": 0, "shape": (1,)}),
        Example((Draw((0, 4)), index((0, 4), 3)), {"dim": 0, "shape": (3, 4)}),
        Example((Draw((2, 1)), index((2, 1), 3)), {"dim": 0, "shape": (3, 4)}),
    ],
    "sigmoid": unary(),
    "sign": unary(),
    "sin": unary(),
    "slice": [
        real((1,), index=(0,)),
        real((3,), index=(slice(1, 1),)),
        real((2, 0), index=(-1,)),
        real((), index=(None,)),
        real((), index=(...,)),
        real((1, 4), index=(..., slice(-3, None, 2))),
        real((2, 3), index=(slice(None), None, -1)),
    ],
    "softmax": ALONG,
    "softplus": unary(-30.0, 30.0),
    "sqrt": unary(*POSITIVE),
    "square": unary(),
    "stack": [real((1,)), real((), ()), real((0,), (0,), dim=-1), real((2, 3), (2, 3), dim=-1)],
    "sub": binary(),
    "sum": [*ALL, *REDUCED, *EMPTY],
    "sum_to": [
        real((), shape=()),
        real((0, 3), shape=(3,)),
        real((0, 3), shape=(1, 3)),
        real((2, 0), shape=(2, 1)),
        real((1, 1), shape=()),
        real((2, 3), shape=(3,)),
    ],
    "tanh": unary(),
    "tanh_slope": [real((), ()), real((1,), (1,)), real((0,), (0,)), real((2, 0), (2, 0))],
    "topk": [
        real(shape, k=1, dim=-1, largest=True, sorted=True) for shape in [(), (1,), (0, 3), (1, 1)]
    ],
    "unfold": [
        real((1, 1, 1, 1), size=(1, 1), stride=(1, 1)),
        real((2, 3, 2, 1), size=(3, 2), stride=(1, 1)),
        real((1, 5, 7, 2), size=(1, 2), stride=(2, 3)),
    ],
    "unslice": [
        real((), index=(0,), shape=(1,)),
        real((0,), index=(slice(1, 1),), shape=(3,)),
        real((1,), index=(None,), shape=()),
    ],
    "var": [
        real((2,)),
        real((1, 2), dim=1, keepdim=True),
        real((1,), correction=0),
        real((3, 1), dim=1, correction=0),
    ],
    "where": [
        Example((bools(condition), Draw(a), Draw(b)), {})
        for condition, a, b in [
            ((), (), ()),
            ((1,), (1,), (1, 1)),
            ((0,), (1,), ()),
            ((2, 1), (3,), (1, 1)),
            ((3,), (2, 1), ()),
        ]
    ],
    "wins": binary(),
}


def test_every_operation_is_tried_at_its_smallest():
    assert set(SIZES) == set(SHIPPED) == set(ORACLE)


@pytest.mark.parametrize("name", SIZES)
def test_small_and_empty_arrays_give_torchs_output_and_gradients(name):
    for number, example in enumerate(SIZES[name]):
        case = Case(name, number, example)
        agree(case, case.draw(seed=5))
        agree(case, case.draw(seed=6, ties=True))
