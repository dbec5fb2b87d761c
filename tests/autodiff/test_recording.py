"""Recordings: what a step called and touched, and how it is undone."""

from contextlib import suppress

import pytest
import torch

from autodiff.steps import Training, assert_same, batch, draw, everything, leaf
from bakeoff import optim
from bakeoff.autodiff import Tensor, kernels
from bakeoff.autodiff.call import Call, arrays_in, memory_of, replace_arrays
from bakeoff.autodiff.recording import Recording, recording
from bakeoff.autodiff.snapshot import same_bits
from bakeoff.autodiff.verify import record
from bakeoff.errors import PlanError
from bakeoff.nn import ReLU, Sequential


def recorded(step, *inputs):
    made = Recording()
    made.start(step, [x.data for x in inputs])
    with recording(made):
        step(*inputs)
    return made


# ---- what is noted --------------------------------------------------------------------------


def test_calls_are_noted_in_order_with_whose_they_are():
    training = Training()
    made = recorded(training.step, *map(Tensor, batch()))
    calls = [(call.name, type(call.scope).__name__) for call in made.calls if call.kind == "run"]
    assert calls[:3] == [("addmm", "Linear"), ("clamp", "ReLU"), ("addmm", "Linear")]
    assert calls[-2:] == [("mv", "Linear"), ("cat", "SGD")]
    assert calls.index(("mul", "ReLU")) > calls.index(("mul", "MSELoss"))
    owners = [type(owner).__name__ for owner in made.owners.values()]
    assert owners == ["Sequential", "Linear", "ReLU", "Linear", "MSELoss", "SGD"]


def test_the_scope_is_that_of_the_innermost_module():
    made = Recording()
    outer, inner = Training(), Training()
    assert made.scope is None
    with recording(made), kernels.scope(outer):
        assert made.scope is outer
        with suppress(ZeroDivisionError), kernels.scope(inner):
            assert made.scope is inner
            raise ZeroDivisionError
        assert made.scope is outer
    assert made.scope is None


def test_nothing_is_noted_outside_and_after_an_error():
    made = Recording()
    with suppress(ZeroDivisionError), recording(made):
        Tensor(draw(2)) * 2.0
        raise ZeroDivisionError
    Tensor(draw(2)) * 3.0
    assert [call.args[1] for call in made.calls] == [2.0]
    with kernels.scope(made):
        assert made.scope is None


def test_a_recording_inside_a_recording_is_refused_and_the_outer_one_goes_on():
    made = Recording()
    with recording(made):
        with pytest.raises(PlanError, match="a capture inside a capture"), recording(Recording()):
            pass
        Tensor(draw(2)) * 2.0
    assert len(made.calls) == 1


def test_a_call_knows_the_line_of_the_users_code():
    def step(x):
        return (x * 2.0).sum()

    lines = [call.line for call in recorded(step, Tensor(draw(2))).calls]
    number = step.__code__.co_firstlineno + 1
    assert lines == [f" at line {number} of test_recording.py"] * len(lines)
    # A step of the library's own has none, rather than that of whoever captured it.
    made, _ = record(Sequential(ReLU()), [draw(2, 1)])
    assert {call.line for call in made.calls} == {""}


def test_a_call_says_what_it_is():
    x = draw(2)
    call = Call("run", torch.add, (x, [x, 1.0]), {"alpha": x}, x, None)
    assert str(call) == call.name == "add"
    assert len(call.arrays) == 3
    assert not call.draws
    assert str(Call("run", torch.add, (), {}, x, Training().network[0])) == (
        "add in Linear(3, 5, bias=True)"
    )


# ---- undone ---------------------------------------------------------------------------------


