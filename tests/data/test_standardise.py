from __future__ import annotations

import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.data.disk import DiskSets, generate_disk_sets
from bakeoff.data.pairs import PairSets
from bakeoff.data.standardise import fit_standardiser, standardise
from bakeoff.errors import DataError


def pair_sets(n: int = 20, scale: float = 40.0) -> PairSets:
    generator = torch.Generator().manual_seed(0)
    train, test = (torch.rand(n, 2, 14, 14, generator=generator) for _ in range(2))
    target, classes = torch.zeros(n, dtype=torch.int64), torch.zeros(n, 2, dtype=torch.int64)
    return PairSets(30 + scale * train, target, classes, 3 * scale * test, target, classes)


def test_images_have_one_scale_together():
    sets = pair_sets()
    values = sets.train_input.flatten().tolist()
    mean, std = statistics.fmean(values), statistics.stdev(values)
    out = standardise(sets)
    for before, after in ((sets.train_input, out.train_input), (sets.test_input, out.test_input)):
        assert after.dtype == torch.float32
        assert torch.allclose(after.double(), (before.double() - mean) / std, atol=1e-6)
    assert out.train_input.mean().item() == pytest.approx(0, abs=1e-6)
    assert out.train_input.std().item() == pytest.approx(1, abs=1e-6)


def test_test_inputs_have_no_say():
    sets = pair_sets()
    other = sets._replace(test_input=sets.test_input * 100 - 7)
    assert torch.equal(standardise(sets).train_input, standardise(other).train_input)
    assert standardise(sets).test_input.std().item() == pytest.approx(3, abs=0.1)


def test_the_rest_is_passed_on_and_nothing_is_changed():
    sets = pair_sets()
    copy = PairSets(*(x.clone() for x in sets))
    out = standardise(sets)
    assert isinstance(out, PairSets)
    for name in ("train_target", "train_classes", "test_target", "test_classes"):
        assert getattr(out, name) is getattr(sets, name)
    assert all(torch.equal(a, b) for a, b in zip(sets, copy, strict=True))


def test_disk_has_a_scale_for_each_coordinate():
    sets = generate_disk_sets(500, seed=0)
    stretched = sets._replace(train_input=sets.train_input * torch.tensor([1.0, 50.0]) + 3)
    out = standardise(stretched)
    assert isinstance(out, DiskSets)
    assert out.train_input.mean(0).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert out.train_input.std(0).tolist() == pytest.approx([1, 1], abs=1e-5)
    assert torch.allclose(out.train_input, standardise(sets).train_input, atol=1e-4)


@given(value=st.floats(-1e6, 1e6, width=32), n=st.integers(1, 50), per_feature=st.booleans())
def test_constant_inputs_become_zero(value, n, per_feature):
    x = torch.full((n, 3), value)
    scale = fit_standardiser(x, per_feature=per_feature)
    assert (scale.std == 1).all()
    assert (scale(x) == 0).all()
    assert torch.isfinite(scale(x + 1)).all()


def test_one_constant_feature_among_others():
    x = torch.tensor([[0.1, 1.0], [0.1, 3.0]])
    scale = fit_standardiser(x, per_feature=True)
    assert scale.mean.tolist() == pytest.approx([0.1, 2.0])
    assert scale.std.tolist() == pytest.approx([1.0, 2**0.5])
    assert scale(x)[:, 0].tolist() == [0, 0]


def test_a_single_row():
    scale = fit_standardiser(torch.tensor([[0.25, 4.0]]), per_feature=True)
    assert scale.std.tolist() == [1, 1]
    assert scale(torch.tensor([[1.25, 4.0]])).tolist() == [[1, 0]]


def test_bytes_are_measured_without_overflow():
    x = torch.tensor([[250], [254]], dtype=torch.uint8)
    scale = fit_standardiser(x, per_feature=False)
    assert scale.mean == 252
    assert scale(x).dtype == torch.float32
    assert scale(x).flatten().tolist() == pytest.approx([-(2**-0.5), 2**-0.5])


def test_nothing_to_measure():
    with pytest.raises(
        DataError, match=r"got training inputs of shape \(0, 2\), expected at least"
    ):
        fit_standardiser(torch.zeros(0, 2), per_feature=True)
