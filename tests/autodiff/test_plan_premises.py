"""What a plan took for granted: when it is no longer so, a replay is refused, not silently stale.

Each test changes something after the capture that the tape would see and a replay would not.
"""

import copy
import functools
import types
from contextlib import nullcontext

import pytest
import torch

from autodiff.steps import Training, assert_same, batch, draw, everything, leaf
from bakeoff import optim
from bakeoff.autodiff import Tensor, kernels
from bakeoff.autodiff.plan import capture
from bakeoff.errors import PlanError
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
from bakeoff.optim.number import Fixed, Number


def refuses(plan, *inputs, words):
    with pytest.raises(PlanError, match=words):
        plan(*inputs)


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
    words = r"plan: call 0, index_select at line .*: got \(3, 2\) .*, \(2,\) torch.int64: index out"
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
    refuses(plan, torch.ones(2, 1), words=r"Hidden\.flag: got 3\.0, expected 2\.0")


class Bare(Module):
    def forward(self, x):
        return x * 2.0 if getattr(self, "train" + "ing") else x


def test_a_layer_that_is_all_there_is_to_look_at():
    layer = Bare()
    plan = capture(layer, torch.ones(2, 1))
    layer.eval()
    refuses(plan, torch.ones(2, 1), words=r"Bare\.training: got False, expected True")


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
    ("change", "words"),
    [
        (
            lambda s: setattr(s, "own", 3.0),
            r"plan: Scaled\.own: got 3\.0, expected 2\.0 as when it",
        ),
        (lambda s: setattr(s, "everyone", 3.0), r"Scaled\.everyone: got 3\.0, expected 2\.0"),
        (lambda s: setattr(s, "_hidden", 3.0), r"Scaled\._hidden: got 3\.0, expected 2\.0"),
        (lambda s: setattr(s.config, "factor", 3.0), r"Scaled\.config\.factor: got 3\.0, expected"),
        (lambda s: setattr(s, "config", copy.deepcopy(s.config)), r"Scaled\.config: got another S"),
        (
            lambda s: s.config.table["power"].append(1.0),
            r"Scaled\.config\.table: got other content",
        ),
        (lambda s: s.config.table.update(power=[3.0]), r"Scaled\.config\.table: got other content"),
        (lambda s: delattr(s, "own"), r"Scaled\.own: got nothing, expected 2\.0"),
        (
            lambda s: setattr(s, "factor", lambda: 1.0),
            r"Scaled\.factor: got another function, expected",
        ),
        (lambda s: setattr(s, "forward", lambda x: x), r"Scaled\.forward: got another function"),
    ],
)
def test_a_number_of_a_layer(change, words):
    layer = Scaled()
    plan = capture(Sequential(layer), torch.ones(2, 1))
    assert plan(torch.ones(2, 1)).data.tolist() == [[384.0]] * 2
    change(layer)
    refuses(plan, torch.ones(2, 1), words=words)


def test_a_global_that_a_layer_looks_at(monkeypatch):
    plan = capture(Sequential(Scaled()), torch.ones(2, 1))
    monkeypatch.setitem(globals(), "GLOBAL", 3.0)
    refuses(plan, torch.ones(2, 1), words=r"plan: GLOBAL: got 3\.0, expected 2\.0")
    monkeypatch.setitem(globals(), "GLOBAL", 2.0)
    plan(torch.ones(2, 1))
    monkeypatch.setitem(globals(), "INDIRECT", 3.0)
    refuses(plan, torch.ones(2, 1), words=r"plan: INDIRECT: got 3\.0, expected 2\.0")


def test_a_class_that_a_layer_belongs_to(monkeypatch):
    plan = capture(Sequential(Scaled()), torch.ones(2, 1))
    monkeypatch.setattr(Scaled, "everyone", 3.0)
    refuses(plan, torch.ones(2, 1), words=r"Scaled\.everyone: got 3\.0, expected 2\.0")


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
    refuses(plan, torch.ones(2, 1), words=r"Scaled\.own: got 3\.0")


