import pytest
import torch

from bakeoff.data import draw_digit_sets, load_mnist
from bakeoff.errors import ArgumentError, DataError


def generators(seed=3):
    return {k: torch.Generator().manual_seed(seed + i) for i, k in enumerate(("train", "test"))}


@pytest.mark.parametrize("side", [14, 28])
def test_images_come_with_their_digits(side):
    mnist = load_mnist(side=side)
    sets = draw_digit_sets(mnist, 50, 20, **generators())
    assert sets.train_input.shape == (50, 1, side, side)
    assert sets.test_input.shape == (20, 1, side, side)
    assert sets.train_input.dtype == torch.float32
    assert float(sets.train_input.max()) > 200
    for images, targets, split in (
        (sets.train_input, sets.train_target, mnist.train),
        (sets.test_input, sets.test_target, mnist.test),
    ):
        # Each drawn image is found among those of its digit.
        for image, digit in zip(images[:5, 0], targets[:5], strict=True):
            alike = (split.images.float() == image).all(2).all(1)
            assert split.labels[alike].unique().tolist() == [int(digit)]


def test_small_images_are_the_block_means_of_large_ones():
    small, large = load_mnist(), load_mnist(side=28)
    assert large.train.images.dtype == torch.uint8
    assert torch.equal(small.train.labels, large.train.labels)
    block = large.test.images[7, 10:12, 12:14].float().mean()
    assert small.test.images[7, 5, 6] == block


def test_no_image_is_drawn_twice_and_the_draw_is_the_generators():
    mnist = load_mnist()
    one, again = (draw_digit_sets(mnist, 3000, 10, **generators()) for _ in range(2))
    other = draw_digit_sets(mnist, 3000, 10, **generators(8))
    assert torch.equal(one.train_input, again.train_input)
    assert not torch.equal(one.train_input, other.train_input)
    everything = draw_digit_sets(mnist, 60_000, 10_000, **generators())
    assert torch.equal(everything.test_target.bincount(), mnist.test.labels.bincount())


def test_more_than_there_are_is_refused():
    with pytest.raises(DataError, match="got n=10001, expected at most 10000, all test images"):
        draw_digit_sets(load_mnist(), 1, 10_001, **generators())
    with pytest.raises(ArgumentError, match="got n=0"):
        draw_digit_sets(load_mnist(), 0, 1, **generators())
    with pytest.raises(ArgumentError, match="got side 20, expected 14 or 28"):
        load_mnist(side=20)
