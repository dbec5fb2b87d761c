"""Plans: a replay does what the step does, to the bit, in memory of its own."""

import copy
import threading

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import bakeoff
from autodiff.steps import Training, assert_same, batch, draw, everything, leaf, unchanged
from bakeoff import optim
from bakeoff.autodiff import Tensor, kernels, maximum, no_grad, verify, where
from bakeoff.autodiff.plan import capture
from bakeoff.errors import PlanError
from bakeoff.nn import Dropout, Linear, Module, MSELoss, ReLU, Sequential


def test_it_is_found_where_people_look():
    assert bakeoff.capture is capture
    assert bakeoff.autodiff.capture is capture


# ---- the same as the step -------------------------------------------------------------------


def test_a_hundred_replays_are_a_hundred_steps_to_the_bit():
    tape, planned = Training(*everything(), momentum=0.9), Training(*everything(), momentum=0.9)
    plan = capture(planned.step, *batch())
    for i in range(100):
        loss = tape.step(*map(Tensor, batch(seed=i)))
        assert torch.equal(plan(*batch(seed=i)).data, loss.data)
    assert_same(planned.state(), tape.state())


def test_a_scan_is_as_many_steps_to_the_bit_and_looks_at_python_once(monkeypatch):
    tape, planned = Training(*everything(), momentum=0.9), Training(*everything(), momentum=0.9)
    ran, record = [], verify.record
    monkeypatch.setattr(verify, "record", lambda *asked: (ran.append(1), record(*asked))[1])
    plan = capture(planned.step, *batch())
    batches = [batch(seed=i) for i in range(6)]
    sizes = torch.linspace(0.1, 0.01, 6, dtype=torch.float64)
    optimizer = planned.optimizer
    numbers = [(optimizer.numbers["lr"], sizes), (optimizer.working("lr"), sizes.float())]
    for _ in range(10):
        losses = []
        for (x, y), size in zip(batches, sizes.tolist(), strict=True):
            tape.optimizer.lr = size
            losses.append(tape.step(Tensor(x), Tensor(y)).data)
        found = plan.scan(*map(torch.stack, zip(*batches, strict=True)), numbers=numbers)
        assert torch.equal(found.data, torch.stack(losses))
    assert_same(planned.state(), tape.state())
    # Twice and once for the capture; then beside the replays 2 to 61 that are powers of two.
    assert len(ran) == 3 + 5


def test_a_scan_gives_what_each_step_gave_whatever_it_is():
    plan = capture(
        lambda x, y: {"x": x.T, "sum": x + y, "part": (x * y)[1:]}, draw(3, 2), draw(3, 2)
    )
    x, y = draw(9, 3, 2), draw(9, 3, 2, seed=1)
    for _ in range(3):  # the first by single calls
        found = plan.scan(x, y)
        assert torch.equal(found["x"].data, x.mT)
        assert torch.equal(found["sum"].data, x + y)
        assert torch.equal(found["part"].data, (x * y)[:, 1:])


def test_what_a_scan_cannot_do_is_refused():
    training = Training(*everything())
    plan = capture(training.step, *batch())
    x, y = (part.expand(9, *part.shape) for part in batch())
    plan.scan(x, y)
    with pytest.raises(PlanError, match=r"scan: got inputs of shapes .* as many slices of each"):
        plan.scan(x, y[:8])
    with pytest.raises(PlanError, match=r"scan: got inputs of shapes .* at least one"):
        plan.scan(x[:0], y[:0])
    with pytest.raises(PlanError, match="input 0: got shape"):
        plan.scan(x[:6, :1], y[:6])
    training.network.eval()
    with pytest.raises(PlanError, match="training: got False, expected True"):
        plan.scan(x[:6], y[:6])
    flat = training.optimizer.flat
    with pytest.raises(PlanError, match="scan: got a number that the step changes"):
        plan.scan(x[:6], y[:6], numbers=[(flat, torch.zeros(6, len(flat)))])
    outside = torch.ones(2)
    constant = capture(lambda x: (x, Tensor(outside)), draw(2))
    with pytest.raises(PlanError, match="scan: got an output of shape"):
        constant.scan(draw(3, 2))


