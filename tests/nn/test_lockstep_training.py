"""Rounds in lockstep, in training: an epoch of all at once is an epoch of each alone."""

import pytest
import torch

from bakeoff import rng
from bakeoff.autodiff import Tensor, capture
from bakeoff.models import SimplePair
from bakeoff.nn import (
    BatchNorm1d,
    CrossEntropyLoss,
    Dropout,
    Linear,
    MSELoss,
    ReLU,
    Sequential,
    lockstep,
)
from bakeoff.optim import SGD, Adam

ROUNDS, SAMPLES, BATCH = 3, 40, 8


class Dense:
    """A dense network with everything that a round has of its own: dropout, running statistics."""

    loss = MSELoss
    lr = 0.1
    samples = SAMPLES

    @staticmethod
    def network():
        return Sequential(
            Linear(3, 16),
            BatchNorm1d(16),
            ReLU(),
            Dropout(0.2),
            Linear(16, 16),
            ReLU(),
            Linear(16, 2),
        )

    @staticmethod
    def data(r, dtype):
        generator = torch.Generator().manual_seed(100 + r)
        x = torch.randn(SAMPLES, 3, generator=generator, dtype=dtype)
        return x, torch.randn(SAMPLES, 2, generator=generator, dtype=dtype)

    @staticmethod
    def outputs(out):
        return out


class Pairs:
    """The report's network with weight sharing, on a few small batches."""

    loss = CrossEntropyLoss
    lr = 0.1
    samples = 16

    @staticmethod
    def network():
        return SimplePair(shared=True, auxiliary="digits-per-image")

    @staticmethod
    def data(r, dtype):
        generator = torch.Generator().manual_seed(200 + r)
        x = torch.randn(16, 2, 14, 14, generator=generator, dtype=dtype)
        return x, torch.randint(0, 2, (16,), generator=generator)

    @staticmethod
    def outputs(out):
        return out["target"]


def epoch(case, networks, loss, datas, orders, *, planned, make=SGD, arguments=None):
    """Train for an epoch, in lockstep if there is one network for several data sets."""
    (network,) = networks
    together = network.rounds is not None
    optimizer = make(network.parameters(), lr=case.lr, **(arguments or {}))
    losses = []

    def step(x, y):
        optimizer.zero_grad()
        values = loss(case.outputs(network(x)), y)
        values.sum().backward()
        optimizer.step()
        return values

    runs = step
    for start in range(0, case.samples, BATCH):
        picked = [
            tuple(part[order[start : start + BATCH]] for part in data)
            for data, order in zip(datas, orders, strict=True)
        ]
        x, y = (torch.stack(p) if together else p[0] for p in zip(*picked, strict=True))
        if planned and start == 0:
            runs = capture(step, x, y)
        losses.append(runs(Tensor(x), Tensor(y)).data.clone())
    return torch.stack(losses)


def setting(case, dtype, rounds=ROUNDS, first=5):
    """Return rounds' data and orders, each drawn from the round's own streams."""
    datas = [case.data(r, dtype) for r in range(first, first + rounds)]
    orders = [
        torch.randperm(case.samples, generator=rng.generator(0, r, "order"))
        for r in range(first, first + rounds)
    ]
    return datas, orders


def made(case, dtype, rounds, first):
    network = case.network()
    loss = case.loss()
    if rounds is not None:
        lockstep(network, rounds)
        lockstep(loss, rounds)
    return network.initialise(seed=1, round_=first).to(dtype), loss


@pytest.mark.parametrize("planned", [False, True], ids=["tape", "plan"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-10)])
@pytest.mark.parametrize("case", [Dense, Pairs])
def test_an_epoch_in_lockstep_is_an_epoch_one_by_one(case, dtype, tolerance, planned):
    datas, orders = setting(case, dtype)
    together, loss = made(case, dtype, ROUNDS, 5)
    losses = epoch(case, [together], loss, datas, orders, planned=planned)
    moved = 0.0
    for r in range(ROUNDS):
        alone, loss = made(case, dtype, None, 5 + r)
        start = alone.state_dict()
        expected = epoch(case, [alone], loss, datas[r : r + 1], orders[r : r + 1], planned=False)
        assert_near(losses[:, r], expected, tolerance)
        for name, value in alone.state_dict().items():
            assert_near(together.state_dict()[name][r], value, tolerance)
            moved = max(moved, float((value - start[name]).abs().max()))
    assert moved > 0.01, "nothing was trained"


