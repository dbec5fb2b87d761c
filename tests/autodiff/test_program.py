"""Programs: calls that matter, on buffers that share memory only while nobody needs both."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff.steps import Training, batch, everything
from bakeoff import optim
from bakeoff.autodiff import Tensor, concat, kernels, stack
from bakeoff.autodiff.call import Call, memory_of
from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.program import needed


def spans(x):
    """The bytes that an array's elements can lie in."""
    start = x.data_ptr()
    reach = sum((n - 1) * s for n, s in zip(x.shape, x.stride(), strict=True)) + 1
    return (start, start + reach * x.element_size()) if x.numel() else (start, start)


def overlap(a, b):
    return max(a[0], b[0]) < min(a[1], b[1])


def test_a_call_is_needed_if_something_reads_it_or_it_writes_outside():
    outside = torch.zeros(2)

    def step(x):
        used = x * 2.0
        (used * 3.0).exp()  # nothing reads it
        kernels.update(torch.Tensor.add_, outside, (x * 5.0).data)
        return used + 1.0

    plan = capture(step, torch.ones(2))
    assert [call.name for call in plan.calls] == ["mul", "mul", "add_", "add"]
    plan(torch.ones(2))
    assert outside.tolist() == [5.0, 5.0]


def test_a_draw_is_needed_with_the_buffer_that_it_fills():
    buffer, generator = torch.empty(2), torch.Generator()
    made = Call("empty", torch.empty, ((2,),), {}, buffer, None)
    drawn = Call("fill", torch.rand, ((2,),), {"generator": generator}, buffer, None)
    read = Call("run", torch.exp, (buffer,), {}, torch.empty(2), None)
    assert needed([made, drawn, read], []) == [made, drawn]


def test_a_buffer_filled_in_parts_keeps_all_its_writers():
    def step(x):
        whole = kernels.zeros((4,), x.data)
        kernels.update(torch.Tensor.copy_, kernels.view(torch.narrow, whole, 0, 0, 2), x.data)
        kernels.fill(torch.mul, kernels.view(torch.narrow, whole, 0, 2, 2), x.data, 2.0)
        return Tensor(whole)

    plan = capture(step, torch.ones(2))
    assert plan(torch.tensor([1.0, 2.0])).data.tolist() == [1.0, 2.0, 2.0, 4.0]


def test_needed_keeps_the_order():
    plan = capture(Training().step, *batch())
    kept = needed(plan.calls, [plan.outputs.data])
    assert kept == plan.calls


# ---- random programs ------------------------------------------------------------------------


def placed(a, b):
    return Tensor(kernels.update(torch.Tensor.mul_, kernels.copy(a.data), b.data))


def late(a, b):
    """What is joined changes afterwards."""
    twice = a * 2.0
    joined = concat([twice, b * 0.5], dim=0)
    kernels.update(torch.Tensor.add_, twice.data, 1.0)
    return joined[1:5] + twice


COMBINE = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: (a * b).tanh(),
    "view": lambda a, b: a.T.contiguous().T * 0.5 + b[:, :1],
    "cat": lambda a, b: concat([a, b], dim=0)[::2],
    "halves": lambda a, b: (stack([a, concat([b, a * 2.0], dim=0)[::2]]) * 0.5).sum(0),
    "place": placed,
    "late": late,
    "sum": lambda a, b: b - a.sum(1, keepdim=True) * 0.1,
}