@pytest.mark.parametrize("make", optim.OPTIMISERS.values(), ids=optim.OPTIMISERS)
def test_a_step_is_undone_to_the_bit(make):
    training = Training(*everything(), make=make)
    training.step(*map(Tensor, batch()))
    before = training.state()
    gradients = [p.grad for p in training.network.parameters()]
    made = recorded(training.step, *map(Tensor, batch(1)))
    changed = training.state()
    assert not all(torch.equal(a, b) for a, b in zip(changed, before, strict=True))
    made.undo()
    assert_same(training.state(), before)
    after = [p.grad for p in training.network.parameters()]
    assert all(a is b for a, b in zip(after, gradients, strict=True))


def test_overlapping_writes_are_undone():
    whole = draw(6)
    kept = whole.clone()

    def step(x):
        kernels.update(torch.Tensor.add_, whole[1:4], 1.0)
        kernels.update(torch.Tensor.mul_, whole, 2.0)
        kernels.fill(torch.add, whole[:3], whole[3:], x.data)
        kernels.update(torch.Tensor.zero_, whole[2:])

    recorded(step, Tensor(draw(3))).undo()
    assert torch.equal(whole, kept)


def test_arrays_that_overlap_themselves_are_undone():
    base = draw(5)
    kept = base.clone()

    def step(x):
        kernels.run(torch.add, base[:1].expand(3), x.data)
        kernels.run(torch.add, base.unfold(0, 3, 1), x.data)
        kernels.update(torch.Tensor.add_, base, 1.0)

    recorded(step, Tensor(draw(3))).undo()
    assert torch.equal(base, kept)


def test_the_array_that_changed_behind_the_kernels_is_named():
    whole = draw(6)
    first, second = whole[:3], whole[3:].view(1, 3)

    def step(x):
        kernels.run(torch.add, first, second)
        second.mul_(2.0)

    made = Recording()
    made.start(step, [])
    with recording(made):
        step(None)
    with pytest.raises(PlanError, match=r"the step changed second, of shape \(1, 3\), outside"):
        made.finish()


def test_what_plain_torch_did_to_what_the_step_saw_is_undone_too():
    weight = leaf(3)
    kept, memory = weight.data.clone(), weight.data

    def step(x):
        weight.data += x.data
        weight.data = weight.data * 2.0

    recorded(step, Tensor(draw(3))).undo()
    assert weight.data is memory
    assert torch.equal(weight.data, kept)


def test_only_what_is_from_outside_is_copied():
    outside = draw(3)

    def step(x):
        made = kernels.copy(x.data)
        kernels.update(torch.Tensor.add_, made, 1.0)
        kernels.update(torch.Tensor.add_, outside, made)

    made = recorded(step, Tensor(draw(3, seed=1)))
    assert [memory_of(x) for x, _ in made.before.changed()] == [memory_of(outside)]
    assert made.before.written == {memory_of(outside)}


# ---- arrays in arguments --------------------------------------------------------------------


def test_arrays_are_found_and_replaced_wherever_they_are():
    a, b, c = draw(1), draw(2), draw(3)
    value = (a, [b, (1, "x")], {"out": c, "n": None}, slice(0, 2), torch.Size([2]))
    assert [x.numel() for x in arrays_in(value)] == [1, 2, 3]
    replaced = replace_arrays(value, lambda x: x.numel())
    assert replaced == (1, [2, (1, "x")], {"out": 3, "n": None}, slice(0, 2), (2,))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ([1.0, float("nan")], [1.0, float("nan")], True),
        ([0.0], [-0.0], False),
        ([1.0], [1.0000001], False),
        ([float("nan")], [1.0], False),
        ([float("inf")], [float("-inf")], False),
        ([], [], True),
        ([1, 2], [1, 2], True),
        ([1, 2], [1, 3], False),
        ([True], [False], False),
    ],
)
def test_bits_are_compared_rather_than_numbers(a, b, same):
    assert same_bits(torch.tensor(a), torch.tensor(b)) == same


def test_memory_is_that_of_the_storage():
    x = draw(4, 3)
    assert memory_of(x) == memory_of(x.T[1:]) == x.data_ptr()
    assert memory_of(x) != memory_of(x.clone())
    assert memory_of(torch.empty(0)) == 0