def test_plans_and_steps_can_take_turns():
    tape, mixed = Training(*everything(), make=optim.Adam), Training(*everything(), make=optim.Adam)
    plan = capture(mixed.step, *batch())
    small = capture(mixed.step, *batch(n=3))  # the last, smaller batch has a plan of its own
    for i in range(12):
        x, y = batch(seed=i, n=4 if i % 3 else 3)
        how = plan if i % 3 == 1 else small if i % 3 == 0 else mixed.step
        got, expected = how(Tensor(x), Tensor(y)), tape.step(Tensor(x), Tensor(y))
        assert torch.equal(got.data, expected.data)
    assert_same(mixed.state(), tape.state())


def test_inputs_may_have_any_layout_and_be_ours_or_torchs():
    def step(x):
        return x @ x.T

    plan = capture(step, draw(4, 3).T)
    assert all(buffer.is_contiguous() for buffer in plan.inputs)
    x = draw(3, 4, seed=1)
    expected = step(Tensor(x)).data
    for given in (x, Tensor(x), draw(4, 3, seed=2).T.copy_(x), draw(3, 8)[:, ::2].copy_(x)):
        assert torch.equal(plan(given).data, expected)
    tracked = x.clone().requires_grad_()  # torch's own history is dropped, as everywhere
    with torch.enable_grad():
        assert torch.equal(plan(tracked).data, expected)
        assert not plan.outputs.data.requires_grad


def test_the_outputs_have_the_structure_that_the_step_gave_them():
    def step(x):
        return {"both": (x + 1.0, [x * 2.0, None]), "x": x}

    plan = capture(step, torch.zeros(2))
    out = plan(torch.ones(2))
    both, (twice, nothing) = out["both"]
    assert nothing is None
    assert [t.data.tolist() for t in (both, twice, out["x"])] == [[2.0, 2.0]] * 2 + [[1.0, 1.0]]
    assert isinstance(out["both"], tuple)
    assert isinstance(out["both"][1], list)
    assert capture(lambda x: None, torch.zeros(2))(torch.ones(2)) is None


def test_a_step_may_take_no_input_and_inputs_without_elements():
    weight = leaf(3)
    plan = capture(lambda: weight * 2.0)
    weight.data.fill_(4.0)
    assert plan().data.tolist() == [8.0] * 3
    empty = capture(lambda x, y: (x + 1.0, y.sum()), torch.zeros(0, 2), torch.ones(2))
    none, total = empty(torch.zeros(0, 2), torch.full((2,), 3.0))
    assert none.shape == (0, 2)
    assert total.data == 6.0


def test_outputs_are_the_same_tensors_at_every_call():
    plan = capture(lambda x: x * 2.0, torch.zeros(2))
    first = plan(torch.ones(2))
    kept = first.data.clone()
    assert plan(torch.full((2,), 5.0)) is first
    assert first.data.tolist() == [10.0, 10.0]
    assert kept.tolist() == [2.0, 2.0]


def test_an_output_can_be_given_back_as_an_input():
    plan = capture(lambda x, y: (x + y, x * y), *batch_of_two())
    x, y = batch_of_two()
    outs = plan(x, y)
    outs = plan(*outs)
    assert torch.equal(outs[0].data, (x + y) + (x * y))
    assert torch.equal(outs[1].data, (x + y) * (x * y))


def test_an_output_that_is_an_input_can_be_given_back_in_another_place():
    plan = capture(lambda x, y: (y, x.T), torch.zeros(2, 2), torch.zeros(2, 2))
    x, y = draw(2, 2), draw(2, 2, seed=1)
    outs = plan(*plan(x, y))
    assert torch.equal(outs[0].data, x.T)
    assert torch.equal(outs[1].data, y.T)


def batch_of_two():
    return draw(3), draw(3, seed=1)


def test_values_choose_by_where_and_maximum():
    def step(x):
        return maximum(where(x > 0.0, x, x * 0.1), Tensor(limit))

    limit = torch.tensor(-0.05)
    plan = capture(step, torch.ones(3))  # all positive when captured
    assert plan(torch.tensor([-1.0, 2.0, -0.1])).data.tolist() == pytest.approx([-0.05, 2, -0.01])


def test_not_a_number_goes_through():
    plan = capture(lambda x: x.log() * 0.0, torch.tensor([-1.0, 1.0]))
    assert plan(torch.tensor([1.0, -1.0])).data.isnan().tolist() == [False, True]


