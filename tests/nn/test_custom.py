"""A user's own activation, given by its evaluation and its derivative."""

import copy

import pytest
import torch

from bakeoff import check_grad, nn
from bakeoff.autodiff import Tensor
from bakeoff.autodiff.plan import capture
from bakeoff.errors import DTypeError, GraphError, ShapeError
from bakeoff.optim import SGD
from nn.arrays import close, draw


class Square:
    """As the paper's framework takes it."""

    def evaluation(self, x):
        return x * x

    def derivative(self, x):
        return 2 * x


class Bent(nn.Activation):
    """max(0, x) with a slope of its own, working in place as the paper's ReLU does."""

    def __init__(self, slope):
        self.slope = slope

    def evaluation(self, x):
        x[x < 0] *= self.slope
        return x

    def derivative(self, x):
        return torch.where(x > 0, 1.0, self.slope)  # float32 whatever x is


class NoActivation:
    """The paper's, whose derivative is float32 in a network of float64."""

    def evaluation(self, x):
        return x

    def derivative(self, x):
        return torch.ones(x.size())


def test_it_stands_in_a_sequential_at_once():
    network = nn.Sequential(nn.Linear(2, 5), Square(), nn.Linear(5, 1), NoActivation())
    network.initialise(0).double()
    twin = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Linear(5, 1)).double()
    twin.load_state_dict({k.replace("2.", "1."): v for k, v in network.state_dict().items()})
    x = draw((7, 2))
    out = network(Tensor(x))
    out.sum().backward()
    with torch.enable_grad():
        expected = twin[1](twin[0](x) ** 2)
        expected.sum().backward()
    close(out.data, expected.detach())
    for ours, theirs in zip(network.parameters(), twin.parameters(), strict=True):
        close(ours.grad.data, theirs.grad)
    assert repr(network[1]) == "Activation(Square)"
    assert [name for name, _ in network.named_parameters()] == [
        *("0.weight", "0.bias", "2.weight", "2.bias")
    ]


@pytest.mark.parametrize("activation", [nn.Activation(Square()), Bent(0.2)])
def test_the_gradient_checker_takes_it(activation):
    check_grad(activation, draw((3, 4)))


def test_the_gradient_checker_finds_a_wrong_derivative():
    class Wrong(Square):
        def derivative(self, x):
            return 2.002 * x

    with pytest.raises(AssertionError, match="the rule gives"):
        check_grad(nn.Activation(Wrong()), draw((3, 4)))


def test_one_that_works_in_place_harms_nothing():
    x = Tensor(draw((3, 4)), requires_grad=True)
    before = x.data.clone()
    out = Bent(0.5)(x)
    out.sum().backward()
    assert torch.equal(x.data, before)
    assert torch.equal(x.grad.data, torch.where(before > 0, 1.0, 0.5).double())


def test_a_copy_uses_its_own_attributes():
    first = nn.Sequential(Bent(0.5))
    second = copy.deepcopy(first)
    second[0].slope = 0.25
    x = -torch.ones(1, 1)
    assert (float(first(x)), float(second(x))) == (-0.5, -0.25)


def test_a_plan_replays_it_to_the_bit():
    network = nn.Sequential(nn.Linear(2, 5), Square(), Bent(0.1), nn.Linear(5, 1)).initialise(0)
    twin = copy.deepcopy(network)

    def step_of(network):
        optimizer = SGD(network.parameters(), lr=0.01)

        def step(x):
            optimizer.zero_grad()
            loss = (network(x) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss

        return step

    plan, step = capture(step_of(network), torch.ones(4, 2)), step_of(twin)
    for seed in range(5):
        x = draw((4, 2), seed).float()
        assert torch.equal(plan(x).data, step(Tensor(x)).data)


def test_its_second_derivative_is_refused():
    x = Tensor(draw((3,)), requires_grad=True)
    nn.Activation(Square())(x).sum().backward(create_graph=True)
    with pytest.raises(GraphError, match=r"Activation\(Square\): got a second-order gradient"):
        x.grad.sum().backward()


def test_what_is_none_is_refused():
    with pytest.raises(DTypeError, match=r"Activation: got 3, expected an object with the methods"):
        nn.Activation(3)
    with pytest.raises(DTypeError, match=r"Activation: got None"):
        nn.Activation()
    with pytest.raises(DTypeError, match=r"Sequential: got <class .*Square'>.*write Square\(\)"):
        nn.Sequential(Square)
    with pytest.raises(DTypeError, match=r"Half: got None, expected an object with the methods"):
        Half()
    with pytest.raises(DTypeError, match=r"Late: got no method derivative\(x\), expected"):
        Late()(Tensor(draw((3,)), requires_grad=True)).sum().backward()


class Half(nn.Activation):
    def evaluation(self, x):
        return x


class Late(Half):
    def __init__(self):
        """Take no notice of what the base class checks."""


def test_a_method_that_returns_something_else_is_named():
    class Total(Square):
        def evaluation(self, x):
            return x.sum()

        def derivative(self, x):
            return None

    activation = nn.Activation(Total())
    with pytest.raises(
        ShapeError, match=r"Total.evaluation: got shape \(\) for an input of \(3, 2"
    ):
        activation(draw((2, 3)))
    Total.evaluation = Square.evaluation
    out = activation(Tensor(draw((2, 3)), requires_grad=True))
    with pytest.raises(DTypeError, match=r"Total.derivative: got NoneType, expected a torch tens"):
        out.sum().backward()
