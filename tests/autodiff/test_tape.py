"""The tape: order, accumulation, what is freed and kept, and chains of any length."""

import copy
import gc
import threading
import warnings
import weakref

import mistakes
import pytest
import torch

from autodiff.walk import normal, same
from bakeoff.autodiff import Tensor, concat, grad_enabled, no_grad, relu, stack
from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.tape import Node, consumers_first, set_grad
from bakeoff.errors import DTypeError, GraphError, ShapeError
from bakeoff.nn import Linear, Sequential, Tanh
from bakeoff.optim import OPTIMISERS, SGD


def leaf(*values):
    return Tensor(torch.tensor(values, dtype=torch.float64), requires_grad=True)


# ---- chains of any length -------------------------------------------------------------------


def test_a_chain_of_100_000_operations():
    x = leaf(2.0)
    first = end = x * 3.0
    for _ in range(100_000):
        end = end + 1.0
    end.backward(retain_graph=True)
    assert x.grad.item() == 3.0
    assert repr(end) == "Tensor([100006.0], made by add)"
    assert copy.copy(end).item() == 100_006.0
    copied = copy.deepcopy({"end": end})["end"]
    assert copied.item() == 100_006.0
    assert copied.node is None
    assert copied.requires_grad
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is not None
    del end  # the graph is whole: nothing was freed
    gc.collect()
    assert gone() is None


def test_a_long_chain_is_differentiated_twice():
    def second(x):
        y = x
        for _ in range(2000):
            y = y.tanh()
        y.backward(create_graph=True)
        first, x.grad = x.grad, None
        first.backward()
        return x.grad

    twin = torch.tensor([0.1], dtype=torch.float64, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of the cycle x, x.grad, x
        expected = second(twin)
    same(second(leaf(0.1)).data, expected)


def test_a_wide_graph_is_walked_back():
    x = leaf(1.0)
    total = x * 0.0
    for _ in range(10_000):
        total = total + x
    total.backward()
    assert x.grad.item() == 10_000.0


def test_a_ladder_of_diamonds_is_walked_once_a_rung():
    # 2^60 paths: each tensor must hand its gradient on once, after all its consumers.
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


# ---- the order of the walk ------------------------------------------------------------------


def test_every_tensor_comes_after_all_that_was_made_from_it():
    x, w = leaf(1.0), leaf(3.0)
    a = x * w
    b = a.exp()
    c = a + b
    d = c * b + x
    order = consumers_first(d, frozenset())
    place = {id(t): i for i, t in enumerate(order)}
    assert len(place) == len(order) == 7  # d is two operations
    for tensor in order:
        for _, parent in tensor.node.parents() if tensor.node else ():
            assert place[id(parent)] > place[id(tensor)]


def test_the_walk_stops_where_it_is_told_to():
    x = leaf(1.0)
    a = x * 2
    b = a * 3
    assert [id(t) for t in consumers_first(b, frozenset({id(a)}))] == [id(b), id(a)]


def test_a_diamond():
    x = leaf(0.5, -1.5)
    a = x * x
    left, right = a.tanh(), a.exp()
    (left * right + a).sum().backward()
    twin = x.data.clone().requires_grad_()
    b = twin * twin
    (b.tanh() * b.exp() + b).sum().backward()
    same(x.grad.data, twin.grad)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x + x, 2.0),
        (lambda x: x * x, 6.0),
        (lambda x: x - x, 0.0),
        (lambda x: x / x, 0.0),
        (lambda x: x * x * x, 27.0),
        (lambda x: stack([x, x, x]).sum(), 3.0),
        (lambda x: concat([x, x * 2, x]).sum(), 4.0),
    ],
)
def test_a_tensor_in_several_places_gets_the_sum(f, expected):
    x = leaf(3.0)
    f(x).backward()
    assert x.grad.tolist() == [expected]


def test_only_what_requires_a_gradient_gets_one():
    x, constant = leaf(1.0), Tensor(torch.tensor([2.0], dtype=torch.float64))
    middle = x * constant
    (middle * 3.0).backward()
    assert x.grad.item() == 6.0
    assert constant.grad is None
    assert middle.grad is None


def test_a_leaf_that_does_not_matter_gets_none():
    x, y = leaf(1.0), leaf(2.0)
    (x > y) * 1.0
    (x * 1.0).backward()
    assert y.grad is None


