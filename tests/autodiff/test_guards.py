"""What a plan took for granted: when it is no longer so, a replay is refused, not silently stale.

Each test changes something after the capture that the tape would see and a replay would not: a
guard finds it before the next replay, or the next replay that also runs on the tape does.
"""

import copy
import dataclasses
import functools
import os
import threading
import types
from contextlib import nullcontext
from contextvars import ContextVar

import pytest
import torch

from autodiff.steps import Training, assert_same, batch, draw, everything, leaf
from bakeoff import optim
from bakeoff.autodiff import Tensor, kernels
from bakeoff.autodiff.plan import capture
from bakeoff.errors import BakeoffError, PlanError
from bakeoff.nn import (
    Buffer,
    Dropout,
    LeakyReLU,
    Linear,
    Module,
    MSELoss,
    Parameter,
    ReLU,
    Sequential,
    Tanh,
    lockstep,
)
from bakeoff.optim import SGD
from bakeoff.optim.optimizer import Fixed, Number


def refuses(plan, *inputs, words):
    with pytest.raises(PlanError, match=words):
        plan(*inputs)


def differs(plan, *inputs, error=PlanError):
    """The next replay that also runs on the tape tells, and goes on telling; nothing changes."""
    number = plan._replays
    words = "which was also run on the tape" if error is PlanError else None

    def until_it_is_told():
        for _ in range(number + 1):
            plan(*inputs)

    for _ in range(2):
        with pytest.raises(error, match=words):
            until_it_is_told()


# ---- inputs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([draw(4, 3)], "plan: got 1 inputs, expected 2"),
        ([draw(4, 3), draw(4, 2), draw(1)], "plan: got 3 inputs, expected 2"),
        (
            [draw(3, 3), draw(4, 2)],
            r"plan: input 0: got shape \(3, 3\) of .*, expected \(4, 3\) of .*; capture a plan for",
        ),
        ([draw(4, 3), draw(4)], r"plan: input 1: got shape \(4,\) of .*, expected \(4, 2\)"),
        ([draw(4, 3, dtype=torch.float64), draw(4, 2)], "input 0: got shape .* of torch.float64"),
        ([draw(4, 3), 1.0], "plan: input 1: got float, expected a tensor"),
        ([None, draw(4, 2)], "plan: input 0: got NoneType, expected a tensor"),
        ([draw(4, 3), leaf(4, 2)], "input 1: got a Tensor that requires a gradient, expected one"),
    ],
)
def test_other_inputs(inputs, words):
    training = Training()
    plan = capture(training.step, *batch())
    before = training.state()
    refuses(plan, *inputs, words=words)
    assert_same(training.state(), before)


def test_a_call_that_fails_is_named_and_the_plan_goes_on():
    table = torch.arange(6.0).reshape(3, 2)
    plan = capture(lambda rows: Tensor(table)[rows] * 2.0, torch.tensor([0, 1]))
    words = r"plan: call 0, wrapped at line .*: got \(2,\) torch.int64: position out of range for"
    plan(torch.tensor([2, 0]))
    refuses(plan, torch.tensor([0, 5]), words=words)
    assert plan(torch.tensor([2, 0])).data.tolist() == [[8.0, 10.0], [0.0, 2.0]]


# ---- modules --------------------------------------------------------------------------------


def test_another_mode():
    training = Training(*everything())
    plan = capture(training.step, *batch())
    training.network.eval()
    refuses(plan, *batch(), words=r"\.training: got False, expected True as when it was captured")
    predict = capture(training.network, batch()[0])
    training.network.train()
    refuses(predict, batch()[0], words=r"\.training: got True, expected False")
    plan(*batch())


def test_the_mode_of_a_layer_that_computed_nothing():
    """In evaluation dropout makes no call, but turned on for itself it would."""
    network = Sequential(Linear(3, 2), Dropout(0.5)).initialise().eval()
    plan = capture(network, batch()[0])
    network[1].train()
    refuses(plan, batch()[0], words=r"Dropout\.training: got True, expected False")


