"""Tensor: its operators and methods are torch's, by value, shape and gradient."""

import copy
import inspect
import math
import operator

import mistakes
import numpy as np
import pytest
import torch

import bakeoff.autodiff as ad
from autodiff.walk import normal, ours, same, theirs
from bakeoff import nn
from bakeoff.autodiff import Tensor, concat, no_grad
from bakeoff.errors import ArgumentError, BakeoffError, DTypeError, ShapeError

# Each is called with ours and with torch's tensors: a of shape (2, 3), b of shape (3,) above 1/2.
EXPRESSIONS = {
    "a + b": lambda a, b: a + b,
    "a + 2": lambda a, b: a + 2,
    "2 + a": lambda a, b: 2 + a,
    "a - b": lambda a, b: a - b,
    "a - 1.5": lambda a, b: a - 1.5,
    "1.5 - a": lambda a, b: 1.5 - a,
    "a * b": lambda a, b: a * b,
    "3 * a": lambda a, b: 3 * a,
    "a / b": lambda a, b: a / b,
    "a / 3": lambda a, b: a / 3,
    "3 / b": lambda a, b: 3 / b,
    "-a": lambda a, b: -a,
    "a ** 3": lambda a, b: a**3,
    "b ** -0.5": lambda a, b: b**-0.5,
    "a @ a.T": lambda a, b: a @ a.T,
    "exp": lambda a, b: a.exp(),
    "log": lambda a, b: b.log(),
    "sqrt": lambda a, b: b.sqrt(),
    "square": lambda a, b: a.square(),
    "pow": lambda a, b: b.pow(1.5),
    "tanh": lambda a, b: a.tanh(),
    "sigmoid": lambda a, b: a.sigmoid(),
    "relu": lambda a, b: a.relu(),
    "abs": lambda a, b: a.abs(),
    "clamp": lambda a, b: a.clamp(-0.5, 0.5),
    "clamp max": lambda a, b: a.clamp(max=0.1),
    "sum": lambda a, b: a.sum(),
    "sum 0": lambda a, b: a.sum(0),
    "sum of no axes": lambda a, b: a.sum(()),
    "sum keepdim": lambda a, b: a.sum(-1, keepdim=True),
    "mean": lambda a, b: a.mean(),
    "mean of no axes": lambda a, b: a.mean(()),
    "mean (0, 1)": lambda a, b: a.mean((0, 1)),
    "var": lambda a, b: a.var(),
    "var 1": lambda a, b: a.var(1, keepdim=True, correction=0),
    "max": lambda a, b: a.max(),
    "logsumexp": lambda a, b: a.logsumexp(1),
    "log_softmax": lambda a, b: a.log_softmax(0),
    "softmax": lambda a, b: a.softmax(1),
    "reshape": lambda a, b: a.reshape(3, 2),
    "reshape tuple": lambda a, b: a.reshape((-1,)),
    "flatten": lambda a, b: a.flatten(),
    "flatten -1": lambda a, b: a.flatten(-1),
    "flatten no axes": lambda a, b: a.sum().flatten(),
    "permute": lambda a, b: a.permute(1, 0),
    "permute tuple": lambda a, b: a.permute((1, 0)),
    "transpose": lambda a, b: a.transpose(-1, 0),
    "movedim": lambda a, b: a.unsqueeze(0).movedim(0, -1),
    "movedim back": lambda a, b: a.unsqueeze(0).movedim(-1, 1),
    "T": lambda a, b: a.T,
    "unsqueeze": lambda a, b: a.unsqueeze(1),
    "unsqueeze -1": lambda a, b: a.unsqueeze(-1),
    "squeeze": lambda a, b: a.unsqueeze(0).squeeze(0),
    "squeeze -1": lambda a, b: a.unsqueeze(-1).squeeze(-1),
    "squeeze all": lambda a, b: a.unsqueeze(0).unsqueeze(-1).squeeze(),
    "squeeze nothing": lambda a, b: a.squeeze(1),
    "movedim several": lambda a, b: a.unsqueeze(0).movedim((0, 1), (-1, 0)),
    "mT": lambda a, b: a.unsqueeze(0).mT,
    "expand": lambda a, b: b.expand(4, 3),
    "contiguous": lambda a, b: a.T.contiguous(),
    "contiguous already": lambda a, b: a.contiguous(),
    "a[1]": lambda a, b: a[1],
    "a[-1, 1:]": lambda a, b: a[-1, 1:],
    "a[..., None]": lambda a, b: a[..., None],
    "a[:, ::2]": lambda a, b: a[:, ::2],
    "a[[1, 0, 1]]": lambda a, b: a[[1, 0, 1]],
    "a[:, [2, 0]]": lambda a, b: a[:, [2, 0]],
    "a[0, [2, 2]]": lambda a, b: a[0, [2, 2]],
    "a[index]": lambda a, b: a[torch.tensor([1, 1])],
    "a[1:, index]": lambda a, b: a[1:, torch.tensor([2, 1, 2])],
    "a[number, [0, 2]]": lambda a, b: a[np.int64(1), [0, 2]],
    "number * a": lambda a, b: np.float64(2.0) * a,
    "rows": lambda a, b: sum(row * i for i, row in enumerate(a)),
    "2 ** a": lambda a, b: 2**a,
    "b ** a": lambda a, b: b**a,
    "a @ b": lambda a, b: a @ b,
    "b.matmul(b)": lambda a, b: b.matmul(b),
    "whole": lambda a, b: a.floor() + a.ceil() + a.round() + a.round(decimals=1),
    "waves": lambda a, b: a.sin() * a.cos() + a.erf() + a.expm1(),
    "log1p": lambda a, b: b.log1p() + b.rsqrt() + b.reciprocal(),
    "tests": lambda a, b: a.isnan() | a.isinf() | ~a.isfinite() | a.logical_not() | (a > 0),
    "tests &": lambda a, b: (a > 0) & (b > 1) ^ (a < 1),
    "any": lambda a, b: (a > 0).any(0) | (a > 0).all(),
    "masked_fill": lambda a, b: a.masked_fill(a > 0, -1.0),
    "prod": lambda a, b: a.prod() + a.prod(1).sum(),
    "running": lambda a, b: a.cumsum(1) * a.cumprod(0),
    "std": lambda a, b: a.std(0) + a.std() + a.std(1, correction=0).sum(),
    "norm": lambda a, b: a.norm() + a.norm(1, 0) + a.norm(2.5),
    "norm to the end": lambda a, b: a.norm(math.inf, 0) + a.norm(-math.inf),
    "min": lambda a, b: a.min() + a.amin(0) * a.amax(0) + a.min(0)[0] + a.min(b).sum(),
    "argmin": lambda a, b: a.argmin(1),
    "view": lambda a, b: a.view(3, 2) + a.view((3, -1)),
    "clone": lambda a, b: a.T.clone(),
    "narrow": lambda a, b: a.narrow(1, -2, 2),
    "split": lambda a, b: a.split(2, 1)[1] * a.split([1, 2], 1)[0],
    "chunk": lambda a, b: a.chunk(2, -1)[0],
    "unbind": lambda a, b: a.unbind(1)[2],
    "flip": lambda a, b: a.flip(0) + a.flip(0, 1) + a.flip((-1,)),
    "index_select": lambda a, b: a.index_select(1, torch.tensor([2, 2])),
    "gather": lambda a, b: a.gather(1, torch.tensor([[2], [0]])),
    "scatter_add": lambda a, b: a.scatter_add(1, torch.tensor([[2, 2]]), a[:1, 1:]),
    "sort": lambda a, b: a.sort(0)[0] * a.sort(descending=True)[0],
    "argsort": lambda a, b: a.argsort(),
    "topk": lambda a, b: a.topk(2)[0] + a.topk(2, largest=False)[0],
    "a[[0, 1], [2, -1]]": lambda a, b: a[[0, 1], [2, -1]],
    "a[[[0], [1]], [2, 1]]": lambda a, b: a[[[0], [1]], [2, 1]],
    "a[:, None, [0, 0]]": lambda a, b: a[:, None, [0, 0]],
    "a[[1], :, None, [0]]": lambda a, b: a[:, :, None][[1], :, [0]],
    "a[..., [2]]": lambda a, b: a[..., [2]],
    "a[mask]": lambda a, b: a[a > 0],
    "a[:, mask]": lambda a, b: a[:, torch.tensor([True, False, True])],
    "a[[]]": lambda a, b: a[[]],
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_are_torchs(name):
    args = [normal((2, 3), seed=1), normal((3,), seed=2).abs() + 0.5]
    (got, got_grads), (expected, expected_grads) = (
        f(EXPRESSIONS[name], args) for f in (ours, theirs)
    )
    same(got, expected)
    for g, e in zip(got_grads, expected_grads, strict=True):
        same(g, e)


@pytest.mark.parametrize("compare", ["gt", "ge", "lt", "le", "eq", "ne"])
def test_comparisons_are_torchs_and_remember_nothing(compare):
    function = getattr(operator, compare)
    x, y = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 2.0, 2.0])
    for got in (function(Tensor(x, True), Tensor(y)), function(Tensor(x, True), 2)):
        assert torch.equal(got.data, function(x, y))
        assert not got.requires_grad


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "matmul", "lt", "ge"])
def test_torch_tensors_may_stand_on_the_left(name):
    function = getattr(operator, name)
    a, b = normal((3, 3), 1), normal((3, 3), 2)
    got = function(a, Tensor(b, requires_grad=True))
    assert isinstance(got, Tensor)
    same(got.data, function(a, b))
    assert got.requires_grad == (name not in ("lt", "ge"))


