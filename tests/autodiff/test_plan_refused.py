"""What cannot be replayed is refused when a plan is made, by an error that says what and where.

Each of these steps would, replayed, silently do something else than on the tape.
"""

import functools
import itertools
import math
import random
import re
import threading
import types

import numpy as np
import pytest
import torch

from autodiff.steps import Training, assert_same, batch, draw, everything, leaf, unchanged
from bakeoff import optim
from bakeoff.autodiff import Tensor, kernels, no_grad
from bakeoff.autodiff.plan import capture
from bakeoff.errors import ArgumentError, DTypeError, PlanError
from bakeoff.nn import Linear, Module, Sequential


def refused(step, *inputs, words, error=PlanError):
    with pytest.raises(error, match=words) as raised:
        capture(step, *inputs)
    assert kernels.state.recorder is None
    return raised.value


# ---- numbers --------------------------------------------------------------------------------


def test_a_number_that_changes_between_runs():
    counter = itertools.count(2)
    refused(
        lambda x: x * float(next(counter)),
        torch.ones(2),
        words=r"capture: mul at line \d+ of test_plan_refused\.py: got 2\.0 and 3\.0 in two runs,"
        r" expected the same.*in a tensor",
    )


def test_numbers_that_are_equal_but_not_the_same():
    signs = itertools.cycle([0.0, -0.0])
    refused(lambda x: x * next(signs), torch.ones(2), words=r"got 0\.0 and -0\.0")
    kinds = itertools.cycle([1, 1.0])
    refused(lambda x: x * next(kinds), torch.ones(2), words=r"got 1 and 1\.0")


def test_a_constant_that_is_not_a_number_is_still_constant():
    plan = capture(lambda x: x * float("nan"), torch.ones(2))
    assert plan(torch.ones(2)).data.isnan().all()


class Decaying(Module):
    def __init__(self):
        self.factors = itertools.accumulate(itertools.repeat(0.5), lambda a, b: a * b)

    def forward(self, x):
        return x * next(self.factors)

    def describe(self):
        return "by halves"


def test_the_layer_of_a_changing_number_is_named():
    refused(
        Sequential(Decaying()),
        torch.ones(2, 1),
        words=r"capture: mul in Decaying\(by halves\) at line .*: got 0\.5 and 0\.25 in two runs",
    )


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (bool, r"item\(\)"),
        (float, r"item\(\)"),
        (int, r"item\(\)"),
        (lambda x: x.item(), r"item\(\)"),
        (lambda x: x.tolist(), r"tolist\(\)"),
        (math.sqrt, r"item\(\)"),
        (lambda x: max(x, x), r"item\(\)"),
        (lambda x: x in (x * 2.0, x), r"item\(\)"),
        (lambda x: sorted([x, x]), r"item\(\)"),
    ],
)
def test_reading_a_value(read, what):
    refused(
        lambda x: [read(x.sum()), x][1],
        torch.ones(2),
        words=rf"capture: {what} was read at line \d+ of .*\.py, expected the value to stay",
    )


class Gate(Module):
    def forward(self, x):
        return x if x.sum() > 0.0 else -x


def test_a_branch_on_a_value_names_the_layer():
    refused(Sequential(Gate()), torch.ones(2, 1), words=r"item\(\) was read in Gate\(\) at line")


@pytest.mark.parametrize(
    ("returned", "kind"),
    [
        (3.0, "float"),
        ("text", "str"),
        (torch.ones(2), "Tensor, expected"),
        ({"loss": 1.0}, "float"),
        ((None, [2]), "int"),
    ],
)
def test_returning_anything_but_tensors(returned, kind):
    refused(lambda x: returned, torch.ones(2), words=rf"the step returned {kind}")


# ---- calls and arrays that differ -----------------------------------------------------------


def test_another_number_of_calls_in_a_second_run():
    turns = itertools.count(1)

    def step(x):
        for _ in range(next(turns)):
            x = x * 2.0
        return x

    refused(step, torch.ones(2), words="got 2 calls in a second run.*expected 1 as in the first")


def test_another_call_in_a_second_run():
    kinds = itertools.cycle([Tensor.exp, Tensor.log])

    def step(x):
        return next(kinds)(x)

    refused(
        step,
        torch.ones(2),
        words="capture: exp at line .*: got log in a second run, expected the same call",
    )


def test_another_structure_of_outputs_in_a_second_run():
    more = itertools.cycle([False, True])
    refused(
        lambda x: (x + 1.0, None) if next(more) else (x + 1.0, x), torch.ones(2), words="output"
    )


def test_an_array_made_anew_in_each_run():
    refused(
        lambda x: x + Tensor(torch.ones(2)),
        torch.ones(2),
        words=r"capture: add at line .*: got an array of shape \(2,\) that no kernel made"
        r".*an input",
    )