class Hidden(Module):
    """Looks at its mode where the code does not show it, and has no attribute of its own."""

    flag = 2.0

    def forward(self, x):
        return x * self.flag if getattr(self, "train" + "ing") else x


def test_a_layer_without_attributes_of_its_own():
    layer = Hidden()
    plan = capture(layer, torch.ones(2, 1))
    layer.eval()
    refuses(plan, torch.ones(2, 1), words=r"Hidden\.training: got False, expected True")
    layer.train()
    plan(torch.ones(2, 1))
    layer.flag = 3.0
    differs(plan, torch.ones(2, 1))


class Scaled(Module):
    """A layer that looks at numbers in every place where people put them."""

    everyone = 2.0

    def __init__(self):
        self.own = 2.0
        self.config = types.SimpleNamespace(factor=2.0, table={"power": [1.0, 2.0]})
        self._hidden = 2.0
        self.history = []

    @property
    def doubled(self):
        return self._hidden * 2.0

    def factor(self):
        return self.own * self.everyone * GLOBAL * outer() * self.doubled

    def forward(self, x):
        power = sum(p for p in self.config.table["power"])
        return x * (self.factor() * self.config.factor * power)


GLOBAL = 2.0


def outer():
    return INDIRECT


INDIRECT = 2.0


@pytest.mark.parametrize(
    "change",
    [
        lambda s: setattr(s, "own", 3.0),
        lambda s: setattr(s, "everyone", 3.0),
        lambda s: setattr(s, "_hidden", 3.0),
        lambda s: setattr(s.config, "factor", 3.0),
        lambda s: setattr(s, "config", types.SimpleNamespace(factor=3.0, table={"power": [1.0]})),
        lambda s: s.config.table["power"].append(1.0),
        lambda s: s.config.table.update(power=[4.0]),
        lambda s: setattr(s, "factor", lambda: 1.0),
        lambda s: setattr(s, "forward", lambda x: x),
    ],
)
def test_a_number_of_a_layer(change):
    layer = Scaled()
    plan = capture(Sequential(layer), torch.ones(2, 1))
    assert plan(torch.ones(2, 1)).data.tolist() == [[384.0]] * 2
    change(layer)
    differs(plan, torch.ones(2, 1))


def test_a_number_that_is_gone():
    layer = Scaled()
    plan = capture(Sequential(layer), torch.ones(2, 1))
    del layer.own
    differs(plan, torch.ones(2, 1), error=AttributeError)  # as the step on the tape would say


def test_a_global_or_a_class_that_a_layer_looks_at(monkeypatch):
    plan = capture(Sequential(Scaled()), torch.ones(2, 1))
    monkeypatch.setitem(globals(), "GLOBAL", 3.0)
    differs(plan, torch.ones(2, 1))
    monkeypatch.setitem(globals(), "GLOBAL", 2.0)
    plan(torch.ones(2, 1))
    monkeypatch.setitem(globals(), "INDIRECT", 3.0)
    differs(plan, torch.ones(2, 1))
    monkeypatch.setitem(globals(), "INDIRECT", 2.0)
    plan(torch.ones(2, 1))
    monkeypatch.setattr(Scaled, "everyone", 3.0)
    differs(plan, torch.ones(2, 1))


def test_equal_numbers_and_what_the_step_never_looked_at_may_change():
    layer = Scaled()
    network = Sequential(layer)
    plan = capture(network, torch.ones(2, 1))
    layer.own = float("2.0")  # another object
    network.best = layer.unused = 0.9
    for i in range(3):
        layer.history.append(i)
        network.best += 0.01
        layer.config.note = i
        assert plan(torch.ones(2, 1)).data.tolist() == [[384.0]] * 2
    layer.own = 3.0
    differs(plan, torch.ones(2, 1))