# ---- gradients ------------------------------------------------------------------------------


def test_a_replay_leaves_the_gradients_that_the_step_leaves():
    tape, planned = Training(), Training()
    plan = capture(planned.step, *batch())
    for i in range(3):
        tape.step(*map(Tensor, batch(seed=i)))
        plan(*batch(seed=i))
        for a, b in zip(planned.network.parameters(), tape.network.parameters(), strict=True):
            assert torch.equal(a.grad.data, b.grad.data)


def test_a_plan_of_the_backward_pass_alone_serves_an_optimiser_outside():
    tape, planned = Training(momentum=0.5), Training(momentum=0.5)

    def backward(x, y):
        planned.optimizer.zero_grad()
        planned.loss(planned.network(x), y).backward()

    plan = capture(backward, *batch())
    for i in range(5):
        tape.step(*map(Tensor, batch(seed=i)))
        plan(*batch(seed=i))
        planned.optimizer.step()
        if i % 2:
            planned.optimizer.zero_grad()
    assert_same(planned.state(), tape.state())


def test_gradients_that_the_step_forgets_at_its_end_are_none_after_a_replay():
    training = Training()
    plan = capture(training.step_and_forget, *batch())
    plan(*batch())
    assert all(p.grad is None for p in training.network.parameters())
    plan(*batch())


def test_gradients_accumulate_inside_a_step():
    def accumulating(training):
        def step(x1, y1, x2, y2):
            training.optimizer.zero_grad()
            for x, y in ((x1, y1), (x2, y2)):
                (training.loss(training.network(x), y) * 0.5).backward()
            training.optimizer.step()

        return step

    tape, planned = Training(), Training()
    step, plan = accumulating(tape), capture(accumulating(planned), *batch(1), *batch(2))
    for i in range(5):
        step(*map(Tensor, (*batch(i), *batch(i + 50))))
        plan(*batch(i), *batch(i + 50))
    assert_same(planned.state(), tape.state())


def test_a_leaf_made_inside_the_step_has_its_gradient_returned():
    weight = leaf(3)

    def saliency(x):
        own = Tensor(x.data, requires_grad=True)
        ((own * own) @ weight.reshape(3, 1)).sum().backward()
        weight.grad = None
        return own.grad

    plan = capture(saliency, torch.ones(2, 3))
    assert [tensor for tensor, _ in plan.gradients] == [weight]
    for seed in range(3):
        x = draw(2, 3, seed=seed)
        torch.testing.assert_close(plan(x).data, 2.0 * x * weight.data)


def test_second_order_gradients_are_replayed():
    def step(x):
        return bakeoff.grad(lambda v: (bakeoff.grad(lambda u: (u**3).sum())(v)).sum())(x)

    plan = capture(step, torch.ones(2))
    torch.testing.assert_close(plan(torch.tensor([2.0, -1.0])).data, torch.tensor([12.0, -6.0]))


# ---- what lives in memory is honoured -------------------------------------------------------


def test_a_new_step_size_a_loaded_state_and_a_new_draw_are_honoured():
    tape, planned = Training(momentum=0.9), Training(momentum=0.9)
    plan = capture(planned.step, *batch())
    fresh = Training(seed=8).network.state_dict()
    for training, step in ((tape, tape.step), (planned, plan)):
        for i, lr in enumerate((0.1, 0.05, 0.0, 0.2)):
            training.optimizer.lr = lr
            training.optimizer.momentum = lr
            step(*map(Tensor, batch(seed=i)))
        training.network.load_state_dict(fresh)
        step(*map(Tensor, batch(seed=9)))
        training.network.initialise(seed=20)
        step(*map(Tensor, batch(seed=10)))
        training.optimizer.load_state_dict(Training(momentum=0.9).optimizer.state_dict())
        step(*map(Tensor, batch(seed=11)))
    assert_same(planned.state(), tape.state())


def test_an_array_from_outside_is_read_anew_at_every_replay():
    scale = torch.tensor(2.0)
    plan = capture(lambda x: x * Tensor(scale), torch.ones(2))
    scale.fill_(3.0)
    assert plan(torch.ones(2)).data.tolist() == [3.0, 3.0]


