"""The plans of every model: the tape's bits over many steps, and no more work than they need."""

import inspect

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bakeoff import optim
from bakeoff.autodiff import Tensor, capture
from bakeoff.autodiff.listing import moved_bytes, total_flops
from bakeoff.data import generate_disk_sets, generate_pair_sets, standardise
from bakeoff.models import MODELS
from bakeoff.models.disk import disk_network
from bakeoff.nn import MSELoss
from bakeoff.training.learner import Learner
from bakeoff.training.recipe import Recipe

DEEP = [name for name in MODELS if name.startswith(("model4", "model5"))]
SINGLE = {"digit", "disk", "mlp"}
"""Networks that take no pairs, see test_single."""
SIMPLE = [name for name in MODELS if name not in SINGLE.union(DEEP)]


@pytest.fixture(scope="module")
def pairs():
    return standardise(generate_pair_sets(100, seed=5))


def learner(name, pairs, *, plan=True, recipe=None, **options):
    network = MODELS[name](**options).initialise(seed=2)
    weights = dict.fromkeys(network(pairs.train_input[:1]), 0.7)
    classes = pairs.train_classes
    labels = {"target": pairs.train_target, "first": classes[:, 0], "second": classes[:, 1]}
    labels = {key: value.contiguous() for key, value in labels.items()}
    return Learner(network, pairs.train_input, labels, recipe or Recipe(), weights, plan=plan)


def state(learner):
    return [
        *learner.network.state_dict().values(),
        *learner.optimizer.state_dict().values(),
        *learner.losses.values(),
        learner.correct,
    ]


def assert_agree(name, pairs, steps, batch, recipe=None, **options):
    """Train by the tape and by plans, every fifth batch being a smaller one."""
    both = [learner(name, pairs, plan=plan, recipe=recipe, **options) for plan in (False, True)]
    generator = torch.Generator().manual_seed(1)
    for step in range(steps):
        rows = torch.randperm(100, generator=generator)[: batch - (step % 5 == 4)]
        for one in both:
            one.step(rows)
    for a, b in zip(*map(state, both), strict=True):
        assert torch.equal(a, b)
    assert all(p.grad is not None for p in both[1].network.parameters()), "not all is trained"
    assert {key[1][0] for key in both[1]._steps} == {batch, batch - 1}
    inputs = pairs.test_input[None, :20]
    assert torch.equal(both[0].predict(inputs), both[1].predict(inputs))


# ---- the tape's bits ------------------------------------------------------------------------


DEFECTS = [("model3", "redrawn"), ("model1+digits", "one_digit_layer")]
DEFECTS += [("model2+digits", "sigmoid_digits")]


@pytest.mark.parametrize(("name", "defect"), [*((name, None) for name in SIMPLE), *DEFECTS])
def test_the_simple_networks_and_those_with_a_defect_agree_with_the_tape(name, defect, pairs):
    steps = 100 if name in ("model1", "model2") else 25
    assert_agree(name, pairs, steps=steps, batch=4, **({defect: True} if defect else {}))


@pytest.mark.parametrize("name", DEEP)
def test_the_deep_networks_agree_with_the_tape_and_cost_no_more_than_written_down(name, pairs):
    tape, planned = (
        learner(name, pairs, plan=plan, recipe=Recipe(lr=1e-3)) for plan in (False, True)
    )
    for start in (0, 2):  # the second is replayed with no step beside it
        for one in (tape, planned):
            one.step(torch.arange(start, start + 2))
    for a, b in zip(state(tape), state(planned), strict=True):
        assert torch.equal(a, b)
    check_costs(name, planned, pairs)


@pytest.mark.parametrize("optimiser", optim.OPTIMISERS)
def test_model_2_agrees_with_the_tape_under_every_optimiser(optimiser, pairs):
    recipe = Recipe(optimiser=optimiser, lr=0.001, weight_decay=0.01)
    assert_agree("model2", pairs, steps=15, batch=4, recipe=recipe)


ARGUMENTS = {
    "StepLR": {"step_size": 7},
    "CosineAnnealingLR": {"T_max": 40},
    "OneCycleLR": {"max_lr": 0.01, "total_steps": 40, "cycle_momentum": True},
    "ReduceLROnPlateau": {"patience": 2},
}


@pytest.mark.parametrize("optimiser", optim.OPTIMISERS)
@pytest.mark.parametrize("schedule", [None, *optim.SCHEDULES])
def test_the_disk_network_agrees_with_the_tape_over_forty_steps(optimiser, schedule):
    sets = generate_disk_sets(60, seed=3)
    states = []
    for planned in (False, True):
        network = disk_network().initialise(seed=1)
        make = optim.OPTIMISERS[optimiser]
        momentum = {"momentum": 0.9} if "momentum" in inspect.signature(make).parameters else {}
        optimizer = make(network.parameters(), lr=0.01, **momentum)
        arguments = dict(ARGUMENTS.get(schedule, {}))
        if optimiser == "Adagrad" and schedule == "OneCycleLR":
            arguments["cycle_momentum"] = False  # it has none
        moved = schedule and optim.SCHEDULES[schedule](optimizer, **arguments)
        step = disk_step(network, optimizer)
        if planned:
            step = capture(step, sets.train_input[:6], sets.train_target[:6])
        for i in range(40):
            rows = slice(6 * (i % 10), 6 * (i % 10) + 6)
            loss = step(Tensor(sets.train_input[rows]), Tensor(sets.train_target[rows]))
            if schedule == "ReduceLROnPlateau":
                moved.step(float(loss.data))
            elif moved:
                moved.step()
        states.append([loss.data, *network.state_dict().values()])
        states[-1] += optimizer.state_dict().values()
    for a, b in zip(*states, strict=True):
        assert torch.isfinite(a).all()
        assert torch.equal(a, b)