def program(choices):
    """A step that combines earlier values at random; any mix-up of buffers shows in its output."""

    def step(x, y):
        values = [x, y]
        for kind, i, j in choices:
            values.append(COMBINE[kind](values[i % len(values)], values[j % len(values)]))
        return [values[i % len(values)] * 1.0 for i in (-1, -3, len(values) // 2)]

    return step


KINDS = st.sampled_from(sorted(COMBINE))


@settings(max_examples=60)
@given(st.lists(st.tuples(KINDS, st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=14))
def test_any_program_gives_the_bits_of_its_step(choices):
    step = program(choices)
    generator = torch.Generator().manual_seed(len(choices))
    plan = capture(step, torch.zeros(4, 4), torch.zeros(4, 4))
    for _ in range(3):
        x, y = torch.randn(2, 4, 4, generator=generator)
        for a, b in zip(plan(x, y), step(Tensor(x), Tensor(y)), strict=True):
            assert torch.equal(a.data, b.data)


# ---- joins ----------------------------------------------------------------------------------


def joins(step, *inputs):
    """Return which joins a plan still makes; its values are those of the step."""
    plan = capture(step, *inputs)
    for got, wanted in zip(plan(*inputs), step(*map(Tensor, inputs)), strict=True):
        assert torch.equal(got.data, wanted.data)
    return [call.name for call in plan.calls if call.name in ("cat", "stack")]


def test_pieces_are_computed_where_a_join_would_copy_them():
    x, y = torch.randn(2, 16), torch.randn(1, 3)
    assert joins(lambda x: [concat([x.exp(), x.tanh()], dim=0) @ x.T], x) == []
    assert joins(lambda x: [stack([x.exp().T @ x, x.T @ x]).sum(0)], x) == []
    # One that lies inside a cache line is copied, if the others make up most of the join.
    assert joins(lambda x, y: [concat([(x.T @ x).reshape(-1), y.exp()[0]]) * 2.0], x, y) == []


def twice(x):
    y = x.exp()
    return [concat([y, y], dim=0) * 2.0]


def handed_out(x):
    y = x.exp()
    return [y, concat([y, x.tanh()], dim=0) * 2.0]


@pytest.mark.parametrize(
    "step",
    [
        twice,
        handed_out,
        lambda x: [concat([x, x], dim=0) * 2.0],  # an input's own buffer
        lambda x: [concat([x.exp(), x.tanh()], dim=1) * 2.0],  # rows that lie apart
        lambda x: [concat([x[0].exp()[:3], x[1].exp()]) * 2.0],  # a part; inside a cache line
        lambda x: [concat([x.exp(), x.tanh()], dim=0)],  # the join is an output
        lambda x: [late(x.exp(), x)],
    ],
)
def test_other_joins_are_made(step):
    assert joins(step, torch.randn(4, 16))


# ---- memory ---------------------------------------------------------------------------------


def test_a_chain_of_products_lives_in_two_buffers_whatever_its_length():
    def step(x):
        for _ in range(50):
            x = x @ x
        return x

    plan = capture(step, torch.zeros(32, 32))
    assert plan.buffer_bytes <= 3 * 4096  # the input, and two places taken in turn


def test_a_chain_of_elementwise_calls_lives_in_one_buffer():
    def step(x):
        for _ in range(50):
            x = x.sigmoid()
        return x

    plan = capture(step, torch.zeros(1000))
    assert plan.buffer_bytes <= 4000 + 4032  # the input, and one place


def test_nothing_is_written_over_that_the_same_call_reads_in_another_order():
    def step(x):
        y = x.exp()
        return (
            y * y.T
        )  # y is needed no more, but its last element is read after the first is written

    x = torch.randn(40, 40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(capture(step, x)(x).data, step(Tensor(x)).data)


def test_an_elementwise_call_leaves_what_is_needed_later():
    def step(x):
        y = x.exp()
        z = y * 2.0
        return z + y

    x = torch.randn(40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(capture(step, x)(x).data, step(Tensor(x)).data)


def test_no_buffer_is_shared_with_an_output_an_input_or_a_gradient():
    training = Training(*everything(), make=optim.Adam)
    plan = capture(training.step, *batch())
    plan(*batch())
    kept = [plan.outputs.data, *plan.inputs, *(g.data for _, g in plan.gradients if g is not None)]
    for a, b in combinations(kept, 2):
        assert not overlap(spans(a), spans(b))
    # Whatever else is written after them leaves them alone.
    for x in kept:
        writers = [n for n, call in enumerate(plan.calls) if overlap(spans(call.out), spans(x))]
        readers = [n for n, call in enumerate(plan.calls) if any(x is y for y in call.arrays)]
        assert not readers or not writers or writers[-1] <= readers[-1]


def test_parameters_and_state_are_used_where_they_lie():
    training = Training()
    plan = capture(training.step, *batch())
    weights = {memory_of(p.data) for p in training.network.parameters()}
    assert weights <= {memory_of(x) for call in plan.calls for x in call.arrays}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_buffers_of_every_dtype_are_aligned(dtype):
    def step(x):
        rows = (x > 0.0).sum(0)
        return (x * 2.0)[:3], rows.argmax(0), x.exp()

    x = torch.ones(5, 3, dtype=dtype)
    plan = capture(step, x)
    assert all(call.out.data_ptr() % call.out.element_size() == 0 for call in plan.calls)
    first, at, grown = plan(x)
    assert torch.equal(first.data, x[:3] * 2.0)
    assert int(at) == 0
    assert torch.equal(grown.data, x.exp())