def test_dropout_goes_on_with_its_stream_rather_than_repeat_a_mask():
    network = Sequential(Dropout(0.5)).initialise(1)
    plan = capture(network, torch.ones(40, 5))
    masks = [plan(torch.ones(40, 5)).data.clone() for _ in range(4)]
    again = Sequential(Dropout(0.5)).initialise(1)
    assert_same(masks, [again(torch.ones(40, 5)).data for _ in range(4)])
    assert len({tuple(mask.flatten().tolist()) for mask in masks}) == 4


class Noise(Module):
    """Draws by every kind of kernel: in place, as a new array, and into one made before."""

    def __init__(self):
        self.generator = torch.Generator().manual_seed(5)

    def forward(self, x):
        g = self.generator
        a = kernels.run(torch.rand, x.shape, generator=g)
        b = kernels.fill(torch.rand, kernels.empty(x.shape, x.data), x.shape, generator=g)
        c = kernels.update(torch.Tensor.uniform_, kernels.zeros(x.shape, x.data), generator=g)
        kernels.run(torch.randperm, 3, generator=g)  # unused, but it moves the stream
        return x + Tensor(a) + Tensor(b) + Tensor(c)


def test_random_numbers_are_drawn_anew_by_whatever_kernel():
    planned, tape = Noise(), Noise()
    state = planned.generator.get_state()
    plan = capture(planned, torch.zeros(4, 2))
    assert torch.equal(planned.generator.get_state(), state)
    for _ in range(3):
        assert torch.equal(plan(torch.zeros(4, 2)).data, tape(torch.zeros(4, 2)).data)


def test_what_is_computed_of_no_array_is_still_fresh_at_every_replay():
    def step(x):
        counts = kernels.run(torch.arange, 3)
        kernels.update(torch.Tensor.add_, counts, 1)
        return x * Tensor(counts)

    plan = capture(step, torch.ones(3))
    for _ in range(3):
        assert plan(torch.ones(3)).data.tolist() == [1.0, 2.0, 3.0]


def test_what_is_the_same_at_every_replay_is_computed_once():
    def step(x):
        halves = Tensor(kernels.run(torch.arange, 4)) * 0.5
        return x * halves

    plan = capture(step, torch.ones(4))
    assert [call.name for call in plan.calls] == ["mul"]
    assert plan.buffer_bytes >= 16 + 16 + 16  # the input, the output, the halves
    assert plan(torch.full((4,), 2.0)).data.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_constant_that_is_handed_out_may_be_changed():
    weight = leaf(3)

    def step(x):
        weight.grad = None
        (weight.sum() + x).backward()
        return Tensor(kernels.run(torch.arange, 3))

    plan = capture(step, torch.ones(1))
    for _ in range(3):
        counts = plan(torch.ones(1))
        assert counts.data.tolist() == [0, 1, 2]
        assert weight.grad.data.tolist() == [1.0, 1.0, 1.0]
        counts.data.zero_()
        weight.grad.data.zero_()


def test_a_view_by_plain_torch_is_a_view_in_a_replay_too():
    plan = capture(lambda x: Tensor((x * 2.0).data.T[1:]) + 1.0, torch.zeros(2, 3))
    x = draw(2, 3)
    assert torch.equal(plan(x).data, (x * 2.0).T[1:] + 1.0)


def test_running_statistics_move_in_training_and_stay_in_evaluation():
    training = Training(*everything())
    plan = capture(training.step, *batch())
    norm = training.network[1]
    before = norm.running_mean.data.clone()
    plan(*batch())
    assert not torch.equal(norm.running_mean.data, before)
    assert int(norm.num_batches_tracked.data) == 1
    training.network.eval()
    predict = capture(training.network, batch()[0])
    state = training.state()
    got = predict(batch(3)[0])
    assert torch.equal(got.data, training.network(batch(3)[0]).data)
    assert_same(training.state(), state)


def test_a_copy_of_a_network_is_a_network_of_its_own():
    training = Training()
    early = copy.deepcopy(training.network)
    plan = capture(training.step, *batch())
    late = copy.deepcopy(training.network)
    start = training.network.state_dict()
    plan(*batch())
    for other in (early, late):
        assert_same([*other.state_dict().values()], [*start.values()])
    predict = capture(late, batch()[0])
    late[0].weight.data.zero_()
    assert torch.equal(predict(batch()[0]).data, late(batch()[0]).data)


# ---- capturing trains nothing ---------------------------------------------------------------


