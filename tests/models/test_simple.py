"""The simple networks: sizes, and agreement with the same networks in PyTorch."""

import pytest
import torch
from twins import simple_pair

from bakeoff.autodiff import Tensor
from bakeoff.data import generate_pair_sets, standardise
from bakeoff.models import MODELS, SimplePair
from bakeoff.nn import CrossEntropyLoss, count_parameters
from bakeoff.optim import SGD

CELLS = [
    (shared, auxiliary)
    for shared in (False, True)
    for auxiliary in ("none", "target", "digits", "digits-per-image")
]


@pytest.fixture(scope="module")
def pairs():
    return standardise(generate_pair_sets(100, seed=5))


def test_models_1_and_2_have_the_reports_sizes():
    assert count_parameters(MODELS["model1"]()) == 77_346
    assert count_parameters(MODELS["model2"]()) == 72_546


@pytest.mark.parametrize(("shared", "auxiliary"), CELLS)
def test_outputs_agree_with_pytorch(shared, auxiliary, pairs):
    ours, theirs = twins(shared, auxiliary)
    got, expected = ours(pairs.test_input), theirs(pairs.test_input)
    assert got.keys() == expected.keys()
    for name in got:
        torch.testing.assert_close(got[name].data, expected[name].detach(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("shared", "auxiliary"), CELLS)
def test_one_training_step_agrees_with_pytorch(shared, auxiliary, pairs):
    ours, theirs = twins(shared, auxiliary)
    labels = {"target": pairs.train_target}
    labels |= {"first": pairs.train_classes[:, 0], "second": pairs.train_classes[:, 1]}
    batch = slice(0, 50)

    optimizer = SGD(ours.parameters(), lr=0.02, momentum=0.9)
    outputs = ours(pairs.train_input[batch])
    losses = [
        CrossEntropyLoss()(out, Tensor(labels[name.partition(".")[0]][batch]))
        for name, out in outputs.items()
    ]
    sum(losses[1:], losses[0]).backward()
    optimizer.step()

    rival = torch.optim.SGD(theirs.parameters(), lr=0.02, momentum=0.9)
    with torch.enable_grad():
        loss = sum(
            torch.nn.functional.cross_entropy(out, labels[name.partition(".")[0]][batch])
            for name, out in theirs(pairs.train_input[batch]).items()
        )
    loss.backward()
    rival.step()

    after = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        gradient = parameter.grad.data
        assert gradient.abs().max() > 0, name
        torch.testing.assert_close(gradient, after[name].grad, rtol=0, atol=1e-5, msg=name)
        torch.testing.assert_close(parameter.data, after[name].detach(), rtol=0, atol=1e-5)


def test_layers_of_one_name_start_alike_in_every_competitor():
    starts = [SimplePair(s, a).initialise(seed=3, round_=4).state_dict() for s, a in CELLS]
    for name, value in starts[0].items():
        if name in starts[-1]:
            for start in starts:
                if name in start:
                    assert torch.equal(start[name], value), name
    other_round = SimplePair(False).initialise(seed=3, round_=5).state_dict()
    assert not torch.equal(other_round["hidden1.weight"], starts[0]["hidden1.weight"])


def twins(shared, auxiliary):
    """Return our network and PyTorch's with the same weights."""
    ours = SimplePair(shared, auxiliary).initialise(seed=1)
    theirs = simple_pair(shared, auxiliary)
    state = ours.state_dict()
    if auxiliary == "digits-per-image" and shared:
        state |= {n.replace("first", "second"): v for n, v in state.items() if "first_digit" in n}
    theirs.load_state_dict(state)
    assert sum(p.numel() for p in theirs.parameters()) == count_parameters(ours)
    return ours, theirs
