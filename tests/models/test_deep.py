"""The deep networks: sizes, and agreement with the same networks in PyTorch."""

import pytest
import torch
from twins import deep_pair

from bakeoff.autodiff import Tensor
from bakeoff.data import generate_pair_sets, standardise
from bakeoff.models import MODELS
from bakeoff.nn import CrossEntropyLoss, count_parameters

CELLS = {
    "model4": (False, "none"),
    "model4+target": (False, "target"),
    "model5": (False, "digits"),
    "model4-shared": (True, "none"),
    "model4-shared+digits": (True, "digits"),
}


@pytest.fixture(scope="module")
def pairs():
    return standardise(generate_pair_sets(20, seed=5))


@pytest.mark.parametrize("name", CELLS)
def test_outputs_and_gradients_agree_with_pytorch(name, pairs):
    ours, theirs = MODELS[name]().initialise(seed=1), deep_pair(*CELLS[name])
    theirs.load_state_dict(ours.state_dict())
    assert sum(p.numel() for p in theirs.parameters()) == count_parameters(ours)
    x = pairs.train_input[:6]
    labels = {"target": pairs.train_target[:6]}
    labels |= {"first": pairs.train_classes[:6, 0], "second": pairs.train_classes[:6, 1]}
    wanted = {output: labels[output.partition(".")[0]] for output in ours(x)}

    outputs = ours(x)
    losses = [CrossEntropyLoss()(outputs[n], Tensor(y)) for n, y in wanted.items()]
    sum(losses[1:], losses[0]).backward()
    with torch.enable_grad():
        expected = theirs(x)
        sum(torch.nn.functional.cross_entropy(expected[n], y) for n, y in wanted.items()).backward()

    assert outputs.keys() == expected.keys()
    for output, logits in outputs.items():
        torch.testing.assert_close(logits.data, expected[output].detach(), rtol=0, atol=1e-5)
    gradients = {n: p.grad for n, p in theirs.named_parameters()}
    for n, parameter in ours.named_parameters():
        assert parameter.grad.data.abs().max() > 0, n
        torch.testing.assert_close(parameter.grad.data, gradients[n], rtol=0, atol=1e-5, msg=n)


def test_a_body_has_the_size_that_its_docstring_gives():
    assert count_parameters(MODELS["model4"]().body.first) == 492_736
