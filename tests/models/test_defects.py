"""The paper's defects: each does what the paper's code did, and nothing else."""

import math

import attrs
import pytest
import torch
from twins import simple_pair

from bakeoff import rng
from bakeoff.autodiff import Tensor, capture, no_grad
from bakeoff.data import generate_pair_sets, standardise
from bakeoff.errors import ArgumentError
from bakeoff.models import MODELS
from bakeoff.models.defects import RedrawnLinear
from bakeoff.nn import CrossEntropyLoss, Module, NLLLoss, count_parameters, lockstep
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import train_group
from records import auxiliary

TARGET = {"target.conv1": 1.0, "target.pool": 1.0}
DIGITS = {"first": 1.0, "second": 1.0}


@pytest.fixture(scope="module")
def pairs():
    return standardise(generate_pair_sets(50, seed=5))


def train(*competitors, rounds=1):
    """Train each competitor on the first group of a small study, and return its rounds."""
    recipe = Recipe(epochs=2, rounds_per_group=rounds)
    competitors = [attrs.evolve(c, recipe=recipe) for c in competitors]
    study = NetworkStudy("small", "?", competitors, train_size=100, test_size=100)
    return [train_group(study, competitor, 0) for competitor in study.competitors]


# ---- a first layer drawn anew ---------------------------------------------------------------


class One(Module):
    def __init__(self):
        self.layer = RedrawnLinear(6, 4)

    def forward(self, x):
        return self.layer(x)


def drawn(name, in_features, out_features, passes=1, seed=1, round_=0):
    """Draw a layer's weights as PyTorch's default does, as often as there were passes."""
    generator = rng.generator(seed, round_, "dropout", name)
    bound = 1 / math.sqrt(in_features)
    for _ in range(passes):
        weight = torch.empty(out_features, in_features).uniform_(-bound, bound, generator=generator)
        bias = torch.empty(out_features).uniform_(-bound, bound, generator=generator)
    return weight, bias


def test_every_pass_draws_the_next_weights_of_the_layers_own_stream():
    one, x = One().initialise(seed=1), torch.randn(5, 6, generator=rng.generator(0, 0, "data"))
    before = torch.random.get_rng_state()
    for passes in (1, 2, 3):
        weight, bias = drawn("layer", 6, 4, passes)
        torch.testing.assert_close(one(x).data, x @ weight.T + bias, rtol=0, atol=1e-6)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_gradients_flow_through_it_to_the_input_alone():
    one, x = One().initialise(seed=1), Tensor(torch.ones(5, 6), requires_grad=True)
    one(x).sum().backward()
    weight, _ = drawn("layer", 6, 4)
    torch.testing.assert_close(x.grad.data, weight.sum(0).expand(5, 6), rtol=0, atol=1e-6)
    assert list(one.named_parameters()) == []
    assert one.state_dict() == {}


def test_in_evaluation_it_gives_the_expected_value_and_draws_nothing():
    one = One().initialise(seed=1).eval()
    states = [generator.get_state() for _, generator in one.named_streams()]
    assert torch.equal(one(torch.ones(5, 6)).data, torch.zeros(5, 4))
    after = [generator.get_state() for _, generator in one.named_streams()]
    assert len(after) == 1
    assert torch.equal(states[0], after[0])


def test_in_lockstep_every_round_draws_what_it_would_alone():
    both, x = lockstep(One(), 2).initialise(seed=1, round_=3), torch.ones(2, 5, 6)
    alone = [One().initialise(seed=1, round_=r)(x[0]).data for r in (3, 4)]
    torch.testing.assert_close(both(x).data, torch.stack(alone), rtol=0, atol=1e-6)
    assert not torch.equal(*alone)
    assert both.eval()(x).data.shape == (2, 5, 4)


def test_a_replay_draws_anew():
    tape, planned = One().initialise(seed=1), One().initialise(seed=1)
    x = torch.ones(5, 6)
    with no_grad():
        plan = capture(planned, x)
    for _ in range(3):
        assert torch.equal(plan(x).data, tape(x).data)


def test_without_a_stream_training_is_refused():
    with pytest.raises(ArgumentError, match="got 0 random streams in training, expected 1"):
        One()(torch.ones(5, 6))


@pytest.mark.parametrize("steps", [1, 2])
def test_model_3_redrawn_agrees_with_pytorch(steps, pairs):
    ours = MODELS["model3"](redrawn=True).initialise(seed=1)
    theirs = simple_pair(False, "target")
    assert count_parameters(ours) == count_parameters(MODELS["model1"]())
    theirs.load_state_dict(ours.state_dict(), strict=False)
    for _ in range(steps):
        outputs = ours(pairs.train_input)
    for place, length in enumerate((4608, 1152)):
        layer = theirs.branch_hidden1[place]
        weight, bias = drawn(f"branch_hidden1.{place}", length, 64, passes=steps)
        layer.weight.data, layer.bias.data = weight, bias
    losses = [CrossEntropyLoss()(out, Tensor(pairs.train_target)) for out in outputs.values()]
    sum(losses[1:], losses[0]).backward()
    with torch.enable_grad():
        expected = theirs(pairs.train_input)
        loss = torch.nn.functional.cross_entropy
        sum(loss(out, pairs.train_target) for out in expected.values()).backward()
    for name, out in outputs.items():
        torch.testing.assert_close(out.data, expected[name].detach(), rtol=0, atol=1e-5)
    gradients = {name: p.grad for name, p in theirs.named_parameters()}
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad.data, gradients[name], rtol=0, atol=1e-5)