def test_a_leaf_can_be_the_end():
    x = leaf(3.0)
    x.backward()
    assert x.grad.tolist() == [1.0]
    x.backward(torch.tensor([4.0], dtype=torch.float64))
    assert x.grad.tolist() == [5.0]


# ---- several backward passes ----------------------------------------------------------------


def test_gradients_accumulate_as_in_pytorch():
    values = normal((3,))
    x, twin = Tensor(values, requires_grad=True), values.clone().requires_grad_()
    for weight in (1.0, -2.0, 0.5):
        (x * x * weight).sum().backward()
        (twin * twin * weight).sum().backward()
        same(x.grad.data, twin.grad)
    x.zero_grad()
    assert x.grad is None


def test_accumulating_does_not_change_the_gradient_given_before():
    x = leaf(1.0)
    (x * 2).backward()
    first = x.grad
    (x * 2).backward()
    assert first.item() == 2.0
    assert x.grad.item() == 4.0


def test_gradients_never_share_memory():
    a, b, c = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0)
    cotangent = torch.ones(2, dtype=torch.float64)
    (a + b + c.reshape(2, 1).reshape(2)).backward(cotangent)
    a.grad.data.mul_(10.0)
    cotangent.mul_(100.0)
    assert a.grad.tolist() == [10.0, 10.0]
    assert b.grad.tolist() == c.grad.tolist() == [1.0, 1.0]


def test_gradients_can_be_changed_in_place():
    x = Tensor(normal((3, 4)), requires_grad=True)
    x.sum().backward()  # one number, expanded
    x.grad.data.mul_(2.0)
    assert x.grad.data.eq(2.0).all()
    y = Tensor(normal((3, 4)), requires_grad=True)
    y.T.backward(normal((4, 3)))
    assert y.grad.data.is_contiguous()


def test_two_losses_share_what_they_have_in_common():
    x = leaf(2.0)
    shared = x * x
    shared.exp().backward(retain_graph=True)
    (shared * 3.0).backward()
    twin = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    ((twin * twin).exp() + 3.0 * twin * twin).backward()
    same(x.grad.data, twin.grad)


def test_a_freed_graph_says_so():
    x = leaf(2.0)
    y = x * x
    y.backward()
    with pytest.raises(GraphError, match=r"graph through mul was already used and freed.*retain_g"):
        y.backward()
    with pytest.raises(GraphError, match="freed"):
        (y + 1.0).backward()
    assert x.grad.item() == 4.0
    assert y.item() == 4.0


def test_a_refused_pass_leaves_gradients_and_the_rest_of_the_graph_alone():
    x = leaf(2.0)
    freed = x * x
    freed.backward()
    kept = x * 5.0
    with pytest.raises(GraphError):
        (kept + freed).backward()
    assert x.grad.item() == 4.0
    kept.backward()
    assert x.grad.item() == 9.0


def test_a_retained_graph_gives_the_same_again():
    x = leaf(0.3)
    y = x.tanh()
    y.backward(retain_graph=True)
    once = x.grad.item()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == pytest.approx(3 * once, rel=1e-15)


def test_backward_lets_go_of_the_inputs():
    x = leaf(1.0)
    middle = x * 2.0
    gone = weakref.ref(middle)
    end = middle.exp()
    end.backward()
    del middle
    gc.collect()
    assert gone() is None


# ---- differentiating gradients --------------------------------------------------------------


# ---- values that were changed since ---------------------------------------------------------


def two_losses():
    network = Sequential(Linear(3, 3), Tanh(), Linear(3, 1)).initialise(0)
    out = network(normal((4, 3)).float())
    return network, out.sum(), (out * out).sum()


@pytest.mark.parametrize("make", OPTIMISERS.values(), ids=OPTIMISERS)
def test_a_step_between_two_losses_of_one_forward_is_refused(make):
    network = two_losses()[0]
    optimizer = make(network.parameters(), lr=0.1)
    out = network(normal((4, 3)).float())
    one, two = out.sum(), (out * out).sum()
    one.backward(retain_graph=True)
    optimizer.step()
    network.zero_grad()
    words = (
        r"backward: affine: input 0, of shape \(1, 3\), was changed in place \(got version \d+,"
        r" expected \d+\) after the forward.*call backward before optimizer.step\(\) or load_state"
    )
    with pytest.raises(GraphError, match=words):
        two.backward()


