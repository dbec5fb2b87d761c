"""The record's networks: the answer from digits, views, readers that answer together."""

import pytest
import torch

from bakeoff.autodiff import Tensor
from bakeoff.data import generate_pair_sets, standardise
from bakeoff.data.augment import deform
from bakeoff.errors import ArgumentError
from bakeoff.models import MODELS
from bakeoff.models.record import (
    LargerDigit,
    RecordEnsemble,
    RecordPair,
    Views,
    halves,
    side_by_side,
)
from bakeoff.nn import batch_last, count_parameters
from bakeoff.training.learner import Learner
from bakeoff.training.recipe import Recipe


def rand(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def pairs():
    return standardise(generate_pair_sets(20, seed=3))


def brute_force(p, q):
    """Return P(first > second) and P(first < second), given that they differ, for one pair."""
    first = sum(p[i] * q[j] for i in range(10) for j in range(10) if i > j)
    second = sum(p[i] * q[j] for i in range(10) for j in range(10) if i < j)
    return first / (first + second), second / (first + second)


def test_the_answer_is_the_sum_over_unequal_digits():
    logits = rand(2, 10, 7) * 6
    p, q = (Tensor(x).softmax(-2).data.double() for x in logits)
    with batch_last():
        answer = LargerDigit()(*(Tensor(x).log_softmax(-2) for x in logits))
    probability = answer.softmax(-2).data.double()
    for n in range(7):
        expected = torch.tensor(brute_force(p[:, n].tolist(), q[:, n].tolist())).double()
        torch.testing.assert_close(probability[:, n], expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("first", "second", "answer"), [(7, 2, 0), (0, 9, 1), (4, 5, 1)])
def test_sure_digits_give_a_sure_answer_with_the_index_of_the_larger(first, second, answer):
    logits = torch.full((2, 10, 1), -40.0)
    logits[0, first], logits[1, second] = 40.0, 40.0
    with batch_last():
        out = LargerDigit()(*(Tensor(x).log_softmax(-2) for x in logits)).softmax(-2)
    assert float(out.data[answer, 0]) == pytest.approx(1.0)
    assert bool(out.data.isfinite().all())


def test_sizes(pairs):
    assert count_parameters(RecordPair()) == 61_050
    assert count_parameters(RecordEnsemble(zoom=0.1)) == 61_050
    assert count_parameters(RecordEnsemble(readers=3)) == 3 * 61_050
    assert count_parameters(RecordPair(digits="none")) == 61_050 - 650 + 128 * 64 + 64 + 130


@pytest.mark.parametrize("digits", ["none", "read", "decide"])
def test_outputs_of_one_pair_do_not_depend_on_the_others(pairs, digits):
    network = RecordPair(digits=digits).initialise(1).eval()
    whole = network(pairs.test_input)
    assert set(whole) == ({"target"} if digits == "none" else {"target", "first", "second"})
    assert whole["target"].shape == (20, 2)
    part = network(pairs.test_input[4:6])
    for name, values in part.items():
        torch.testing.assert_close(values.data, whole[name].data[4:6], atol=1e-5, rtol=1e-4)


def test_swapped_images_give_the_swapped_answer_where_digits_decide(pairs):
    network = RecordPair(digits="decide").initialise(1).eval()
    answer = network(pairs.test_input)["target"].softmax(-1).data
    swapped = network(pairs.test_input.flip(1))["target"].softmax(-1).data
    torch.testing.assert_close(swapped, answer.flip(1))


def test_another_use_of_digits_is_refused():
    with pytest.raises(ArgumentError, match=r"digits='decides'.*did you mean 'decide'"):
        RecordPair(digits="decides")


def test_pairs_are_laid_side_by_side_and_come_apart():
    x = Tensor(rand(2, 14, 14, 5))
    images = side_by_side(x)
    assert images.shape == (1, 14, 14, 10)
    for place, half in enumerate(halves(images)):
        assert torch.equal(half.data[0], x.data[place])


# ---- views ----------------------------------------------------------------------------------


def test_views_are_the_image_then_smaller_then_larger_over_its_background():
    images = rand(1, 14, 14, 4) + 2.0
    images[:, [0, -1]] = images[:, :, [0, -1]] = -1.0  # a frame of background
    with batch_last():
        seen = Views(0.25)(Tensor(images)).data.view(1, 14, 14, 3, 4)
    torch.testing.assert_close(seen[..., 0, :], images, atol=1e-5, rtol=1e-5)
    axis = (torch.arange(14) - 6.5).view(-1, 1).expand(14, 14)
    for view, step in ((1, 0.25), (2, -0.25)):
        field = torch.stack([axis * step, axis.T * step]).expand(4, 2, 14, 14)
        expected = deform(images[0].movedim(-1, 0).contiguous(), field, background=-1.0)
        torch.testing.assert_close(
            seen[0, :, :, view].movedim(-1, 0), expected, atol=1e-5, rtol=1e-5
        )
    smaller, larger = ((seen[..., view, :] == -1.0).sum() for view in (1, 2))
    assert smaller > (images == -1.0).sum() > larger


@pytest.mark.parametrize("zoom", [-0.1, 1.0])
def test_a_zoom_out_of_range_is_refused(zoom):
    with pytest.raises(ArgumentError, match=f"zoom={zoom}, expected at least 0 and less than 1"):
        Views(zoom)


# ---- readers together -----------------------------------------------------------------------


def test_one_reader_with_one_view_is_the_plain_network(pairs):
    ensemble, plain = RecordEnsemble().initialise(0), RecordPair().initialise(0)
    state = {f"readers.0.{name}": value for name, value in plain.state_dict().items()}
    ensemble.load_state_dict(state)
    for mode in (True, False):
        one, other = (net.train(mode)(pairs.test_input) for net in (ensemble, plain))
        for name in other:
            torch.testing.assert_close(
                one[name].softmax(-1).data, other[name].softmax(-1).data, atol=1e-6, rtol=1e-5
            )


def test_readers_and_views_answer_by_the_mean_of_their_probabilities(pairs):
    ensemble = RecordEnsemble(readers=3, zoom=0.1).initialise(2).eval()
    together = ensemble(pairs.test_input)
    assert set(together) == {
        f"{name}{dot}" for name in ("target", "first", "second") for dot in ("", ".1", ".2")
    }
    images = Tensor(pairs.test_input).movedim(0, -1).contiguous()
    total = torch.zeros(10, 20, dtype=torch.float64)
    with batch_last():
        seen = ensemble.views(side_by_side(images)).data.view(1, 14, 14, 3, 2, 20)
        for reader in ensemble.readers:
            for view in range(3):
                first = Tensor(seen[..., view, 0, :].contiguous())
                total += reader(first).softmax(-2).data.double()
    torch.testing.assert_close(together["first"].data.exp().double().T, total / 9)
    second = together["second"].data.exp().double().T
    for n in range(20):
        expected = brute_force((total[:, n] / 9).tolist(), second[:, n].tolist())
        torch.testing.assert_close(
            together["target"].softmax(-1).data[n].double(), torch.tensor(expected).double()
        )


def test_in_training_each_reader_answers_for_itself(pairs):
    ensemble = RecordEnsemble(readers=2, zoom=0.1).initialise(2)
    outputs = ensemble(pairs.train_input)
    (outputs["first.1"].sum() + outputs["target.1"].square().sum()).backward()
    trained = {name for name, p in ensemble.named_parameters() if p.grad is not None}
    assert trained == {n for n, _ in ensemble.named_parameters() if n.startswith("readers.1")}
    starts = [reader.digit.weight.data for reader in ensemble.readers]
    assert not torch.equal(*starts), "readers of the same start learn the same"


def test_no_reader_is_refused():
    with pytest.raises(ArgumentError, match="readers=0, expected a whole number"):
        MODELS["record-ensemble"](readers=0)


def test_more_readers_and_views_judge_fewer_pairs_at_once(pairs):
    assert RecordEnsemble().evaluation_batch == 100
    ensemble = RecordEnsemble(readers=4, zoom=0.1).initialise(1)
    assert ensemble.evaluation_batch == 8
    labels = {"target": pairs.train_target}
    labels |= {name: pairs.train_classes[:, i] for i, name in enumerate(("first", "second"))}
    learner = Learner(ensemble, pairs.train_input, labels, Recipe(), {})
    predicted = learner.predict(pairs.test_input[None])[0]
    assert torch.equal(predicted, ensemble.eval()(pairs.test_input)["target"].argmax(-1).data)
    assert {len(shape) and shape[0] for _, shape in learner._steps} == {8, 4}