@pytest.mark.parametrize(
    ("layer", "name", "value"),
    [
        (Dropout(0.5), "p", 0.25),
        (LeakyReLU(0.1), "negative_slope", 0.2),
        (MSELoss(), "reduction", ""),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_number_of_our_own_layers(layer, name, value):
    layer.initialise(0)
    inputs = [torch.ones(2, 1)] * (2 if isinstance(layer, MSELoss) else 1)
    plan = capture(layer, *(x.clone() for x in inputs))
    plan(*inputs)
    setattr(layer, name, value)
    refuses(plan, *inputs, words=rf"{type(layer).__name__}\.{name}: got {value!r}, expected")


def test_looking_again_is_quick_unless_something_changed():
    """One row of identities decides; only a difference is looked at name by name."""
    for layer in (Scaled(), Hidden(), Sequential(*everything()).initialise(), Dropout(0.0)):
        x = torch.ones(4, 3)
        plan = capture(layer, x)
        assert plan._premises.hold()
        layer.note = 1  # looked at by nobody, but in the row
        assert not plan._premises.hold()
        plan(x)
        layer.note = 2  # from now on, only what the step looked at is in it
        assert plan._premises.hold()


def test_a_layer_exchanged_or_added():
    network = Training().network
    x = batch()[0]
    plan = capture(network, x)
    relu = network[1]
    network.layers[1] = Tanh()
    refuses(plan, x, words=r"Sequential\.layers: got other content")
    network.layers[1] = relu
    plan(x)
    network.add(ReLU())
    refuses(plan, x, words=r"Sequential\.layers: got other content")


def test_a_layer_in_an_attribute_exchanged():
    class Net(Module):
        def __init__(self):
            self.act = ReLU()

        def forward(self, x):
            return self.act(x)

    network = Net()
    plan = capture(network, torch.ones(2, 1))
    network.act = Tanh()
    refuses(plan, torch.ones(2, 1), words=r"Net\.act: got Tanh, expected ReLU")


def test_a_parameter_exchanged():
    network = Training().network
    plan = capture(network, batch()[0])
    network[0].weight = Parameter((5, 3), network[0].weight.initialise)
    refuses(plan, batch()[0], words=r"Linear\.weight: got another Parameter of shape \(5, 3\), exp")


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
    refuses(plan, batch()[0], words=r"running_mean: got another Buffer of shape \(6,\)")


def test_random_streams_exchanged():
    training = Training(*everything())
    plan = capture(training.step, *batch())
    training.network[3].set_streams([torch.Generator().manual_seed(3)])
    refuses(plan, *batch(), words=r"Dropout\.streams: got another \[<torch\._C\.Generator")
    training = Training(*everything())
    plan = capture(training.step, *batch())
    training.network[3].streams[0] = torch.Generator().manual_seed(3)
    refuses(plan, *batch(), words=r"Dropout\.streams: got other content")


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
    refuses(plan, *batch(), words=r"Training\.optimizer: got another SGD, expected SGD")
    training.optimizer = optimizer
    training.network = Training().network
    refuses(plan, *batch(), words=r"Training\.network: got another Sequential")
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
    refuses(plan, *batch(), words=r"Own\.damping: got 0\.25, expected 0\.5")


def test_a_gradient_where_the_step_found_none():
    training = Training()

    def step(x, y):
        training.loss(training.network(x), y).backward()
        training.optimizer.step()
        training.optimizer.zero_grad()

    plan = capture(step, *batch())
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
    refuses(plan, torch.ones(2), words=r"plan: scale: got 3\.0, expected 2\.0 as when it was captu")


def test_an_array_around_the_step_exchanged():
    table = torch.ones(2)

    def step(x):
        return x * Tensor(table)

    plan = capture(step, torch.ones(2))
    table = torch.zeros(2)
    refuses(plan, torch.ones(2), words=r"plan: table: got another Tensor of shape \(2,\), expected")


def test_a_branch_around_the_step():
    flags = {"double": True}
    plan = capture(lambda x: x * 2.0 if flags["double"] else x * 1.0, torch.ones(2))
    flags["double"] = False
    refuses(plan, torch.ones(2), words=r"flags: got other content, \{'double': False\}, expected")


def test_a_function_around_the_step_exchanged():
    act = Tensor.relu

    def step(x):
        return outer_act(x)

    def outer_act(x):
        return act(x)

    plan = capture(step, torch.ones(2))
    act = Tensor.tanh
    refuses(plan, torch.ones(2), words="act: got another function, expected function")


class Settings:
    __slots__ = ("scale",)


class SlotsAndMore(Settings):
    """Its slot is not among its attributes."""


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: types.SimpleNamespace(scale=2.0), r"settings\.scale: got 3\.0, expected 2\.0"),
        (Settings, r"settings\.scale: got 3\.0, expected 2\.0"),
        (SlotsAndMore, r"settings\.scale: got 3\.0, expected 2\.0"),
        (lambda: types.ModuleType("settings"), r"settings\.scale: got 3\.0, expected 2\.0"),
        (lambda: type("Settings", (), {}), r"settings\.scale: got 3\.0, expected 2\.0"),
    ],
)
def test_a_number_of_an_object_around_the_step(make, words):
    settings = make()
    settings.scale = 2.0
    plan = capture(lambda x: next(x * settings.scale for _ in range(1)), torch.ones(2))
    assert plan(torch.ones(2)).data.tolist() == [2.0, 2.0]
    settings.scale = 3.0
    refuses(plan, torch.ones(2), words=words)


class Stepper:
    def __init__(self):
        self.scale = 2.0

    def step(self, x, twice=1.0):
        return x * self.helper() * twice

    def helper(self):
        return self.scale

    __call__ = step


@pytest.mark.parametrize(
    "of",
    [
        lambda s: s.step,
        lambda s: s,
        lambda s: functools.partial(s.step, twice=1.0),
        lambda s: functools.wraps(s.step)(lambda x: s.step(x) * 1.0),
    ],
    ids=["method", "object", "partial", "wrapped"],
)
def test_whatever_can_be_called_is_looked_into(of):
    stepper = Stepper()
    plan = capture(of(stepper), torch.ones(2))
    assert plan(torch.ones(2)).data.tolist() == [2.0, 2.0]
    stepper.scale = 3.0
    refuses(plan, torch.ones(2), words=r"scale: got 3\.0, expected 2\.0")


def test_a_local_name_is_not_taken_for_a_global(monkeypatch):
    monkeypatch.setitem(globals(), "x", 1)

    def step(x):
        x = x * 2.0
        return x + 0.0

    plan = capture(step, torch.ones(2))
    monkeypatch.setitem(globals(), "x", 2)
    assert plan(torch.ones(2)).data.tolist() == [2.0, 2.0]


def test_a_copy_of_a_plan_is_refused_as_its_parameters_are_others():
    training = Training()
    plan = copy.deepcopy(capture(training.step, *batch()))
    before = training.state()
    with pytest.raises(PlanError):
        plan(*batch())
    assert_same(training.state(), before)
