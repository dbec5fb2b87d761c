from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.data import pair_anew
from bakeoff.data.mnist import Digits, Mnist, load_mnist
from bakeoff.data.pairs import (
    PairSets,
    deal_unequal_pairs,
    draw_pair_sets,
    gather_pairs,
    generate_pair_sets,
    pair_indices,
)
from bakeoff.errors import ArgumentError, DataError, DTypeError
from bakeoff.rng import generator

ORDER = (
    "train_input",
    "train_target",
    "train_classes",
    "test_input",
    "test_target",
    "test_classes",
)
few = settings(max_examples=25)


def equal(a: PairSets, b: PairSets) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@few
@given(n=st.integers(1, 1500), seed=st.integers())
def test_the_six_tensors(n, seed):
    sets = generate_pair_sets(n, seed=seed)
    assert sets._fields == ORDER
    for images, target, classes in (sets[:3], sets[3:]):
        assert images.shape == (n, 2, 14, 14)
        assert images.dtype == torch.float32
        assert images.min() >= 0
        assert 200 < images.max() <= 255
        assert target.shape == (n,)
        assert target.dtype == torch.int64
        assert classes.shape == (n, 2)
        assert classes.dtype == torch.int64
        assert classes.min() >= 0
        assert classes.max() <= 9
        assert (classes[:, 0] != classes[:, 1]).all()
        assert torch.equal(target, classes.argmax(1))


@few
@given(n=st.integers(1, 1500), seed=st.integers())
def test_deterministic_and_a_prefix_of_a_larger_draw(n, seed):
    sets = generate_pair_sets(n, seed=seed)
    assert equal(sets, generate_pair_sets(n, seed=seed))
    larger = generate_pair_sets(n + 7, seed=seed)
    assert equal(sets, PairSets(*(x[:n] for x in larger)))


@few
@given(seeds=st.tuples(st.integers(), st.integers()).filter(lambda s: s[0] != s[1]))
def test_different_seeds_differ(seeds):
    one, other = (generate_pair_sets(50, seed=seed) for seed in seeds)
    for a, b in zip(one, other, strict=True):
        assert not torch.equal(a, b)


@few
@given(n=st.integers(1, 1500), seed=st.integers())
def test_no_leak(n, seed):
    """Training pairs come from the 60,000, test pairs from the 10,000, no image comes twice."""
    mnist = load_mnist()

    def streams():
        return {name: generator(seed, 0, "data", name) for name in ("train", "test")}

    indices = pair_indices(mnist, n, **streams())
    assert indices.train.unique().numel() == 2 * n
    assert indices.test.unique().numel() == 2 * n
    sets = generate_pair_sets(n, seed=seed)
    assert equal(sets, draw_pair_sets(mnist, n, **streams()))
    assert torch.equal(sets.train_input, mnist.train.images[indices.train])
    assert torch.equal(sets.test_input, mnist.test.images[indices.test])
    assert torch.equal(sets.train_classes, mnist.train.labels[indices.train])
    assert torch.equal(sets.test_classes, mnist.test.labels[indices.test])


def test_a_thousand_by_default_and_both_targets_alike():
    sets = generate_pair_sets(seed=0)
    assert len(sets.train_input) == len(sets.test_input) == 1000
    assert 420 < sets.train_target.sum() < 580  # 500 expected, standard deviation 16
    assert 420 < sets.test_target.sum() < 580


def test_the_two_splits_have_streams_of_their_own():
    mnist = load_mnist()
    a = draw_pair_sets(mnist, 20, train=generator(0, 0, "data", "a"), test=generator(0, 0, "data"))
    b = draw_pair_sets(mnist, 20, train=generator(0, 0, "data", "b"), test=generator(0, 0, "data"))
    assert not torch.equal(a.train_input, b.train_input)
    assert torch.equal(a.test_input, b.test_input)


def test_sets_are_the_callers_own():
    sets = generate_pair_sets(20, seed=1)
    for x in sets:
        x.fill_(3)
    assert not equal(sets, generate_pair_sets(20, seed=1))


def test_target_is_the_index_of_the_larger_digit():
    digits = Digits(torch.arange(3.0).view(3, 1, 1).expand(3, 14, 14), torch.tensor([4, 9, 0]))
    images, target, classes = gather_pairs(digits, torch.tensor([[0, 1], [1, 0], [2, 0], [1, 2]]))
    assert images[:, :, 0, 0].tolist() == [[0, 1], [1, 0], [2, 0], [1, 2]]
    assert classes.tolist() == [[4, 9], [9, 4], [0, 4], [9, 0]]
    assert target.tolist() == [1, 0, 1, 0]


def test_n_too_large_names_the_largest_possible():
    with pytest.raises(ValueError, match=r"got n=5001, expected at most") as caught:
        generate_pair_sets(5001, seed=0)
    assert isinstance(caught.value, DataError)
    largest = int(re.search(r"at most (\d+)", str(caught.value))[1])
    assert len(generate_pair_sets(largest, seed=0).test_target) == largest
    with pytest.raises(DataError, match=f"at most {largest},"):
        generate_pair_sets(largest + 1, seed=0)


@pytest.mark.parametrize("n", [0, -3])
def test_n_under_one_is_refused_before_any_file_is_read(n):
    with pytest.raises(ArgumentError, match=f"got n={n}, expected a whole number of at least 1"):
        generate_pair_sets(n, seed=0, data_dir="/nowhere/at/all")


