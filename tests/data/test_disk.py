from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.data.disk import RADIUS, draw_disk_sets, fresh_points, generate_disk_sets, inside_disk
from bakeoff.errors import ArgumentError, DTypeError
from bakeoff.rng import generator

seeds = st.integers()


def test_radius():
    assert math.pi * RADIUS**2 == pytest.approx(0.5, rel=1e-15)


@given(n=st.integers(1, 300), seed=seeds)
def test_the_four_tensors(n, seed):
    sets = generate_disk_sets(n, seed=seed)
    assert sets._fields == ("train_input", "train_target", "test_input", "test_target")
    for points, target in (sets[:2], sets[2:]):
        assert points.shape == (n, 2)
        assert points.dtype == torch.float32
        assert points.min() >= 0
        assert points.max() < 1
        assert target.shape == (n, 1)
        assert target.dtype == torch.float32
        for (x, y), (label,) in zip(points.tolist(), target.tolist(), strict=True):
            assert label == float(math.hypot(x - 0.5, y - 0.5) <= 1 / math.sqrt(2 * math.pi))


@given(seed=seeds, other=seeds)
def test_seeds(seed, other):
    sets, again = generate_disk_sets(20, seed=seed), generate_disk_sets(20, seed=seed)
    assert all(torch.equal(a, b) for a, b in zip(sets, again, strict=True))
    assert not torch.equal(sets.train_input, sets.test_input)
    same = torch.equal(sets.train_input, generate_disk_sets(20, seed=other).train_input)
    assert same == (seed == other)


def test_explicit_generators():
    def streams():
        return {name: generator(7, 0, "data", name) for name in ("train", "test")}

    seeded, drawn = generate_disk_sets(20, seed=7), draw_disk_sets(20, **streams())
    assert all(torch.equal(a, b) for a, b in zip(seeded, drawn, strict=True))


def test_the_two_sets_have_streams_of_their_own():
    a = draw_disk_sets(20, train=generator(0, 0, "data", "a"), test=generator(0, 0, "data"))
    b = draw_disk_sets(20, train=generator(0, 0, "data", "b"), test=generator(0, 0, "data"))
    assert not torch.equal(a.train_input, b.train_input)
    assert torch.equal(a.test_input, b.test_input)


def test_labels_are_those_of_float64():
    """A float32 sum of squares would put some of these points on the wrong side of the edge."""
    angle = torch.linspace(0, 6.28, 20_000, dtype=torch.float64)
    points = (0.5 + RADIUS * torch.stack((angle.cos(), angle.sin()), 1)).float()
    exact = (points.double() - 0.5).square().sum(1, keepdim=True) <= 1 / (2 * math.pi)
    assert torch.equal(inside_disk(points), exact.float())
    rounded = (points - 0.5).square().sum(1, keepdim=True) <= 1 / (2 * math.pi)
    assert not torch.equal(rounded, exact)


def test_a_thousand_by_default():
    sets = generate_disk_sets(seed=0)
    assert len(sets.train_input) == len(sets.test_input) == 1000


def test_half_of_the_points_are_inside_and_they_fill_the_square():
    sets = generate_disk_sets(100_000, seed=1)
    for points, target in (sets[:2], sets[2:]):
        assert target.mean().item() == pytest.approx(0.5, abs=0.008)  # 5 standard deviations
        quarter = (points < 0.5).float()
        assert quarter.mean(0).tolist() == pytest.approx([0.5, 0.5], abs=0.008)
        assert quarter.prod(1).mean().item() == pytest.approx(0.25, abs=0.007)


def test_edge():
    angles = torch.arange(0, 360, 5, dtype=torch.float64).deg2rad()
    direction = torch.stack((angles.cos(), angles.sin()), 1)
    just_in = 0.5 + RADIUS * (1 - 1e-12) * direction
    just_out = 0.5 + RADIUS * (1 + 1e-12) * direction
    assert inside_disk(just_in).min() == 1
    assert inside_disk(just_out).max() == 0


def test_the_edge_itself_is_inside(monkeypatch):
    monkeypatch.setattr("bakeoff.data.disk.RADIUS", 0.25)  # a radius that binary numbers can meet
    points = torch.tensor([[0.75, 0.5], [0.5, 0.25], [0.75, 0.5 + 2**-20], [0.75 + 2**-20, 0.5]])
    assert inside_disk(points).tolist() == [[1], [1], [0], [0]]


def test_it_is_no_square():
    near_corner = torch.tensor([[0.5 + 0.9 * RADIUS, 0.5 + 0.9 * RADIUS], [0.15, 0.85]])
    assert inside_disk(near_corner).tolist() == [[0], [0]]
    # Inside, although outside the square of the same area.
    assert inside_disk(torch.tensor([[0.5, 0.5 + 0.98 * RADIUS]])).tolist() == [[1]]


def test_bad_n():
    with pytest.raises(
        ArgumentError, match="disk sets: got n=0, expected a whole number from 1 to 10,"
    ):
        generate_disk_sets(0, seed=0)
    with pytest.raises(
        ArgumentError, match="got n=10000001, expected a whole number from 1 to 10,000,"
    ):
        generate_disk_sets(10_000_001, seed=0)
    with pytest.raises(DTypeError, match=r"disk sets: got n=2\.0"):
        generate_disk_sets(2.0, seed=0)


def test_fresh_points():
    points, inside = fresh_points(50, seed=3)
    assert points.shape == (50, 2)
    assert points.dtype == inside.dtype == torch.float32
    assert torch.equal(inside, inside_disk(points))
    again, _ = fresh_points(50, seed=3)
    assert torch.equal(points, again)
    assert not torch.equal(points, fresh_points(50, seed=4)[0])
    sets = generate_disk_sets(50, seed=3)
    assert not any(torch.equal(points, x) for x in (sets.train_input, sets.test_input))


def test_fresh_points_of_a_bad_number():
    with pytest.raises(ArgumentError, match="fresh points: got n=0"):
        fresh_points(0, seed=0)
    with pytest.raises(DTypeError, match=r"fresh points: got n=2\.5"):
        fresh_points(2.5, seed=0)