def test_all_else_starts_as_without_it():
    for name in ("model3", "model4+target"):
        redrawn = MODELS[name](redrawn=True).initialise(seed=3).state_dict()
        trained = MODELS[name]().initialise(seed=3).state_dict()
        assert {n for n in trained if n not in redrawn} == {
            n for n in trained if n.startswith("branch_hidden1.")
        }
        assert all(torch.equal(trained[n], value) for n, value in redrawn.items())


def test_redrawn_branches_without_a_weight_change_nothing():
    options, silent = {"redrawn": True}, dict.fromkeys(TARGET, 0.0)
    (idle,), (plain,), (loud,) = train(
        NetworkCompetitor("idle", "model3", options=options, loss_weights=silent),
        NetworkCompetitor("model1"),
        NetworkCompetitor("loud", "model3", options=options, loss_weights=TARGET),
    )
    assert idle.attachment("weights") == plain.attachment("weights")
    assert idle.curve("test_accuracy") == plain.curve("test_accuracy")
    assert loud.attachment("weights") != plain.attachment("weights")


# ---- the digits -----------------------------------------------------------------------------


def test_an_overwritten_digit_loss_leaves_the_network_that_reads_no_digits():
    overwritten = NetworkCompetitor("a", "model1+digits", loss_weights=dict.fromkeys(DIGITS, 0.0))
    (silent,), (plain,) = train(overwritten, NetworkCompetitor("model1"))
    assert silent.curve("train_loss") == plain.curve("train_loss")
    assert silent.attachment("predictions") == plain.attachment("predictions")
    assert auxiliary(silent) == {}


def test_one_layer_for_both_digits_gives_both_the_same_answer(pairs):
    one, two = (
        MODELS["model5"](one_digit_layer=one).initialise(seed=2).eval() for one in (True, False)
    )
    assert count_parameters(two) - count_parameters(one) == 64 * 10 + 10
    outputs = one(pairs.test_input[:5])
    assert torch.equal(outputs["first"].data, outputs["second"].data)
    assert torch.equal(outputs["first"].data, two(pairs.test_input[:5])["first"].data)


def test_sigmoid_digits_are_scored_as_if_they_were_log_probabilities(pairs):
    ours = MODELS["model1+digits"](sigmoid_digits=True).initialise(seed=1)
    plain = MODELS["model1+digits"]().initialise(seed=1)
    theirs = simple_pair(False, "digits")
    theirs.load_state_dict(ours.state_dict())
    classes = pairs.train_classes
    labels = {"first": classes[:, 0], "second": classes[:, 1]}
    outputs = ours(pairs.train_input)
    assert ours.output_losses.keys() == labels.keys()
    assert torch.equal(outputs["target"].data, plain(pairs.train_input)["target"].data)
    losses = [ours.output_losses[n](outputs[n], Tensor(y)) for n, y in labels.items()]
    sum(losses[1:], losses[0]).backward()
    with torch.enable_grad():
        expected = theirs(pairs.train_input)
        nll = torch.nn.functional.nll_loss
        sum(nll(expected[n].sigmoid(), y) for n, y in labels.items()).backward()
    gradients = {name: p.grad for name, p in theirs.named_parameters()}
    for name, parameter in ours.named_parameters():
        if not name.startswith("output."):
            torch.testing.assert_close(parameter.grad.data, gradients[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_study_trains_with_the_networks_own_losses(rounds):
    options = {"sigmoid_digits": True}
    (results,) = train(
        NetworkCompetitor("a", "model1+digits", options=options, loss_weights=DIGITS), rounds=rounds
    )
    assert len(results) == rounds
    for result in results:
        curves = auxiliary(result)
        assert curves.keys() == DIGITS.keys()
        # A sigmoid lies between 0 and 1, and begins about the middle.
        assert all(-1 < value < -0.3 for curve in curves.values() for value in curve)
        assert all(curve[1] < curve[0] for curve in curves.values())


def test_networks_without_that_defect_have_no_losses_of_their_own():
    for make in (MODELS["model1"], MODELS["model5"]):
        assert make().output_losses == {}
    assert isinstance(MODELS["model5"](sigmoid_digits=True).output_losses["first"], NLLLoss)


@pytest.mark.parametrize(
    ("name", "defect", "needed"),
    [
        ("model1", "redrawn", "target"),
        ("model3", "sigmoid_digits", "digits"),
        ("model2+digits-per-image", "one_digit_layer", "digits"),
    ],
)
def test_a_defect_of_outputs_that_are_not_there_is_refused(name, defect, needed):
    words = f"got {defect}=True with auxiliary='.*', expected auxiliary='{needed}'"
    with pytest.raises(ArgumentError, match=words):
        MODELS[name](**{defect: True})