def test_other_data(make_folder):
    sets = generate_pair_sets(30, seed=0, data_dir=make_folder())
    # Image i of the training files is filled with i % 256 and labelled i % 10.
    greys = sets.train_input[:, :, 0, 0].long()
    assert ((greys % 10 == sets.train_classes) | ((greys + 256) % 10 == sets.train_classes)).all()


# ---- pairing ------------------------------------------------------------------------------------


def gen(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def digits(labels: list[int]) -> Digits:
    return Digits(torch.zeros(len(labels), 14, 14), torch.tensor(labels))


SMALL = Mnist(digits([i % 10 for i in range(600)]), digits([i % 7 for i in range(201)]))
seeds = st.integers(0, 2**32 - 1)


@given(labels=st.lists(st.integers(0, 3), max_size=40), seed=seeds)
def test_deck(labels, seed):
    """All disjoint neighbours of one shuffle but for the equal ones."""
    labels = torch.tensor(labels, dtype=torch.int64)
    deck = deal_unequal_pairs(labels, gen(seed))
    assert deck.unique().numel() == deck.numel()
    assert all(labels[a] != labels[b] for a, b in deck.tolist())
    order = torch.randperm(len(labels), generator=gen(seed)).tolist()
    expected = list(zip(order[0::2], order[1::2], strict=False))
    assert [tuple(p) for p in deck.tolist()] == [
        (a, b) for a, b in expected if labels[a] != labels[b]
    ]


def test_deck_pairs_everybody_with_everybody():
    """Of 4 different images all 12 ordered pairs turn up, about equally often."""
    labels = torch.arange(4)
    counts = torch.zeros(4, 4)
    generator = gen(0)
    for _ in range(1200):
        for a, b in deal_unequal_pairs(labels, generator).tolist():
            counts[a, b] += 1
    assert counts.diagonal().sum() == 0
    off = counts[~torch.eye(4, dtype=torch.bool)]
    assert off.min() > 140  # 200 expected, standard deviation 13
    assert off.max() < 260


@given(n=st.integers(1, 60), seed=seeds)
def test_pair_indices(n, seed):
    train, test = pair_indices(SMALL, n, train=gen(seed), test=gen(seed + 1))
    for indices, split in ((train, SMALL.train), (test, SMALL.test)):
        assert indices.shape == (n, 2)
        assert indices.dtype == torch.int64
        assert indices.unique().numel() == 2 * n
        assert indices.min() >= 0
        assert indices.max() < len(split.labels)
        classes = split.labels[indices]
        assert (classes[:, 0] != classes[:, 1]).all()
    assert torch.equal(train, deal_unequal_pairs(SMALL.train.labels, gen(seed))[:n])
    assert torch.equal(test, deal_unequal_pairs(SMALL.test.labels, gen(seed + 1))[:n])


@given(seed=seeds)
def test_named_largest_n_is_possible_and_the_next_is_not(seed):
    def draw(n):
        return pair_indices(SMALL, n, train=gen(seed), test=gen(seed + 1))

    with pytest.raises(DataError, match="expected at most") as caught:
        draw(10**9)
    largest = int(re.search(r"expected at most (\d+)", str(caught.value))[1])
    assert len(draw(largest).test) == largest
    with pytest.raises(DataError, match=f"got n={largest + 1}, expected at most {largest},"):
        draw(largest + 1)


def test_the_smaller_deck_limits():
    few_train = Mnist(SMALL.test, SMALL.train)
    for mnist in (SMALL, few_train):
        with pytest.raises(DataError) as caught:
            pair_indices(mnist, 1000, train=gen(0), test=gen(0))
        largest, of_train, of_test = map(
            int,
            re.search(r"most (\d+),.*images: (\d+),.*images: (\d+)", str(caught.value)).groups(),
        )
        assert largest == min(of_train, of_test)
        assert of_train != of_test


def test_all_digits_equal():
    same = Mnist(digits([3] * 20), digits([3] * 20))
    with pytest.raises(DataError, match="expected at most 0"):
        pair_indices(same, 1, train=gen(0), test=gen(0))


@pytest.mark.parametrize("n", [0, -1, True, -(10**30)])
def test_n_under_one(n):
    with pytest.raises(ArgumentError, match=r"got n=.*, expected a whole number of at least 1"):
        pair_indices(SMALL, n, train=gen(0), test=gen(0))


@pytest.mark.parametrize("n", [1.0, "5", None])
def test_n_of_another_type(n):
    with pytest.raises(DTypeError, match="expected a whole number of at least 1"):
        pair_indices(SMALL, n, train=gen(0), test=gen(0))


# ---- anew ---------------------------------------------------------------------------------------


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=60), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_every_image_is_used_once_and_no_pair_has_equal_digits(digits, seed):
    # As many others as there are of the most frequent digit, so that a pairing exists.
    labels = torch.tensor(digits + [(d + 1) % 10 for d in digits])
    pairs = pair_anew(labels, seeded(seed))
    assert sorted(pairs.flatten().tolist()) == list(range(len(labels)))
    first, second = labels[pairs].unbind(1)
    assert (first != second).all()


def test_a_digit_that_is_half_of_all_meets_each_other_one():
    labels = torch.tensor([3] * 50 + [5] * 50)
    pairs = pair_anew(labels, seeded(0))
    assert (labels[pairs].sum(1) == 8).all()


def test_pairings_differ_from_draw_to_draw_and_repeat_with_their_seeded():
    labels = torch.arange(200) % 10
    stream = seeded(4)
    one, two = pair_anew(labels, stream), pair_anew(labels, stream)
    assert not torch.equal(one, two)
    assert torch.equal(one, pair_anew(labels, seeded(4)))