@pytest.mark.parametrize("make", optim.OPTIMISERS.values(), ids=optim.OPTIMISERS)
def test_a_capture_changes_nothing(make):
    training = Training(*everything(), make=make)
    with unchanged(training):
        capture(training.step, *batch())
    training.step(*map(Tensor, batch()))  # and again when there is a state to lose
    training.optimizer.zero_grad()
    with unchanged(training):
        capture(training.step, *batch())


def test_a_capture_puts_back_the_gradients_that_the_step_replaces():
    training = Training()
    training.step(*map(Tensor, batch()))
    before = [p.grad for p in training.network.parameters()]
    values = [g.data.clone() for g in before]
    capture(training.step, *batch(1))
    after = [p.grad for p in training.network.parameters()]
    assert all(a is b for a, b in zip(after, before, strict=True))
    assert_same([g.data for g in after], values)


def test_a_capture_does_not_touch_its_examples():
    x, y = batch()
    kept = x.clone(), y.clone()
    plan = capture(Training().step, x, y)
    plan(*batch(seed=5))
    assert_same([x, y], [*kept])


def test_another_thread_is_not_recorded():
    x = draw(2)
    inside, done = threading.Event(), threading.Event()
    others = []

    def work():
        inside.wait(10)
        others.append(Tensor(x) * 3.0)
        done.set()

    def step(x):
        inside.set()
        assert done.wait(10)
        return x * 2.0

    thread = threading.Thread(target=work)
    thread.start()
    plan = capture(step, x)
    thread.join(10)
    assert [call.name for call in plan.calls] == ["mul"]
    assert torch.equal(others[0].data, x * 3.0)


# ---- a replay makes no new array ------------------------------------------------------------


class Storages(TorchDispatchMode):
    """Notes the memory of everything that torch's kernels return."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for x in tree_leaves(out):
            if isinstance(x, torch.Tensor):
                self.seen[x.untyped_storage().data_ptr()] = str(func)
        return out


def memories(*arrays):
    return {x.untyped_storage().data_ptr() for x in arrays}


def allocated(plan, *inputs):
    """Return what a replay asks the allocator for, whatever torch does inside: name and bytes.

    Not counted is what torch does with a Python number: it becomes an array of one element.
    """
    activities = [torch.profiler.ProfilerActivity.CPU]
    plan(*inputs)
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        plan(*inputs)
    return [(e.name, e.cpu_memory_usage) for e in profile.events() if e.cpu_memory_usage > 8]


def test_a_replay_makes_no_new_storage():
    training = Training(*everything(), make=optim.Adam)
    plan = capture(training.step, *batch())
    inputs = batch(1)
    plan(*inputs)
    known = memories(
        *inputs,
        plan.outputs.data,
        *(x for call in plan.calls for x in (*call.arrays, call.out)),
        *(x for x in plan.inputs),
    )
    with Storages() as storages:
        plan(*inputs)
    assert storages.seen
    assert {name for memory, name in storages.seen.items() if memory not in known} == set()
    assert allocated(plan, *inputs) == []


def test_the_count_of_new_storages_bites():
    with Storages() as storages:
        x = torch.ones(3) + 1.0
    assert memories(x) <= storages.seen.keys()
    assert allocated(lambda x: x + 1.0, torch.ones(100))


# ---- what a plan says of itself -------------------------------------------------------------


def test_a_step_for_evaluation_has_no_backward_part():
    network = Training().network.eval()
    with no_grad():
        plan = capture(network, batch()[0])
    assert [call.name for call in plan.calls] == ["copy_", "addmm", "clamp", "addmm"]
    assert len(plan) == 4


def test_what_nothing_uses_is_not_computed():
    def step(x):
        (x * 3.0).exp()
        return x + 1.0

    assert [call.name for call in capture(step, torch.ones(2)).calls] == ["add"]


def test_the_first_layer_computes_no_gradient_of_its_input():
    training = Training(Linear(3, 5), ReLU(), Linear(5, 2))
    plan = capture(training.step, *batch())
    products = [call for call in plan.calls if call.name in ("mm", "addmm")]
    # Two forward, two for the weights, one through the second layer.
    assert len(products) == 5


def test_losses_are_modules_with_a_name():
    plan = capture(MSELoss(), *batch_of_two())
    assert set(plan.names.values()) == {"MSELoss"}