def test_an_array_made_by_plain_torch_of_what_the_step_computed():
    refused(lambda x: x + Tensor(x.data * 2.0), torch.ones(2), words="that no kernel made")


def test_an_output_made_by_plain_torch():
    refused(
        lambda x: Tensor((x + 1.0).data * 2.0),
        torch.ones(2),
        words=r"output 0, of shape \(2,\), was made by no kernel",
    )


def test_a_gradient_made_by_plain_torch():
    weight = leaf(2)

    def step(x):
        weight.grad = Tensor(x.data * 2.0)

    refused(step, torch.ones(2), words=r"gradient 0, of shape \(2,\), was made by no kernel")


def test_an_array_that_plain_torch_changes():
    def step(x):
        y = x * 1.0
        y.data.add_(1.0)
        return y

    words = r"the step changed an array first used by mul at line .*, of shape \(2,\), outside"
    refused(step, torch.ones(2), words=words)


def test_parameters_that_plain_torch_changes():
    """The update that everyone writes first; a replay would not repeat it."""
    training = Training()

    def step(x, y):
        training.optimizer.zero_grad()
        training.loss(training.network(x), y).backward()
        for p in training.network.parameters():
            p.data -= 0.1 * p.grad.data

    with unchanged(training):
        refused(
            step,
            *batch(),
            words=r"the step changed Linear\.weight, of shape \(5, 3\), outside kernels, expected"
            r" changes by an optimiser",
        )


def test_a_counter_that_plain_torch_changes():
    count = torch.zeros(())

    def step(x):
        count.add_(1.0)
        return x * 2.0

    words = r"the step changed count, of shape \(\), outside kernels, expected changes by"
    refused(step, torch.ones(2), words=words)
    assert count == 0.0


def clamp(h, weight):
    weight.data.clamp_(-30.0, 30.0)


def mend(h, weight):
    h.data[h.data.isnan()] = 0.0


def max_norm(h, weight):
    weight.data.mul_(1.0)


def average(h, weight):
    weight.data.lerp_(weight.data.clone(), 0.0)


@pytest.mark.parametrize("change", [clamp, mend, max_norm, average])
@pytest.mark.parametrize("early", [True, False])
def test_a_change_in_place_that_changes_no_value_yet(change, early):
    """Once it does, every replay would lose it."""
    weight = leaf(3)

    def step(x):
        if early and change is not mend:
            change(x, weight)
        h = x * weight
        if not early or change is mend:
            change(h, weight)
        return h * 2.0

    kept = weight.data.clone()
    refused(step, torch.ones(3), words=r"the step changed .*, of shape \(3,\), outside kernels")
    assert torch.equal(weight.data, kept)


def test_parameters_that_are_given_new_arrays():
    training = Training()

    def step(x, y):
        training.optimizer.zero_grad()
        training.loss(training.network(x), y).backward()
        for p in training.network.parameters():
            p.data = p.data - 0.1 * p.grad.data

    with unchanged(training):
        refused(step, *batch(), words="got other memory, expected the same")


def test_a_view_that_is_a_copy():
    refused(
        lambda x: Tensor(kernels.view(torch.Tensor.contiguous, x.T.data)) + 1.0,
        torch.ones(2, 3),
        words="contiguous at line .* copied its argument, expected a view of the same memory",
    )


def test_a_new_array_that_is_a_view():
    refused(
        lambda x: Tensor(kernels.run(torch.Tensor.reshape, x.data, (6,))),
        torch.ones(2, 3),
        words="reshape at line .* returned a view of its argument, expected.*kernels.view",
    )


def test_a_kernel_without_an_out_form():
    refused(
        lambda x: Tensor(kernels.run(torch.nn.functional.softsign, x.data)),
        torch.ones(2),
        words=r"plan: call 0, softsign at line .*: got \(2,\) torch.float32: .*'out'",
    )


# ---- inputs ---------------------------------------------------------------------------------


def test_two_examples_in_one_memory():
    x = torch.ones(4)
    words = "inputs 0 and 2 share memory, expected inputs of their own; pass a clone"
    refused(lambda a, b, c: a + c, x, torch.ones(4), x, words=words)
    refused(lambda a, b, c: a + c, x[:2], torch.ones(2), x[2:], words=words)


def test_an_input_that_is_also_seen_through_a_closure():
    x = torch.ones(2)
    refused(
        lambda given: given + Tensor(x),
        x,
        words="input 0 is also used through a closure by add at line .*, expected it to come in",
    )


