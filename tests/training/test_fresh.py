"""The pairs of an epoch: made of the round's own training pairs, with their own digits."""

import attrs
import pytest
import torch

from bakeoff import rng
from bakeoff.data import load_mnist, pair_indices
from bakeoff.data.mnist import Digits, Mnist
from bakeoff.training import round_data, trainer
from bakeoff.training.augmentation import Augmentation
from bakeoff.training.fresh import FreshPairs
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

ALL = Augmentation(swap=True, pair_anew=True, rotate=10, scale=0.1, shear=0.1, shift=1, elastic=0.5)
RECIPE = Recipe(
    optimiser="AdamW", lr=0.01, schedule="OneCycleLR", epochs=2, average_epochs=2, augmentation=ALL
)
TINY = NetworkStudy(
    "tiny",
    "Which?",
    [NetworkCompetitor("record", loss_weights={"first": 1, "second": 1}, recipe=RECIPE)],
    train_size=60,
    test_size=60,
    seed=3,
)
RECORD = TINY.competitors[0]


@pytest.fixture(scope="module")
def data():
    return trainer.round_data(TINY, 0, True, None)


def fresh(data, augmentation=ALL, seed=3, round_=0):
    recipe = attrs.evolve(RECORD.recipe, augmentation=augmentation)
    return trainer.fresh_pairs(data, recipe, seed, round_)


def numbered(n=50):
    """Pairs whose first pixel names the image; image i shows digit i % 10."""
    images = torch.arange(2.0 * n).view(n, 2, 1, 1).expand(n, 2, 14, 14).contiguous()
    return images, torch.arange(2 * n).view(n, 2) % 10


def test_sharp_images_are_deformed_the_same_way_but_blurred_less(data):
    blurred, sharp = (
        fresh(data, attrs.evolve(ALL, sharp=sharp)).draw()[0] for sharp in (False, True)
    )

    def steepness(x):
        return float(x.diff(dim=-1).square().mean())

    assert float((blurred - sharp).square().mean()) < 0.1 * float(blurred.var())
    assert steepness(blurred) < steepness(sharp) < 1.2 * steepness(data.train_input)


@pytest.mark.parametrize("change", ["swap", "pair_anew"])
def test_each_image_keeps_its_digit_and_none_is_lost(change):
    images, digits = numbered()
    pairs = FreshPairs(images, digits, 0.0, Augmentation(**{change: True}), 1, 0)
    for _ in range(3):
        drawn, drawn_digits = pairs.draw()
        names = drawn[:, :, 0, 0].long()
        assert sorted(names.flatten().tolist()) == list(range(100))
        assert torch.equal(names % 10, drawn_digits)
        assert (drawn_digits[:, 0] != drawn_digits[:, 1]).all()
        same_pairs = torch.equal(names.sort(1)[0], torch.arange(100).view(50, 2))
        assert same_pairs == (change == "swap")
        assert not torch.equal(names, torch.arange(100).view(50, 2))


def test_images_may_be_oblong():
    images, digits = numbered()
    oblong = images[:, :, :, :9].contiguous()
    drawn, _ = FreshPairs(oblong, digits, 0.0, Augmentation(rotate=10, elastic=0.2), 1, 0).draw()
    assert drawn.shape == oblong.shape
    # Far from the margins, an image of one grey keeps it, however it is bent.
    assert torch.allclose(drawn[:, :, 7, 4], oblong[:, :, 7, 4])


def test_deformed_images_keep_their_digits_and_their_range(data):
    low, high = float(data.train_input.min()), float(data.train_input.max())
    digits = torch.stack([data.train_labels["first"], data.train_labels["second"]], 1)
    for only in ({"rotate": 5, "scale": 0.05, "shift": 0.3}, {"elastic": 0.2}):
        images, drawn = fresh(data, Augmentation(**only)).draw()
        assert torch.equal(drawn, digits)
        assert images.shape == data.train_input.shape
        assert float(images.min()) >= low
        assert float(images.max()) <= high
        moved = (images - data.train_input).flatten(1).norm(dim=1)
        assert (moved > 0).all(), "an image was left as it is"
        # A deformed digit is nearer to its own image than to nearly all others.
        flat, own = images.flatten(0, 1).flatten(1), data.train_input.flatten(0, 1).flatten(1)
        nearest = torch.cdist(flat, own).argmin(1)
        assert (nearest == torch.arange(len(own))).double().mean() > 0.9


def test_the_background_is_what_an_empty_pixel_is_standardised_to(data):
    assert data.background == pytest.approx(float(data.train_input.min()))
    assert trainer.round_data(TINY, 0, False, None).background == 0.0


def test_draws_are_a_function_of_seed_and_round(data):
    first, again = fresh(data), fresh(data)
    for _ in range(2):
        one, two = first.draw(), again.draw()
        assert torch.equal(one[0], two[0])
        assert torch.equal(one[1], two[1])
    assert not torch.equal(fresh(data, round_=1).draw()[0], fresh(data).draw()[0])
    assert not torch.equal(fresh(data, seed=4).draw()[0], fresh(data).draw()[0])
    assert not torch.equal(first.draw()[0], fresh(data).draw()[0]), "two epochs are alike"


def test_one_more_kind_of_change_leaves_the_others_as_they_are(data):
    with_affine = attrs.evolve(ALL, elastic=0.0)
    for _ in range(2):
        more, fewer = fresh(data).draw(), fresh(data, with_affine).draw()
        assert torch.equal(more[1], fewer[1])


def test_drawing_changes_neither_the_round_nor_the_global_generator(data):
    kept, state = data.train_input.clone(), torch.get_rng_state()
    fresh(data).draw()
    assert torch.equal(data.train_input, kept)
    assert torch.equal(torch.get_rng_state(), state)


# ---- training -------------------------------------------------------------------------------


def result(**changes):
    (made,) = trainer.train_group(TINY, RECORD, 0, **changes)
    return attrs.evolve(made, seconds=0.0)


def test_a_planned_round_and_the_tape_give_the_same_bits():
    assert result() == result(plan=False)


def test_test_images_reach_no_weight(monkeypatch):
    """Whatever the test images are, and even without any, training gives the same bits."""
    honest = result()
    mnist = load_mnist()
    noise = torch.rand(mnist.test.images.shape, generator=rng.generator(0, 0, "data")) * 255
    other = Mnist(mnist.train, Digits(noise, mnist.test.labels))
    monkeypatch.setattr(round_data, "load_mnist", lambda folder: other)
    blind = result()
    assert blind.attachment("weights") == honest.attachment("weights")
    assert blind.curve("train_loss") == honest.curve("train_loss")
    assert blind.attachment("predictions") != honest.attachment("predictions")


def test_only_the_rounds_own_training_images_reach_the_weights(monkeypatch):
    honest = result()
    mnist = load_mnist()
    streams = {name: rng.generator(TINY.seed, 0, "data", name) for name in ("train", "test")}
    own = pair_indices(mnist, TINY.train_size, **streams).train.flatten()
    images = torch.zeros_like(mnist.train.images)
    images[own] = mnist.train.images[own]
    other = Mnist(Digits(images, mnist.train.labels), mnist.test)
    monkeypatch.setattr(round_data, "load_mnist", lambda folder: other)
    assert result() == honest
