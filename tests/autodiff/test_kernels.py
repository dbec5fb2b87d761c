"""Kernels: a recorder sees every call, and the calls alone compute everything again."""

from contextlib import contextmanager

import pytest
import torch

import bakeoff.autodiff as ad
from autodiff.walk import cases, is_real, normal
from bakeoff.autodiff import Tensor, kernels


class Notes:
    """A recorder that only writes down; what it is not asked about here, it ignores."""

    scope = None

    def __init__(self):
        self.calls = []
        self.reads = []
        self.operations = []

    def on_call(self, kind, fn, args, kwargs, out):
        self.calls.append((kind, fn, args, kwargs, out))

    def on_read(self, what):
        self.reads.append(what)

    def on_operation(self, node, inputs):
        self.operations.append((node, inputs))

    def __getattr__(self, name):
        if name.startswith(("on_", "before_", "after_")):
            return lambda *args: None
        raise AttributeError(name)

    def spoil(self):
        """Overwrite every array that the calls made, so that a replay has to fill it."""
        for kind, *_, out in self.calls:
            if kind in ("run", "empty"):
                out.fill_(float("nan")) if is_real(out) else out.zero_()

    def replay(self):
        for kind, fn, args, kwargs, out in self.calls:
            if kind in ("run", "fill"):
                fn(*args, **kwargs, out=out)
            elif kind == "update":
                fn(*args, **kwargs)


@contextmanager
def notes():
    taken = Notes()
    kernels.state.recorder = taken
    try:
        yield taken
    finally:
        kernels.state.recorder = None


# ---- the calls alone compute everything again -----------------------------------------------


def step(f, leaves, cotangent):
    """Return every array that a forward and a backward give."""
    for leaf in leaves:
        leaf.grad = None
    out = f()
    if out.requires_grad:
        out.backward(cotangent)
    return [out.data, *(leaf.grad.data for leaf in leaves if leaf.grad is not None)]


def assert_replays(f, leaves, new_values):
    """Record a step, change the leaves in place, replay: the bits are those of a new step."""
    cotangent = normal(f().shape).to(f().dtype)
    with notes() as taken:
        replayed = step(f, leaves, cotangent)
    for leaf, values in zip(leaves, new_values, strict=True):
        leaf.data.copy_(values)
    taken.spoil()
    taken.replay()
    expected = step(f, leaves, cotangent)
    assert len(replayed) == len(expected)
    for a, b in zip(replayed, expected, strict=True):
        assert a.dtype == b.dtype
        assert a.stride() == b.stride()
        assert torch.equal(a, b)


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_every_operation_is_replayed_to_the_bit(case):
    args = case.draw(seed=8)
    inputs = [Tensor(x, requires_grad=True) if is_real(x) else x for x in args]
    leaves = [x for x in inputs if isinstance(x, Tensor)]
    new_values = [x for x in case.draw(seed=9, ties=True) if is_real(x)]
    assert_replays(lambda: case.run(*inputs), leaves, new_values)


def network_leaves(seed):
    shapes = [(1, 9, 9, 6), (4, 1, 3, 3), (4,), (5, 4, 3, 3), (5,), (3, 10), (3,)]
    return [normal(shape, seed=seed + i).float() for i, shape in enumerate(shapes)]


def loss_of(x, w1, b1, w2, b2, w3, b3):
    x = ad.convolve(x, w1, b1, stride=(1, 1), padding=(1, 1)).relu()
    x = ad.max_pool(x, size=(2, 2), stride=(2, 2))
    x = ad.convolve(x, w2, b2, stride=(1, 2), padding=(0, 1)).tanh()
    x = ad.avg_pool(x, size=(1, 2), stride=(1, 1)).flatten(0, 2)
    wanted = ad.one_hot(torch.tensor([0, 2, 1, 1, 0, 2]), num_classes=3).T
    return -(ad.affine(w3, x, b3).log_softmax(0) * wanted).sum(0).mean()


def test_a_small_network_is_replayed_to_the_bit():
    leaves = [Tensor(x, requires_grad=True) for x in network_leaves(0)]
    assert_replays(lambda: loss_of(*leaves), leaves, network_leaves(50))


def test_two_recordings_of_a_step_are_the_same_calls():
    leaves = [Tensor(x, requires_grad=True) for x in network_leaves(0)]
    recordings = []
    for _ in range(2):
        with notes() as taken:
            step(lambda: loss_of(*leaves), leaves, torch.tensor(1.0))
        recordings.append([(kind, fn) for kind, fn, *_ in taken.calls])
    assert recordings[0] == recordings[1]
    assert len(recordings[0]) > 50