def replayed(network):
    optimizer = SGD(network.parameters(), lr=0.1)
    network.zero_grad()

    def step(x):
        network.zero_grad()
        network(x).sum().backward()
        optimizer.step()

    return capture(step, normal((4, 3)).float())


CHANGES = {
    "load_state_dict": lambda net: net.load_state_dict(net.state_dict()),
    "initialise": lambda net: net.initialise(1),
    "by hand": lambda net: net[2].weight.data.mul_(2.0),
    "a view": lambda net: net[2].weight.data.T[0].zero_(),
    "no value": lambda net: net[2].weight.data.clamp_(-9, 9),
}


@pytest.mark.parametrize("name", CHANGES)
def test_weights_that_were_changed_since_the_forward_are_refused(name):
    network, _, loss = two_losses()
    CHANGES[name](network)
    with pytest.raises(GraphError, match="was changed in place"):
        loss.backward()


def test_a_replay_between_forward_and_backward_is_refused():
    network, _, _ = two_losses()
    plan = replayed(network)
    loss = network(normal((4, 3)).float()).sum()
    plan(normal((4, 3)).float())
    with pytest.raises(GraphError, match="was changed in place"):
        loss.backward()


def test_a_result_that_was_changed_is_refused_where_the_rule_reads_it():
    x = Tensor(normal((3,)), requires_grad=True)
    y = x.tanh()
    loss = (y + 1.0).sum()
    y.data.zero_()
    with pytest.raises(GraphError, match=r"tanh: the result, of shape \(3,\), was changed"):
        loss.backward()


def test_a_change_of_what_no_rule_reads_is_allowed_as_in_pytorch():
    x = Tensor(normal((3,)), requires_grad=True)
    y = x + 1.0
    loss = (y - x * 3.0).reshape(3, 1).sum()
    y.data.zero_()
    x.data.zero_()
    loss.backward()
    assert x.grad.tolist() == [-2.0] * 3


def test_a_change_before_a_value_is_used_counts_for_what_came_before_alone():
    x = Tensor(normal((3,)), requires_grad=True)
    y = x * 2.0
    y.data.clamp_(0, 1)
    (y * y).sum().backward()
    assert x.grad.tolist() == (4.0 * (x.data * 2.0).clamp(0, 1)).tolist()


def test_another_array_since_the_forward_leaves_the_gradient_at_the_old_one():
    weight, x = Tensor(normal((3,)), requires_grad=True), Tensor(normal((3,), 1))
    old = x.data, weight.data
    loss = (weight * weight * x).sum()
    x.data, weight.data = torch.zeros(3).double(), torch.zeros(3).double()
    loss.backward(retain_graph=True)
    same(weight.grad.data, 2.0 * old[1] * old[0])
    with pytest.raises(GraphError, match=r"mul: input \d.* for another array, which a derivative"):
        loss.backward(create_graph=True)


def test_in_inference_mode_what_was_made_outside_of_it_is_watched():
    network, _, _ = two_losses()
    with torch.inference_mode():
        loss = network(normal((4, 3)).float()).sum()
        network[2].weight.data.mul_(2.0)
        with pytest.raises(GraphError, match="was changed in place"):
            loss.backward()
        inside = Tensor(normal((3,)), requires_grad=True)
        (inside * 2.0).sum().backward()
    product = inside * inside
    product.sum().backward()  # and outside, what was made in it has no count
    same(inside.grad.data, 2.0 + 2.0 * inside.data)


def test_create_graph_gives_gradients_of_gradients():
    values = normal((4,))
    x, twin = Tensor(values, requires_grad=True), values.clone().requires_grad_()
    (x.tanh() * x).sum().backward(create_graph=True)
    first = x.grad
    x.zero_grad()
    (first * first).sum().backward()
    (expected,) = torch.autograd.grad((twin.tanh() * twin).sum(), twin, create_graph=True)
    same(first.data, expected.detach())
    (expected * expected).sum().backward()
    same(x.grad.data, twin.grad)


def test_without_create_graph_gradients_are_constants():
    x = leaf(1.0)
    (x * x).backward()
    assert not x.grad.requires_grad
    assert x.grad.node is None