def test_an_input_that_is_written_to_through_a_closure():
    x = torch.ones(2)

    def step(given):
        kernels.update(torch.Tensor.zero_, x)
        return given * 2.0

    refused(step, x, words="input 0 is also used through a closure by zero_")
    refused(
        lambda given: [kernels.fill(torch.exp, x, given.data), given][1],
        x,
        words="input 0 is also used through a closure by exp",
    )
    assert x.tolist() == [1.0, 1.0]


def test_an_input_that_is_changed_in_place():
    def step(x):
        kernels.update(torch.Tensor.add_, x.data, 1.0)
        return x * 2.0

    refused(step, torch.ones(2), words="input 0 is changed in place by the step, expected it to st")
    refused(
        lambda x: [x.data.add_(1.0), x * 2.0][1],
        torch.ones(2),
        words=r"the step changed input 0, of shape \(2,\), outside kernels, expected",
    )


def test_an_input_that_requires_a_gradient():
    words = "input 1: got a Tensor that requires a gradient, expected one that does not"
    refused(lambda x, y: x * y, torch.ones(2), leaf(2), words=words)
    refused(lambda x, y: x * y, torch.ones(2), leaf(2) * 2.0, words=words)


@pytest.mark.parametrize("x", [2.0, [1.0], None, "text"])
def test_an_input_that_is_no_tensor(x):
    words = rf"input 1: got {type(x).__name__}, expected a tensor"
    refused(lambda a, b: a, torch.ones(2), x, words=words, error=DTypeError)


# ---- gradients ------------------------------------------------------------------------------


def test_a_gradient_from_before_the_step():
    training = Training()
    training.step(*map(Tensor, batch()))

    def step(x, y):
        training.loss(training.network(x), y).backward()
        training.optimizer.step()

    kept = [p.grad for p in training.network.parameters()]
    refused(
        step,
        *batch(),
        words=r"tensor of shape \(\d.* that had a gradient before the step, expected none; call"
        r" zero_grad\(\)",
    )
    assert all(p.grad is g for p, g in zip(training.network.parameters(), kept, strict=True))


def test_a_gradient_to_which_the_next_call_would_add():
    training = Training()

    def step(x, y):
        training.loss(training.network(x), y).backward()
        training.optimizer.step()

    with unchanged(training):
        refused(
            step,
            *batch(),
            words=r"leaves a gradient on a tensor of shape \(\d.*to which its next call would add",
        )


# ---- what Python does besides ---------------------------------------------------------------


class Counting(Module):
    def __init__(self):
        self.calls = 0
        self.seen = []

    def forward(self, x):
        self.calls += 1
        return x * 2.0


class Remembering(Module):
    def forward(self, x):
        self.last = x * 2.0
        return self.last


class Listing(Module):
    def __init__(self):
        self.seen = []

    def forward(self, x):
        self.seen.append(x)
        return x * 2.0


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Counting, r"the step changed Counting\.calls: got 1, expected 0"),
        (Remembering, r"the step changed Remembering\.last: got Tensor of shape.*expected nothing"),
        (Listing, r"the step changed Listing\.seen: got other content"),
    ],
)
def test_a_layer_that_changes_itself(layer, words):
    refused(Sequential(layer()), torch.ones(2, 1), words=words)


def test_a_step_that_changes_a_name_around_it():
    count = 0

    def step(x):
        nonlocal count
        count += 1
        return x * 2.0

    refused(step, torch.ones(2), words="the step changed count: got 1, expected 0")
    losses = []
    refused(
        lambda x: [losses.append(x), x * 2.0][1],
        torch.ones(2),
        words="the step changed losses: got other content",
    )


def changing():
    """Yield (step, what it changes, that no single call shows)."""
    count, nested, deep = itertools.count(), {"a": {"n": 0}}, types.SimpleNamespace(a=[0])
    own, numpys, uniform = random.Random(0), np.random.default_rng(0), random.uniform

    def attribute(x):
        attribute.n = getattr(attribute, "n", 0) + 1
        return x * 2.0

    def default(x, seen=[]):  # noqa: B006 - what is tested
        seen.append(0)
        return x * 2.0

    yield lambda x: x * (2.0 if next(count) == 99 else 1.0), "count: got other content"
    yield lambda x: x * (2.0 if nested["a"].update(n=nested["a"]["n"] + 1) else 1.0), "nested"
    yield lambda x: [deep.a.append(1), x * 1.0][1], "deep: got other content"
    yield lambda x: x * (2.0 if own.random() > 1.0 else 1.0), "own: got other content"
    yield lambda x: x * (2.0 if numpys.random() > 1.0 else 1.0), "numpys: got other content"
    yield lambda x: x * (2.0 if np.random.rand() > 1.0 else 1.0), "np: got other content"
    yield lambda x: x * (2.0 if random.random() > 1.0 else 1.0), "random: got other content"
    yield lambda x: x * (2.0 if uniform(0, 1) > 1.0 else 1.0), "uniform: got other content"
    yield lambda x: x * (2.0 if torch.rand(()) > 1.0 else 1.0), "the random stream of torch"
    yield attribute, r"attribute\.n: got 1, expected nothing"
    yield default, "default arguments: got other content"
    yield functools.partial(lambda seen, x: [seen.append(0), x * 1.0][1], []), "partial's arguments"