def assert_near(got, expected, tolerance):
    """Relative to the largest value: a bias near 0 has no digits of its own to compare."""
    assert got.shape == expected.shape
    scale = float(expected.double().abs().max())
    assert float((got.double() - expected.double()).abs().max()) <= tolerance * max(scale, 1e-3)


@pytest.mark.parametrize("case", [Dense, Pairs])
def test_a_round_does_not_know_what_the_others_do(case):
    """Not one bit of a round depends on the data of another, be they even not finite."""
    states = []
    for spoilt in (False, True):
        datas, orders = setting(case, torch.float32)
        if spoilt:
            datas[1][0].mul_(float("inf"))
            orders[1] = orders[1].flip(0)
        network, loss = made(case, torch.float32, ROUNDS, 5)
        losses = epoch(case, [network], loss, datas, orders, planned=True)
        states.append({"losses": losses.T, **network.state_dict()})
    good, spoilt = states
    assert not torch.isfinite(spoilt["losses"][1]).all()
    for name, value in good.items():
        for r in (0, 2):
            assert torch.equal(spoilt[name][r], value[r]), name
            assert torch.isfinite(value[r]).all(), name


@pytest.mark.parametrize("case", [Dense, Pairs])
def test_each_round_starts_as_it_would_alone(case):
    together, _ = made(case, torch.float32, ROUNDS, 5)
    for r in range(ROUNDS):
        alone, _ = made(case, torch.float32, None, 5 + r)
        assert together.state_dict().keys() == alone.state_dict().keys()
        for name, value in alone.state_dict().items():
            whole = together.state_dict()[name]
            assert whole.shape == (ROUNDS, *value.shape)
            assert torch.equal(whole[r], value), name
    streams = dict(together.named_streams())
    for r in range(ROUNDS):
        alone, _ = made(case, torch.float32, None, 5 + r)
        for name, generator in alone.named_streams():
            other = streams[f"{name.removesuffix('.0')}.{r}"]
            assert torch.equal(other.get_state(), generator.get_state())


def test_rounds_that_get_the_same_stay_the_same():
    """Data and order decide; the place in the group gives no round anything of its own."""
    (data, *_), (order, *_) = setting(Pairs, torch.float32, rounds=1)
    network, loss = made(Pairs, torch.float32, ROUNDS, 5)
    for tensor in network.parameters():
        tensor.data.copy_(tensor.data[:1].expand(tensor.shape).clone())
    epoch(Pairs, [network], loss, [data] * ROUNDS, [order] * ROUNDS, planned=True, make=Adam)
    for name, value in network.state_dict().items():
        assert torch.equal(value[1], value[0]), name
        assert torch.equal(value[2], value[0]), name


def test_a_state_goes_from_lockstep_to_a_single_network_and_back():
    together, _ = made(Dense, torch.float32, ROUNDS, 5)
    one = {name: value[1].clone() for name, value in together.state_dict().items()}
    alone, _ = made(Dense, torch.float32, None, 0)
    alone.load_state_dict(one)
    x = torch.ones(4, 3)
    got = together.eval()(torch.stack([x] * ROUNDS)).data[1]
    torch.testing.assert_close(alone.eval()(x).data, got, rtol=0, atol=1e-6)
    back, _ = made(Dense, torch.float32, ROUNDS, 0)
    back.load_state_dict(together.state_dict())
    for name, value in together.state_dict().items():
        assert torch.equal(back.state_dict()[name], value)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.ones(4, 3), r"Sequential: got a batch of shape \(4, 3\), expected \(3, N, \.\.\.\)"),
        (torch.ones(2, 4, 3), r"Sequential: got a batch of shape \(2, 4, 3\), expected \(3, N"),
        (torch.ones(3, 4, 2), r"Linear\(3, 16.*expected 3 features"),
    ],
)
def test_batches_that_do_not_fit_the_rounds_are_refused(x, words):
    network, _ = made(Dense, torch.float32, ROUNDS, 0)
    with pytest.raises(ValueError, match=words):
        network(x)
