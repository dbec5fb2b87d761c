from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.data.mnist import Digits, load_mnist
from bakeoff.data.pairing import pair_indices
from bakeoff.data.pairs import (
    PairSets,
    draw_pair_sets,
    draw_tuning_sets,
    gather_pairs,
    generate_pair_sets,
)
from bakeoff.errors import ArgumentError, DataError
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


def test_tuning_sets_never_touch_test_images():
    mnist = load_mnist()
    blind = mnist._replace(test=Digits(mnist.test.images[:0], mnist.test.labels[:0]))
    sets = draw_tuning_sets(blind, 1000, train=generator(4, 0, "data", "train"))
    study = generate_pair_sets(1000, seed=4)
    assert torch.equal(sets.train_input, study.train_input)
    assert sets.test_input.shape == (1000, 2, 14, 14)
    assert torch.equal(sets.test_target, sets.test_classes.argmax(1))
    assert not torch.equal(sets.test_classes, study.test_classes)
    # MNIST holds no image twice, so no content of a tuning pair may be among the training pairs.
    trained = set(map(tuple, sets.train_input.flatten(0, 1).flatten(1).tolist()))
    tuned = set(map(tuple, sets.test_input.flatten(0, 1).flatten(1).tolist()))
    assert len(trained) == len(tuned) == 2000
    assert not trained & tuned


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
    with pytest.raises(ArgumentError, match=f"got n={n}, expected an integer of at least 1"):
        generate_pair_sets(n, seed=0, data_dir="/nowhere/at/all")


def test_other_data(make_folder):
    sets = generate_pair_sets(30, seed=0, data_dir=make_folder())
    # Image i of the training files is filled with i % 256 and labelled i % 10.
    greys = sets.train_input[:, :, 0, 0].long()
    assert ((greys % 10 == sets.train_classes) | ((greys + 256) % 10 == sets.train_classes)).all()
