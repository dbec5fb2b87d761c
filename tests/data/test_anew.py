import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.data import pair_anew


def generator(seed):
    return torch.Generator().manual_seed(seed)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=60), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_every_image_is_used_once_and_no_pair_has_equal_digits(digits, seed):
    # As many others as there are of the most frequent digit, so that a pairing exists.
    labels = torch.tensor(digits + [(d + 1) % 10 for d in digits])
    pairs = pair_anew(labels, generator(seed))
    assert sorted(pairs.flatten().tolist()) == list(range(len(labels)))
    first, second = labels[pairs].unbind(1)
    assert (first != second).all()


def test_a_digit_that_is_half_of_all_meets_each_other_one():
    labels = torch.tensor([3] * 50 + [5] * 50)
    pairs = pair_anew(labels, generator(0))
    assert (labels[pairs].sum(1) == 8).all()


def test_pairings_differ_from_draw_to_draw_and_repeat_with_their_generator():
    labels = torch.arange(200) % 10
    stream = generator(4)
    one, two = pair_anew(labels, stream), pair_anew(labels, stream)
    assert not torch.equal(one, two)
    assert torch.equal(one, pair_anew(labels, generator(4)))