def test_what_other_threads_draw_is_not_the_steps_doing():
    x = Tensor(torch.ones(3))
    plan = capture(lambda x: x * 2.0, x)
    thread = threading.Thread(target=lambda: [random.gauss(0, 1) for _ in range(200_000)])
    thread.start()
    while thread.is_alive():
        assert capture(lambda x: x * 2.0, x)(x).tolist() == plan(x).tolist()


@pytest.mark.parametrize("case", list(changing()), ids=lambda case: case[1])
def test_a_step_that_changes_what_it_would_look_at_next_time(case):
    """Such as a counter for "every hundredth time": no replay moves it, so it would never come."""
    step, words = case
    refused(step, torch.ones(2), words=f"capture: the step changed .*{words}")


def test_a_step_that_changes_the_mode_of_a_layer():
    network = Training(*everything()).network

    def step(x):
        network.eval()
        with no_grad():
            out = network(x)
        network.train()
        return out

    words = r"the step changed \w+\.training: got True, expected False.*outside the step"
    refused(step, batch()[0], words=words)


def test_a_capture_inside_a_capture():
    refused(
        lambda x: capture(lambda y: y * 2.0, x)(x),
        torch.ones(2),
        words="got a capture inside a capture, expected one at a time",
    )


def test_a_plan_inside_a_capture():
    inner = capture(lambda y: y * 2.0, torch.ones(2))
    refused(
        lambda x: inner(x) + 1.0, torch.ones(2), words="plan: called inside a capture, expected"
    )


def test_an_optimisers_number_that_the_step_reads_or_sets():
    training = Training()

    def reads(x, y):
        return training.step(x, y) * training.optimizer.lr

    refused(reads, *batch(), words=r"SGD\.lr was read at line .*, expected the value to stay")
    rates = itertools.count(1)

    def sets(x, y):
        training.optimizer.lr = 0.1 / next(rates)
        return training.step(x, y)

    with unchanged(training):
        refused(sets, *batch(), words=r"fill_.*: got 0\.1 and 0\.05 in two runs")


# ---- a step that fails ----------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("run", [1, 2, 3])
def test_a_step_that_fails_leaves_everything_as_it_was(run, error):
    training = Training(*everything(), make=optim.Adam)
    runs = itertools.count(1)

    def step(x, y):
        training.step(x, y)
        if next(runs) == run:
            raise error("in the middle")

    with unchanged(training):
        refused(step, *batch(), words="in the middle", error=error)
    # Nothing is still recorded, and what was put back trains on as if nothing had been.
    other = Training(*everything(), make=optim.Adam)
    plan = capture(training.step, *batch())
    for i in range(3):
        other.step(*map(Tensor, batch(i)))
        plan(*batch(i))
    assert_same(training.state(), other.state())


def test_a_step_that_is_refused_at_last_leaves_everything_as_it_was():
    training = Training(*everything())

    def step(x, y):
        loss = training.step(x, y)
        loss.data.add_(1.0)
        return loss

    with unchanged(training):
        refused(step, *batch(), words=r"the step changed an array .* outside kernels")


def test_a_named_error_of_the_step_comes_through():
    network = Sequential(Linear(3, 2))
    words = re.escape("parameter '0.weight' was never drawn")
    refused(network, torch.ones(4, 3), words=words, error=ArgumentError)


def test_a_generator_made_in_each_run():
    def step(x):
        g = torch.Generator().manual_seed(0)
        return x + Tensor(kernels.run(torch.rand, x.shape, generator=g))

    refused(step, draw(3), words="got <torch._C.Generator .* and <torch._C.Generator")


def test_a_named_error_of_a_replayed_call_comes_through():
    def choosy(x, out):
        if float(x[0]) < 0:
            raise ArgumentError("got a negative number")
        return torch.mul(x, 2.0, out=out)

    def step(x):
        out = kernels.empty(tuple(x.shape), x.data)
        return Tensor(kernels.fill(choosy, out, x.data))

    plan = capture(step, torch.ones(2))
    assert plan(torch.tensor([3.0, 4.0])).data.tolist() == [6.0, 8.0]
    with pytest.raises(ArgumentError, match=r"^got a negative number$"):
        plan(torch.tensor([-3.0, 4.0]))
