from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.data.mnist import Digits, Mnist
from bakeoff.data.pairing import deal_unequal_pairs, pair_indices, tuning_indices
from bakeoff.errors import ArgumentError, DataError, DTypeError


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


@given(n=st.integers(1, 100), seed=seeds)
def test_tuning_pairs_share_no_image_with_the_training_pairs(n, seed):
    train, held_out = tuning_indices(SMALL, n, train=gen(seed))
    assert train.shape == held_out.shape == (n, 2)
    assert torch.cat((train, held_out)).unique().numel() == 4 * n
    assert torch.cat((train, held_out)).max() < len(SMALL.train.labels)
    classes = SMALL.train.labels[held_out]
    assert (classes[:, 0] != classes[:, 1]).all()


def test_tuning_trains_on_the_pairs_of_the_study():
    train = tuning_indices(SMALL, 50, train=gen(5)).train
    assert torch.equal(train, pair_indices(SMALL, 50, train=gen(5), test=gen(6)).train)


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


@given(seed=seeds)
def test_named_largest_n_of_tuning(seed):
    with pytest.raises(DataError, match="expected at most") as caught:
        tuning_indices(SMALL, 10**9, train=gen(seed))
    largest = int(re.search(r"expected at most (\d+)", str(caught.value))[1])
    assert len(tuning_indices(SMALL, largest, train=gen(seed)).test) == largest
    with pytest.raises(DataError, match=f"expected at most {largest},"):
        tuning_indices(SMALL, largest + 1, train=gen(seed))


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
    with pytest.raises(ArgumentError, match=r"got n=.*, expected an integer of at least 1"):
        pair_indices(SMALL, n, train=gen(0), test=gen(0))
    with pytest.raises(ArgumentError, match=r"got n=.*, expected an integer of at least 1"):
        tuning_indices(SMALL, n, train=gen(0))


@pytest.mark.parametrize("n", [1.0, "5", None])
def test_n_of_another_type(n):
    with pytest.raises(DTypeError, match="expected an integer of at least 1"):
        pair_indices(SMALL, n, train=gen(0), test=gen(0))