@pytest.mark.parametrize(
    ("layer", "name", "value"),
    [
        (Dropout(0.5), "p", 0.25),
        (LeakyReLU(0.1), "negative_slope", 0.2),
        (MSELoss(), "reduction", "sum"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_number_of_our_own_layers(layer, name, value):
    layer.initialise(0)
    inputs = [draw(8, 3, seed=i) for i in range(2 if isinstance(layer, MSELoss) else 1)]
    plan = capture(layer, *(x.clone() for x in inputs))
    plan(*inputs)
    setattr(layer, name, value)
    differs(plan, *inputs)


def test_a_layer_exchanged_or_added():
    network = Training().network
    x = batch()[0]
    plan = capture(network, x)
    relu = network[1]
    network.layers[1] = Tanh()
    differs(plan, x)
    network.layers[1] = relu
    plan(x)
    network.add(ReLU())
    differs(plan, x)


def test_a_layer_in_an_attribute_exchanged():
    class Net(Module):
        def __init__(self):
            self.act = ReLU()

        def forward(self, x):
            return self.act(x)

    network = Net()
    plan = capture(network, torch.ones(2, 1))
    network.act = Tanh()
    differs(plan, torch.ones(2, 1))


def test_a_parameter_exchanged():
    network = Training().network
    plan = capture(network, batch()[0])
    network[0].weight = Parameter((5, 3), network[0].weight.initialise)
    differs(plan, batch()[0], error=BakeoffError)  # it was never drawn


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_running_statistics_in_other_memory(mode):
    network = getattr(Training(*everything()).network, mode)()
    plan = capture(network, batch()[0])
    network[1].running_mean.data = torch.zeros(6)
    refuses(
        plan, batch()[0], words=r"a tensor of shape \(6,\): got other memory, expected the same"
    )
    network = getattr(Training(*everything()).network, mode)()
    plan = capture(network, batch()[0])
    network[1].running_mean = Buffer((6,), 0.0)
    network[1].running_mean.data.fill_(7.0)
    differs(plan, batch()[0])


def test_random_streams_exchanged():
    training = Training(*everything())
    plan = capture(training.step, *batch())
    training.network[3].set_streams([torch.Generator().manual_seed(3)])
    differs(plan, *batch())
    training = Training(*everything())
    plan = capture(training.step, *batch())
    training.network[3].streams[0] = torch.Generator().manual_seed(3)
    differs(plan, *batch())


def test_rounds_in_lockstep_after_the_capture():
    training = Training()
    plan = capture(training.step, *batch())
    lockstep(training.network, 2)
    refuses(plan, *batch(), words=r"\.rounds: got 2, expected None")


# ---- parameters and optimisers --------------------------------------------------------------


def test_parameters_in_other_memory():
    training = Training()
    plan = capture(training.step, *batch())
    SGD(training.network.parameters(), lr=0.1)
    words = r"a tensor of shape \(\d.*\): got other memory, expected the same.*a new optimiser"
    refuses(plan, *batch(), words=words)


def test_another_dtype():
    network = Training().network
    plan = capture(network, batch()[0])
    network.double()
    refuses(plan, batch()[0], words="got other memory, expected the same")


def test_another_optimiser_or_network_under_the_same_name():
    training = Training()
    plan = capture(training.step, *batch())
    optimizer, network = training.optimizer, training.network
    training.optimizer = SGD(Training().network.parameters())
    differs(plan, *batch())
    training.optimizer = optimizer
    training.network = Training().network
    differs(plan, *batch())
    training.network = network
    plan(*batch())


@pytest.mark.parametrize("make", [optim.Adam, optim.AdamW])
def test_parameters_that_were_updated_unequally_often(make):
    """Adam treats neighbours alike that were updated equally often; captured, it always would."""
    tape, planned = Training(make=make), Training(make=make)
    plan = capture(planned.step, *batch())
    plan(*batch())
    tape.step(*map(Tensor, batch()))
    for training in (tape, planned):  # one step of the last layer alone
        training.optimizer.zero_grad()
        for p in training.network[2].parameters():
            p.grad = Tensor(torch.ones(p.shape))
        training.optimizer.step()
    words = rf"{make.__name__}: which neighbours were updated equally often: got .*, expected"
    refuses(plan, *batch(1), words=words)
    again = capture(planned.step, *batch())
    for i in range(3):
        again(*batch(i))
        tape.step(*map(Tensor, batch(i)))
    assert_same(planned.state(), tape.state())


def test_a_hyperparameter_is_honoured_or_cannot_be_set():
    """Whatever public number an optimiser has: after the capture it counts, or it is fixed."""
    for make in optim.OPTIMISERS.values():
        tape, planned = Training(make=make), Training(make=make)
        if hasattr(tape.optimizer, "momentum"):
            tape, planned = Training(make=make, momentum=0.9), Training(make=make, momentum=0.9)
        plan = capture(planned.step, *batch())
        kinds = (Number, Fixed)
        names = [n for k in make.__mro__ for n, v in vars(k).items() if isinstance(v, kinds)]
        assert "lr" in names
        for name in names:
            for training in (tape, planned):
                fixed = pytest.raises(ValueError, match="expected it to stay as it was made")
                with fixed if isinstance(getattr(make, name), Fixed) else nullcontext():
                    setattr(training.optimizer, name, 0.5)
            plan(*batch(1))
            tape.step(*map(Tensor, batch(1)))
        assert_same(planned.state(), tape.state())


class Own(optim.Optimizer):
    """A user's own optimiser, with a plain number."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, lr)
        self.damping = 0.5

    def update(self, g, block):
        p = block.of(self.flat)
        kernels.update(torch.Tensor.sub_, p, kernels.run(torch.mul, g, self.damping))


def test_a_number_of_a_users_own_optimiser():
    training = Training(make=Own)
    plan = capture(training.step, *batch())
    plan(*batch())
    training.optimizer.damping = 0.25
    differs(plan, *batch())


def test_a_gradient_where_the_step_found_none():
    training = Training()
    plan = capture(training.step_and_forget, *batch())
    training.loss(training.network(batch()[0]), Tensor(batch()[1])).backward()
    refuses(plan, *batch(), words=r"a tensor of shape \(\d.*: got a gradient, expected none")
    training.optimizer.zero_grad()
    plan(*batch())


# ---- the step's own surroundings ------------------------------------------------------------


def test_a_number_around_the_step():
    scale = 2.0

    def step(x):
        return x * scale

    plan = capture(step, torch.ones(2))
    scale = 3.0
    differs(plan, torch.ones(2))


def test_a_local_name_is_not_taken_for_a_global(monkeypatch):
    monkeypatch.setitem(globals(), "x", 1)

    def step(x):
        x = x * 2.0
        return x + 0.0

    plan = capture(step, torch.ones(2))
    monkeypatch.setitem(globals(), "x", 2)
    assert plan(torch.ones(2)).data.tolist() == [2.0, 2.0]


def test_a_copy_of_a_plan_is_refused_as_its_parameters_are_others():
    plan = capture(Training().step, *batch())
    with pytest.raises(PlanError, match="got a copy, expected one plan for the arrays"):
        copy.deepcopy(plan)


# ---- numbers and values in every place where people put them --------------------------------

SLOPE = ContextVar("slope", default=2.0)


class Base(Module):
    k = 2.0

    def forward(self, x):
        return x * self.k


class Derived(Base):
    def forward(self, x):
        return super().forward(x)


@dataclasses.dataclass
class Config:
    k: float = 2.0


class Scaler:
    k = 2.0

    def __call__(self, x):
        return x * self.k


class Slots:
    __slots__ = ("scale",)


class SlotsAndMore(Slots):
    """Its slot is not among its attributes."""


class Stepper:
    def __init__(self):
        self.scale = 2.0

    def step(self, x, twice=1.0):
        return x * self.helper() * twice

    def helper(self):
        return self.scale


def default(x, config={"k": 2.0}):  # noqa: B006 - what is tested
    return x * config["k"]


def local_name(config, x):
    inner = config
    return x * inner.k


def ways():
    """Yield (name, step of one input, what changes it): every one was silent once."""
    config, scaler, table, several = Config(), Scaler(), {"k": [2.0]}, [Scaler()]
    base = Derived()
    yield "local name", lambda x: local_name(config, x), lambda: setattr(config, "k", 3.0)
    yield "partial", functools.partial(local_name, config), lambda: setattr(config, "k", 4.0)
    yield "callable object", scaler, lambda: setattr(scaler, "k", 3.0)
    yield "subscript", lambda x: x * table["k"][0], lambda: table["k"].__setitem__(0, 3.0)
    yield "in a list", lambda x: several[0](x * 1.0), lambda: setattr(several[0], "k", 3.0)
    yield "super().forward", base, lambda: setattr(base, "k", 3.0)
    yield "default argument", default, lambda: default.__defaults__[0].update(k=3.0)
    yield "context variable", lambda x: x * SLOPE.get(), lambda: SLOPE.set(3.0)
    yield (
        "environment",
        lambda x: x * float(os.environ.get("BAKEOFF_TEST_K", "2.0")),
        lambda: os.environ.__setitem__("BAKEOFF_TEST_K", "3.0"),
    )
    yield (
        "getattr by a computed name",
        lambda x: x * getattr(config, "".join(["k"])),
        lambda: setattr(config, "k", 5.0),
    )
    arrays, functions, flags = [torch.ones(3)], [Tensor.relu], {"double"}
    yield "array", lambda x: x * Tensor(arrays[0]), lambda: arrays.append(arrays.pop() * 0.0)
    yield "function", lambda x: functions[-1](x * 1.0), lambda: functions.append(Tensor.tanh)
    yield "branch", lambda x: x * 2.0 if flags else x * 1.0, flags.clear
    stepper, held = Stepper(), [types.SimpleNamespace(), Slots(), SlotsAndMore()]
    wrapped = functools.wraps(stepper.step)(lambda x: stepper.step(x) * 1.0)
    yield "method", stepper.step, lambda: setattr(stepper, "scale", 3.0)
    yield "partial method", functools.partial(stepper.step), lambda: setattr(stepper, "scale", 4.0)
    yield "wrapped method", wrapped, lambda: setattr(stepper, "scale", 5.0)
    for one in [*held, types.ModuleType("settings"), type("Settings", (), {})]:
        one.scale = 2.0
        change = functools.partial(setattr, one, "scale", 3.0)
        yield repr(type(one)), lambda x, one=one: next(x * one.scale for _ in range(1)), change
    long = [2.0] * 100
    yield "long list", lambda x: x * sum(long), lambda: long.append(1.0)


@pytest.mark.parametrize("name", [name for name, _, _ in ways()])
@pytest.mark.parametrize("replays", [0, 1, 4])
def test_a_number_from_anywhere(name, replays, monkeypatch):
    monkeypatch.setenv("BAKEOFF_TEST_K", "2.0")
    token, defaults = SLOPE.set(2.0), default.__defaults__[0]
    step, change = {name: (step, change) for name, step, change in ways()}[name]
    plan = capture(step, torch.ones(2, 3))
    for _ in range(replays):
        plan(torch.ones(2, 3))
    try:
        change()
        differs(plan, torch.ones(2, 3))
    finally:
        SLOPE.reset(token)
        defaults["k"] = 2.0


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x * 2.0 if x.data.mean() > 0 else x * 3.0,
        lambda x: x * float(x.data.max()),
        lambda x: x * float(x.data.numpy()[0, 0]),
        lambda x: x * 2.0 if torch.equal(x.data, torch.ones(2, 3)) else x,
        lambda x: x[: int(x.data.sum()) // 6].sum(),
        lambda x: x * max(x.data.flatten().tolist()),
        lambda x: x if bool(x.data.isfinite().all()) else x * 0.0,
    ],
)
def test_a_value_that_python_reads(step):
    plan = capture(step, torch.ones(2, 3))
    plan(torch.ones(2, 3))
    other = torch.full((2, 3), -2.0)
    other[0, 0] = float("inf")
    differs(plan, other if "isfinite" in step.__code__.co_names else other.nan_to_num(posinf=-2.0))


def test_a_gradient_that_python_reads():
    weight = leaf(3)

    def step(x):
        weight.grad = None
        (weight * x).sum().backward()
        if bool(weight.grad.data.isfinite().all()):
            kernels.update(torch.Tensor.sub_, weight.data, weight.grad.data)

    plan = capture(step, torch.ones(3))
    kept = weight.data.clone()
    differs(plan, torch.tensor([1.0, float("nan"), 1.0]))
    assert torch.equal(weight.data, kept)


# ---- what the tape leaves as it was ---------------------------------------------------------


def test_a_disagreement_leaves_everything_as_before_the_call():
    training, scale = Training(*everything(), make=optim.Adam), 1.0

    def step(x, y):
        return training.step(x * scale, y)

    plan = capture(step, *batch())
    loss = plan(*batch())
    plan(*batch(1))
    before, kept = training.state(), loss.data.clone()
    grads = [p.grad.data.clone() for p in training.network.parameters()]
    scale = 2.0
    for _ in range(2):  # the plan does not forget that it is refused
        with pytest.raises(PlanError, match=r"replay 4, .*capture it again.*as before this call"):
            plan(*batch(2))
        assert_same(training.state(), before)
        assert torch.equal(loss.data, kept)
        assert_same([p.grad.data for p in training.network.parameters()], grads)
    scale = 1.0
    plan(*batch(2))


def test_an_error_of_the_step_on_the_tape_comes_through():
    training, broken = Training(), []

    def step(x, y):
        loss = training.step(x, y)
        if broken:
            raise ZeroDivisionError("in the middle")
        return loss

    plan = capture(step, *batch())
    before = training.state()
    broken.append(1)
    with pytest.raises(ZeroDivisionError, match="in the middle"):
        plan(*batch())
    assert_same(training.state(), before)


def test_a_parameter_that_is_frozen_or_set_free():
    training = Training()
    plan = capture(training.step, *batch())
    plan(*batch())
    training.network[0].weight.requires_grad = False
    words = r"tensor of shape \(5, 3\): got requires_grad=False, expected True as when it was capt"
    refuses(plan, *batch(), words=words)
    again = capture(training.step, *batch())
    kept = training.network[0].weight.data.clone()
    again(*batch())
    assert torch.equal(training.network[0].weight.data, kept)
    training.network[0].weight.requires_grad = True
    refuses(again, *batch(), words="got requires_grad=True, expected False")


# ---- one call at a time ---------------------------------------------------------------------


def test_a_second_thread_is_refused_and_so_is_a_call_inside_a_call():
    calls, inside, done = [], threading.Event(), threading.Event()

    def waits(x, out=None):
        if len(calls) == 1:
            inside.set()
            assert done.wait(10)
        return torch.mul(x, 2.0, out=out) if out is not None else x * 2.0

    plan = capture(lambda x: Tensor(kernels.run(waits, x.data)), torch.ones(2))
    plan(torch.ones(2))
    calls.append(1)
    results = []
    thread = threading.Thread(target=lambda: results.append(plan(torch.full((2,), 3.0))))
    thread.start()
    try:
        assert inside.wait(10)
        words = "plan: called while a replay of it is running, expected one call at a time"
        refuses(plan, torch.ones(2), words=words)
    finally:
        done.set()
        thread.join(10)
    assert results[0].data.tolist() == [6.0, 6.0]


def test_a_plan_goes_on_in_the_mode_of_torch_that_it_was_captured_in():
    for first, then in ((True, False), (False, True)):
        with torch.inference_mode(first):
            tape, planned = Training(momentum=0.9), Training(momentum=0.9)
            plan = capture(planned.step, *batch())
        for i in range(5):
            with torch.inference_mode(then):
                plan(*batch(i))
            with torch.inference_mode(first):
                tape.step(*map(Tensor, batch(i)))
        assert_same(planned.state(), tape.state())