def test_equality_with_what_is_no_number_is_identity():
    x = Tensor([1.0, 2.0])
    assert (x == None) is False  # noqa: E711 - the comparison is the test
    assert (x != "a") is True
    assert len({x, Tensor([1.0, 2.0])}) == 2


def test_a_tensor_can_be_walked_and_unpacked():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = x
    assert second.tolist() == [3.0, 4.0]
    (first * second).sum().backward()
    assert x.grad.tolist() == [[3.0, 4.0], [1.0, 2.0]]


def test_max_along_an_axis_gives_values():
    x = Tensor([[1.0, 5.0], [7.0, 2.0]])
    values, indices = x.max(1)
    assert values.tolist() == [5.0, 7.0]
    theirs = torch.max(x.data, 1)
    assert torch.equal(x.max(1)[1].data, theirs[1])
    assert indices.dtype == torch.int64
    assert x.max(1, keepdim=True)[0].shape == (2, 1)
    for arguments in ((False,), (0, False), (0, False, True), (1, True)):
        torch.testing.assert_close(x.var(*arguments).data, x.data.var(*arguments))
    assert x.argmax().item() == x.data.argmax().item()
    assert torch.equal((~(x > 2)).data, ~(x.data > 2))
    assert torch.equal(abs(-x).data, abs(-x.data))
    with pytest.raises(ArgumentError, match="max: got keepdim=True without dim"):
        x.max(keepdim=True)
    assert x.argmax(0).tolist() == [1, 0]