def test_a_recording_changes_no_bit():
    leaves = [Tensor(x, requires_grad=True) for x in network_leaves(0)]
    plain = [x.clone() for x in step(lambda: loss_of(*leaves), leaves, torch.tensor(1.0))]
    with notes():
        recorded = step(lambda: loss_of(*leaves), leaves, torch.tensor(1.0))
    assert all(torch.equal(a, b) for a, b in zip(plain, recorded, strict=True))


def test_the_replay_bites():
    """What computes outside kernels is not replayed, and the comparison shows it."""
    x = Tensor(normal((3,)), requires_grad=True)
    with pytest.raises(AssertionError):
        assert_replays(lambda: x * x.data.exp(), [x], [normal((3,), seed=1)])
    with pytest.raises(AssertionError):
        assert_replays(lambda: x * x.data.sum().item(), [x], [normal((3,), seed=2)])


# ---- each kind of call ----------------------------------------------------------------------


def test_run():
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    with notes() as taken:
        out = kernels.run(torch.add, a, b, alpha=2)
    assert out.tolist() == [7.0, 10.0]
    assert taken.calls == [("run", torch.add, (a, b), {"alpha": 2}, out)]


def test_fill():
    whole, a = torch.zeros(4), torch.tensor([1.0, 4.0])
    part = whole[1:3]
    with notes() as taken:
        assert kernels.fill(torch.sqrt, part, a) is part
    assert whole.tolist() == [0.0, 1.0, 2.0, 0.0]
    assert taken.calls == [("fill", torch.sqrt, (a,), {}, part)]


def test_update():
    target = torch.tensor([1.0, 2.0])
    with notes() as taken:
        assert kernels.update(torch.Tensor.mul_, target, 3.0) is target
    assert target.tolist() == [3.0, 6.0]
    assert taken.calls == [("update", torch.Tensor.mul_, (target, 3.0), {}, target)]


def test_view():
    x = torch.tensor([[1.0, 2.0]])
    with notes() as taken:
        out = kernels.view(torch.permute, x, (1, 0))
    assert out.data_ptr() == x.data_ptr()
    assert out.shape == (2, 1)
    assert taken.calls == [("view", torch.permute, (x, (1, 0)), {}, out)]


def test_empty_zeros_copy_and_cast():
    like = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    with notes() as taken:
        made = kernels.empty([3, 1], like)
        zeros = kernels.zeros((2,), like)
        copied = kernels.copy(like.T)
        cast = kernels.cast(like.T, torch.empty(0, dtype=torch.int64))
    assert (made.shape, made.dtype) == ((3, 1), torch.float64)
    assert zeros.tolist() == [0.0, 0.0]
    assert copied.is_contiguous()
    assert copied.tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert cast.dtype == torch.int64
    assert cast.tolist() == [[1, 3], [2, 4]]
    kinds = [kind for kind, *_ in taken.calls]
    assert kinds == ["empty", "empty", "update", "empty", "update", "empty", "update"]


def test_reading_a_value_is_told():
    x = Tensor([2.0])
    with notes() as taken:
        x.item(), x.tolist(), float(x), int(x), bool(x)
        assert kernels.recording()
    assert taken.reads == ["item()", "tolist()", "item()", "item()", "item()"]
    assert not kernels.recording()


def test_operations_are_told_with_their_place_on_the_tape():
    x, y = Tensor([2.0], requires_grad=True), Tensor([3.0])
    with notes() as taken:
        product = x * y
        constant = y * 2.0
    (node, inputs), (no_node, _) = taken.operations
    assert node is product.node
    assert inputs[0] is x
    assert inputs[1] is y
    assert no_node is None
    assert constant.node is None


def test_without_a_recorder_nothing_is_told():
    with notes() as taken:
        pass
    Tensor([2.0]).exp().item()
    assert (taken.calls, taken.reads, taken.operations) == ([], [], [])


@pytest.mark.parametrize(
    ("columns", "apart"), [(1000, 1000), (1024, 1024), (1030, 1040), (2450, 2464), (2464, 2464)]
)
def test_long_rows_start_at_multiples_of_64_bytes(columns, apart):
    matrix = kernels.rows_apart((3, columns), torch.empty(0))
    assert matrix.shape == (3, columns)
    assert matrix.stride() == (apart, 1)
    assert kernels.in_one_piece(columns) == (apart == columns)
