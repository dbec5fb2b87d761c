"""Networks on single examples: the digit's and dense ones."""

import pytest
import torch

from bakeoff.autodiff import Tensor
from bakeoff.errors import ArgumentError
from bakeoff.models import MODELS, SimplePair
from bakeoff.nn import batch_last, count_parameters, lockstep
from bakeoff.training.learner import Learner
from bakeoff.training.recipe import Recipe


def test_a_digit_is_read_by_the_simple_body():
    network = MODELS["digit"]().initialise(0)
    assert count_parameters(network) == 4_800 + 512 * 64 + 64 + 64 * 10 + 10
    x = torch.linspace(-1, 1, 3 * 196).view(3, 1, 14, 14)
    # The same body as a pair's: its first image's features are those of the image alone.
    pair = SimplePair(shared=True).initialise(0)
    network.body.load_state_dict(pair.body.first.state_dict())

    with batch_last():
        turned = x.movedim(0, -1).contiguous()
        alone = network.body(Tensor(turned))["conv2"].data.flatten(0, 2)
        both = pair.body(Tensor(torch.cat([turned, turned.flip(-1)])))["conv2"].data
    assert torch.equal(alone, both[0])
    assert network(x)["target"].shape == (3, 10)


@pytest.mark.parametrize(("side", "features"), [(14, 512), (28, 3872), (9, 32)])
def test_a_digit_has_any_side(side, features):
    network = MODELS["digit"](side=side, hidden=8).initialise(0)
    assert network.hidden.weight.shape == (8, features)
    assert network(torch.zeros(2, 1, side, side))["target"].shape == (2, 10)


def test_the_disks_network_is_a_dense_one():
    disk = MODELS["disk"]().initialise(0)
    assert count_parameters(disk) == 75 + 650 + 650 + 26
    assert disk(torch.zeros(4, 2))["target"].shape == (4, 1)
    wide = MODELS["mlp"](inputs=3, outputs=1, hidden=7, layers=1, activation="relu")
    assert count_parameters(wide) == 4 * 7 + 8
    linear = MODELS["mlp"](inputs=3, outputs=2, layers=0).initialise(0)
    one, two, both = torch.eye(3)[:1], torch.eye(3)[1:2], torch.tensor([[1.0, 1.0, 0.0]])
    zero = linear(torch.zeros(1, 3))["target"].data
    summed = linear(one)["target"].data + linear(two)["target"].data - zero
    assert torch.allclose(linear(both)["target"].data, summed)


def test_dense_rounds_go_in_lockstep():
    together = lockstep(MODELS["mlp"](2, 3), 2).initialise(4)
    alone = [MODELS["mlp"](2, 3).initialise(4, round_) for round_ in range(2)]
    x = torch.linspace(-1, 1, 20).view(2, 5, 2)
    out = together(x)["target"].data
    for r, network in enumerate(alone):
        assert torch.allclose(out[r], network(x[r])["target"].data, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("mlp", {"inputs": 0, "outputs": 1}, "got inputs=0"),
        ("mlp", {"inputs": 1, "outputs": 1, "layers": -1}, "got layers=-1, expected a whole"),
        ("mlp", {"inputs": 1, "outputs": 1, "activation": "tahn"}, "did you mean 'tanh'"),
        ("digit", {"side": 7}, "got side=7"),
    ],
)
def test_a_size_that_cannot_be_is_refused(name, options, words):
    with pytest.raises(ArgumentError, match=words):
        MODELS[name](**options)


@pytest.mark.parametrize(
    ("name", "options", "shape", "numbers"),
    [
        ("digit", {"hidden": 8}, (1, 14, 14), False),
        ("disk", {}, (2,), False),
        ("mlp", {"inputs": 3, "outputs": 2, "activation": "relu"}, (3,), True),
    ],
)
def test_plans_agree_with_the_tape(name, options, shape, numbers):
    draw = torch.Generator().manual_seed(3)
    x = torch.randn(40, *shape, generator=draw)
    target = torch.randn(40, 2, generator=draw) if numbers else torch.arange(40) % 2 == 1
    recipe = Recipe(batch_size=10)
    both = [
        Learner(MODELS[name](**options).initialise(1), x, {"target": target}, recipe, {}, plan=plan)
        for plan in (False, True)
    ]
    for _ in range(6):
        rows = torch.randperm(40, generator=draw)[:10]
        for learner in both:
            learner.step(rows)
    tape, plan = both
    assert tape.finish_epoch() == plan.finish_epoch()
    assert torch.equal(tape.predict(x[None]), plan.predict(x[None]))
    for one, other in zip(tape.network.parameters(), plan.network.parameters(), strict=True):
        assert torch.equal(one.data, other.data)