COMPLEX = torch.tensor([1 + 2j, 3.0])
X = Tensor([1.0, 2.0])


@pytest.mark.parametrize(
    "way",
    [
        lambda: Tensor(COMPLEX),
        lambda: Tensor([1j]),
        lambda: X * 1j,
        lambda: 1j - X,
        lambda: X / COMPLEX,
        lambda: COMPLEX + X,
        lambda: X < 1j,
        lambda: X**1j,
        lambda: X.to(torch.complex64),
        lambda: X.clamp(1j),
        lambda: ad.where(X > 0, X, 1j),
        lambda: ad.capture(lambda x: x * 2.0, COMPLEX),
        lambda: (Tensor([1.0, 2.0], requires_grad=True) * 2.0).backward(COMPLEX),
        lambda: setattr(Tensor([1.0, 2.0], requires_grad=True), "grad", COMPLEX),
        lambda: nn.Linear(2, 1).initialise(0)(COMPLEX.unsqueeze(0)),
        lambda: nn.Linear(2, 1).to(torch.complex64),
        lambda: nn.Linear(1, 2).load_state_dict(
            {"weight": COMPLEX.unsqueeze(1), "bias": COMPLEX.real}
        ),
        lambda: nn.MSELoss()(X, COMPLEX),
    ],
)
def test_complex_numbers_are_let_in_nowhere(way):
    with pytest.raises(BakeoffError):
        way()