def disk_step(network, optimizer):
    loss = MSELoss()

    def step(x, y):
        optimizer.zero_grad()
        value = loss(network(x), y)
        value.backward()
        optimizer.step()
        return value

    return step


# ---- speed without a clock ------------------------------------------------------------------

# Calls, millions of FLOPs, thousands of bytes moved and of bytes of buffers: of a training step on
# 50 pairs (2 for the deep networks) with SGD, and calls and FLOPs of a prediction of 100 (20).
# None may be exceeded; what gets cheaper is to be written down here.
COSTS = {
    "model1": [121, 74.6, 28448, 3671, 25, 51.9],
    "model2": [83, 74.6, 29227, 3729, 18, 51.9],
    "model3": [208, 188.2, 57847, 7552, 25, 51.9],
    "model2+target": [169, 188.2, 63196, 7830, 18, 51.9],
    "model1+digits": [169, 74.8, 28654, 3677, 25, 51.9],
    "model2+digits": [131, 74.8, 29433, 3736, 18, 51.9],
    "model1+digits-per-image": [173, 77.8, 31623, 3851, 25, 51.9],
    "model2+digits-per-image": [135, 77.8, 32320, 3810, 18, 51.9],
    "model4": [573, 462.1, 256105, 36409, 111, 1197.1],
    "model4+target": [694, 620.8, 736385, 116961, 111, 1197.1],
    "model5": [621, 462.1, 256169, 36419, 111, 1197.1],
    "model4-shared": [309, 392.1, 184194, 26872, 61, 1162.6],
    "model4-shared+digits": [357, 392.2, 184257, 26883, 61, 1162.6],
    "record": [452, 867.9, 264306, 22423, 95, 633.0],
    "record-ensemble": [436, 867.9, 264139, 22423, 88, 633.0],
}


def check_costs(name, one, pairs):
    """Assert that the only training plan of a learner, and a prediction, cost no more."""
    (train,) = one._steps.values()
    one.predict(pairs.test_input[None, : 20 if name in DEEP else 100])
    _, predict = one._steps.values()
    got = [
        len(train),
        round(total_flops(train) / 1e6, 1),
        round(sum(map(moved_bytes, train.calls)) / 1e3),
        round(train.buffer_bytes / 1e3),
        len(predict),
        round(total_flops(predict) / 1e6, 1),
    ]
    written = COSTS[name]
    assert all(a <= b for a, b in zip(got, written, strict=True)), f"got {got}, expected {written}"


@pytest.mark.parametrize("name", SIMPLE)
def test_a_step_costs_no_more_than_written_down(name, pairs):
    one = learner(name, pairs)
    one.step(torch.arange(50))
    check_costs(name, one, pairs)


def test_a_step_of_the_disk_network_costs_no_more_than_written_down():
    network = disk_network().initialise()
    optimizer = optim.SGD(network.parameters(), momentum=0.9)
    plan = capture(disk_step(network, optimizer), torch.zeros(50, 2), torch.zeros(50, 1))
    got = [len(plan), total_flops(plan), plan.buffer_bytes]
    assert all(a <= b for a, b in zip(got, [33, 410_553, 27_796], strict=True)), got


def test_a_training_plan_of_model_2_takes_little_memory(pairs):
    one = learner("model2", pairs)
    one.step(torch.arange(50))
    (plan,) = one._steps.values()
    assert plan.buffer_bytes < 16 * 2**20
    # Shared: all that the calls write to, side by side, would take more than twice as much.
    apart = {(c.out.data_ptr(), c.out.shape): c.out for c in plan.calls}.values()
    assert plan.buffer_bytes < 0.5 * sum(x.numel() * x.element_size() for x in apart)


class Allocating(TorchDispatchMode):
    """Notes what kernels return in memory that is not known."""

    def __init__(self, known):
        super().__init__()
        self.known = known
        self.new = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for x in tree_leaves(out):
            if isinstance(x, torch.Tensor) and x.untyped_storage().data_ptr() not in self.known:
                self.new.append((str(func), tuple(x.shape)))
        return out


@pytest.mark.parametrize("name", ["model1", "model2+target"])
def test_a_replay_makes_no_new_storage(name, pairs):
    one = learner(name, pairs)
    rows = torch.arange(50)
    one.step(rows)
    (plan,) = one._steps.values()
    arrays = [x for call in plan.calls for x in (*call.arrays, call.out)]
    known = {x.untyped_storage().data_ptr() for x in (*arrays, *plan.inputs, rows)}
    with Allocating(known) as seen:
        plan(rows)
    assert seen.new == []
    # And inside torch, too: nothing but a number's own array of one element.
    plan(rows)  # the fourth, beside the tape
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        plan(rows)
    events = [(e.name, e.cpu_memory_usage) for e in profile.events() if e.cpu_memory_usage > 8]
    assert events == []