def test_create_graph_keeps_the_graph():
    x = leaf(1.0)
    y = x * x
    y.backward(create_graph=True)
    y.backward()
    assert x.grad.item() == 4.0


def test_the_cotangent_itself_can_be_differentiated():
    x, c = leaf(2.0), leaf(3.0)
    (x * x).backward(c, create_graph=True)
    x.grad.backward()
    assert c.grad.item() == 4.0


# ---- remembering or not ---------------------------------------------------------------------


def test_no_grad_as_a_block():
    x = leaf(1.0)
    with no_grad():
        assert not grad_enabled()
        y = x * 2.0
        with set_grad(True):
            z = x * 2.0
        assert not grad_enabled()
    assert grad_enabled()
    assert (y.requires_grad, y.node) == (False, None)
    assert z.requires_grad
    assert isinstance(z.node, Node)


def test_no_grad_as_a_decorator():
    @no_grad()
    def double(x):
        return x * 2.0

    for _ in range(2):
        assert not double(leaf(1.0)).requires_grad
        assert grad_enabled()


def test_no_grad_ends_with_an_error():
    with pytest.raises(ShapeError), no_grad():
        leaf(1.0, 2.0) + leaf(1.0, 2.0, 3.0)
    assert grad_enabled()


def test_no_grad_is_a_threads_own():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_backward_works_inside_no_grad():
    x = leaf(3.0)
    y = x * x
    with no_grad():
        y.backward()
        assert not grad_enabled()
    assert x.grad.item() == 6.0


def test_torchs_autograd_is_never_used():
    raw = torch.tensor([1.0, 2.0], requires_grad=True)
    x = Tensor(raw, requires_grad=True)
    y = (x * raw).tanh().sum()
    y.backward()
    for data in (x.data, y.data, x.grad.data):
        assert not data.requires_grad
        assert data.grad_fn is None
    assert raw.grad is None


# ---- errors ---------------------------------------------------------------------------------


def broken(rule):
    """Backward of an operation whose rule is `rule`, which is put back afterwards."""
    before = relu.rule_of["x"]
    relu.rules(x=rule)
    try:
        leaf(1.0, 2.0).relu().sum().backward()
    finally:
        relu.rules(x=before)


MISTAKES = [
    (
        lambda: Tensor([1.0]).backward(),
        GraphError,
        "backward: nothing that this tensor was made from has requires_grad=True",
    ),
    (
        (leaf(1.0, 2.0) * 2).backward,
        GraphError,
        "backward: got a tensor of shape (2,), expected one element; pass gradient=, of the same",
    ),
    (
        lambda: leaf().sum().reshape(1).backward(torch.ones(2, dtype=torch.float64)),
        ShapeError,
        "backward: got a gradient of shape (2,), expected (1,), the shape of the tensor",
    ),
    (
        lambda: leaf(1.0).backward(torch.ones(1)),
        DTypeError,
        "backward: got a gradient of torch.float32, expected torch.float64",
    ),
    (
        lambda: leaf(1.0).backward(Tensor([1])),
        DTypeError,
        "backward: got a gradient of torch.int64, expected torch.float64",
    ),
    (
        lambda: broken(lambda g, out, x: 1.0),
        DTypeError,
        "backward: relu: the rule of 'x' returned <class 'float'>, expected a bakeoff.Tensor",
    ),
    (
        lambda: broken(lambda g, out, x: None),
        DTypeError,
        "backward: relu: the rule of 'x' returned <class 'NoneType'>, expected",
    ),
    (
        lambda: broken(lambda g, out, x: g.reshape(2, 1)[0]),
        ShapeError,
        "backward: relu: the rule of input 0 gave a gradient of shape (1,), expected (2,) or what",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m[2])
def test_mistakes_say_where_what_was_got_and_what_was_expected(mistake):
    mistakes.check(mistake)


def test_a_wrong_cotangent_leaves_the_graph_usable():
    x = leaf(1.0, 2.0)
    y = x * x
    with pytest.raises(ShapeError):
        y.backward(torch.ones(3, dtype=torch.float64))
    y.backward(torch.ones(2, dtype=torch.float64))
    assert x.grad.tolist() == [2.0, 4.0]