def test_numbers_and_lists_become_float32():
    assert Tensor(1.5).dtype == torch.float32
    assert Tensor([[1, 2], [3, 4]]).dtype == torch.int64
    assert Tensor([1.0]).data.dtype == torch.float32


def test_torch_tensors_are_not_copied_and_lose_their_history():
    plain = torch.ones(3)
    assert Tensor(plain).data is plain
    tracked = torch.ones(3, requires_grad=True)
    made = Tensor(tracked)
    assert not made.data.requires_grad
    assert made.data.data_ptr() == tracked.data_ptr()
    assert Tensor(Tensor(plain)).data is plain


def test_numbers_leave_the_graph():
    assert float(Tensor(1.5)) == 1.5
    assert int(Tensor([3])) == 3
    assert bool(Tensor(0.0)) is False
    assert Tensor([[2.5]]).item() == 2.5
    assert Tensor([[1, 2]]).tolist() == [[1, 2]]
    assert len(Tensor([[1, 2]])) == 1
    assert Tensor([[1, 2]]).numel() == 2
    assert Tensor([[1, 2]]).ndim == 2
    assert Tensor([[1, 2]]).size() == (1, 2)
    assert Tensor([[1, 2]]).size(1) == 2


def test_what_people_read():
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "Tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "Tensor([2., 4.], made by mul)"
    assert repr(Tensor(3)) == "Tensor(3)"
    assert repr(Tensor(normal((2,)))).endswith("dtype=torch.float64)")


def test_copies():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    shallow, deep = copy.copy(x), copy.deepcopy([x, x])
    assert shallow.data is x.data
    assert deep[0] is deep[1]
    assert deep[0].requires_grad
    deep[0].data.zero_()
    deep[0].grad.data.zero_()
    assert x.tolist() == [1.0, 2.0]
    assert x.grad.tolist() == [2.0, 4.0]
    made = copy.deepcopy(x * 2)
    assert made.node is None


def test_detached_shares_memory_and_remembers_nothing():
    x = Tensor([1.0], requires_grad=True)
    y = (x * 2).detach()
    assert not y.requires_grad
    x.detach().data.fill_(5.0)
    assert x.item() == 5.0


# ---- dtypes ---------------------------------------------------------------------------------


def test_gradients_have_the_dtype_of_their_tensor():
    a = Tensor(torch.tensor([1.0, 2.0]), requires_grad=True)
    b = Tensor(torch.tensor([3.0, 4.0], dtype=torch.float64), requires_grad=True)
    scale = Tensor(torch.tensor(2.0, dtype=torch.float64), requires_grad=True)
    out = (a * b + concat([a, b])[1:3]) * scale
    assert out.dtype == torch.float64
    out.sum().backward()
    assert (a.grad.dtype, b.grad.dtype, scale.grad.dtype) == (
        torch.float32,
        torch.float64,
        torch.float64,
    )
    assert a.grad.tolist() == [6.0, 10.0]
    assert b.grad.tolist() == [4.0, 4.0]
    assert scale.grad.item() == 3.0 + 8.0 + 2.0 + 3.0


def test_to_another_dtype():
    x = Tensor([1.5, -2.5], requires_grad=True)
    y = x.to(torch.float64)
    assert y.dtype == torch.float64
    (y * y).sum().backward()
    assert x.grad.dtype == torch.float32
    assert x.grad.tolist() == [3.0, -5.0]
    x.zero_grad()
    assert x.grad is None
    assert x.to(torch.float32) is x
    whole = x.to(torch.int64)
    assert whole.tolist() == [1, -2]
    assert not whole.requires_grad


# ---- errors ---------------------------------------------------------------------------------

X = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
W = Tensor([[0, 1, 0], [1, 0, 1]])

MISTAKES = [
    (lambda: Tensor("two"), DTypeError, "Tensor: got str, expected a torch tensor, a number"),
    (lambda: Tensor([[1], [1, 2]]), DTypeError, "Tensor: got list"),
    (
        lambda: Tensor([1, 2], True),
        DTypeError,
        "torch.int64 with requires_grad=True, expected a fl",
    ),
    (lambda: Tensor([True], True), DTypeError, "torch.bool with requires_grad=True"),
    (X.item, ShapeError, "item: got shape (2, 3), expected exactly one element"),
    (lambda: bool(X), ShapeError, "expected exactly one element"),
    (lambda: len(Tensor(1.0)), ShapeError, "len: got a tensor of shape (), expected at least one"),
    (lambda: list(Tensor(1.0)), ShapeError, "expected at least one axis"),
    (lambda: X.transpose(0, 2), ShapeError, "transpose: got axis 2, expected one of 2 axes"),
    (lambda: X.movedim(-3, 0), ShapeError, "movedim: got axis -3, expected one of 2 axes"),
    (lambda: X.movedim(0, 2), ShapeError, "movedim: got axis 2, expected one of 2 axes"),
    (lambda: X[0].T, ShapeError, "T: got shape (3,), expected two axes; write mT"),
    (lambda: X[0].mT, ShapeError, "mT: got shape (3,), expected two axes or more"),
    (lambda: X.transpose(0.5, 1), DTypeError, "transpose: got axis 0.5, expected a whole number"),
    (lambda: X.reshape("ab"), DTypeError, "reshape: got 'ab', expected whole numbers"),
    (lambda: X.movedim((0, 1), 0), ShapeError, "movedim: got source=(0, 1) and destination=0"),
    (lambda: X.squeeze((0, 0)), ShapeError, "squeeze: got axes (0, 0), expected each of them once"),
    (lambda: X.size(2), ShapeError, "size: got axis 2, expected one of 2 axes"),
    (lambda: X.sum(1, True, 2), ArgumentError, "sum: too many positional arguments; expected of"),
    (X.softmax, ArgumentError, "softmax: missing a required argument: 'dim'"),
    (lambda: X // 2, DTypeError, "Tensor: got //, which a Tensor does not offer; compute on .data"),
    (lambda: X.__setitem__(0, 1.0), DTypeError, "write where(mask, new, x), or change .data"),
    (lambda: X.var(0, False, correction=0), ArgumentError, "got unbiased=False and correction=0"),
    (lambda: Tensor([1, 2]).mean(), DTypeError, "mean: got torch.int64, expected floating point"),
    (lambda: Tensor([1, 2]).softmax(0), DTypeError, "softmax: got torch.int64, expected floating"),
    (lambda: ad.concat(X, X), DTypeError, "concat: got Tensor, expected a list or tuple of"),
    (lambda: ad.pad(X, (1, 1), "reflect"), ArgumentError, "pad: got mode='reflect', expected 'con"),
    (lambda: ad.maximum(X, 2.0), DTypeError, "maximum: got (2, 3) float32, 2.0: maximum(): argum"),
    (lambda: X.clamp(X), DTypeError, "clamp: got Tensor as a bound, expected a number; write"),
    (lambda: X.unsqueeze(3), ShapeError, "unsqueeze: got axis 3, expected one of 3 axes"),
    (lambda: X.squeeze(2), ShapeError, "squeeze: got axis 2, expected one of 2 axes"),
    (lambda: X.flatten(2), ShapeError, "flatten: got axis 2, expected one of 2 axes"),
    (lambda: X.flatten(1, 0), ShapeError, "got start_dim=1 after end_dim=0"),
    (lambda: X.reshape(4, 2), ShapeError, "reshape: got (2, 3) float32, shape=(4, 2)"),
    (lambda: X.sum(2), ShapeError, "got axis 2, expected one of 2 axes"),
    (lambda: X.expand(2, 4), ShapeError, "expand: got (2, 3) float32, shape=(2, 4)"),
    (lambda: X[2], ShapeError, "slice: got (2, 3) float32, index=(2,)"),
    (lambda: X[[0, 5]], ShapeError, "positions: got (2,) int64, length=2: position out of range"),
    (lambda: X[[0], [-4]], ShapeError, "positions: got (1,) int64, length=3: position out of ran"),
    (lambda: X.index_select(0, [0]), DTypeError, "index_select: got (2, 3) float32, [0], dim=0"),
    (lambda: X[X[0] > 2], ShapeError, "index: got a mask of shape (3,), expected that of the axes"),
    (lambda: X[[0.5]], DTypeError, "index: got a tensor of torch.float32, expected integers or a"),
    (lambda: X.T.view(6), ShapeError, "view: got shape (3, 2) with strides (1, 3), expected what"),
    (lambda: X.narrow(1, 2, 2), ShapeError, "narrow: got start=2 and length=2, expected a part of"),
    (lambda: X.narrow(1, X[0, 0], 2), DTypeError, "narrow: got torch.float32 as start, expected a"),
    (lambda: X.split([1, 1], 1), ShapeError, "split: got lengths [1, 1], expected a sum of 3"),
    (lambda: X.split([4, -1], 1), ArgumentError, "split: got lengths [4, -1], expected none below"),
    (lambda: X.split(0), ArgumentError, "split: got split_size=0, expected 1 or more"),
    (lambda: X.chunk(0), ArgumentError, "chunk: got chunks=0, expected 1 or more"),
    (lambda: X.scatter_add(0, W, W), DTypeError, "as src, expected a tensor of torch.float32"),
    (lambda: X.scatter_add(0, W, X[:1]), ShapeError, "scatter_add: got src of shape (1, 3), exp"),
    (lambda: X.masked_fill(X, 0), DTypeError, "as mask, expected torch.bool"),
    (lambda: X.masked_fill(X > 2, X[0]), ShapeError, "masked_fill: got a value of shape (3,), exp"),
    (lambda: X.norm("nuc"), ArgumentError, "norm: got p='nuc', expected 'fro' or a number"),
    (W.norm, DTypeError, "norm: got torch.int64, expected floating point"),
    (lambda: Tensor(1.0).size(0), ShapeError, "size: got axis 0 of a tensor without axes"),
    (lambda: ad.std([1.0]), DTypeError, "std: got [1.0], expected a tensor"),
    *(
        (lambda i=i: X[i], DTypeError, f"index: got {type(i).__name__}, expected integers, slices")
        for i in (True, 1.5, "a", range(2), np.array([0, 1]))
    ),
    (lambda: X[(0, 1),], DTypeError, "index: got tuple, expected integers, slices, None"),
    (lambda: np.ones(3) + X, DTypeError, "add: got (2, 3) float32, array([1., 1., 1.])"),
    (lambda: X.to("float64"), DTypeError, "to: got 'float64', expected a dtype such as torch.fl"),
    (lambda: X + "a", DTypeError, "add: got (2, 3) float32, 'a'"),
    (lambda: X + X.T, ShapeError, "add: got (2, 3) float32, (3, 2) float32"),
    (lambda: X @ [1.0], DTypeError, "matmul: got (2, 3) float32, [1.0]: 'list' object has no"),
    (lambda: X @ X, ShapeError, "matmul: got shapes (2, 3) and (2, 3), expected the last axis of"),
    (lambda: X @ X[0, :2], ShapeError, "got shapes (2, 3) and (2, 1), expected the last axis"),
    (lambda: X @ X[0, 0], ShapeError, "got shapes (2, 3) and (), expected one axis or more"),
    (lambda: X @ X.T.to(torch.float64), DTypeError, "(2, 3) float32, (3, 2) float64"),
    (lambda: X.reshape(1, 2, 3) @ X.T.to(torch.float64), DTypeError, "expected scalar type"),
    (lambda: ad.pad(X, (1, 1) * 3), ShapeError, "pad: got (2, 3) and pad="),
    (lambda: ad.pad(X, (1, -1)), ShapeError, "for each of the last axes, 2 at most"),
    (lambda: X.sum_to((3, 2)), ShapeError, "sum_to: got (3, 2), expected a shape that broadcasts"),
    (lambda: X.sum_to((1, 1, 3)), ShapeError, "expected a shape that broadcasts to (2, 3)"),
    (X.clamp, ArgumentError, "clamp: got neither min nor max, expected at least one"),
    (lambda: -(X > 2), DTypeError, "neg: got (2, 3) bool"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m[2])
def test_mistakes_say_where_what_was_got_and_what_was_expected(mistake):
    mistakes.check(mistake)


def test_no_method_moves_the_global_generator():
    before = torch.random.get_rng_state()
    with no_grad():
        for expression in EXPRESSIONS.values():
            expression(X, X[0])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_public_method_is_tried_here():
    source = inspect.getsource(inspect.getmodule(test_every_public_method_is_tried_here))
    public = [name for name in vars(Tensor) if not name.startswith("_")]
    assert [name for name in public if f".{name}" not in source] == []
