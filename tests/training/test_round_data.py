"""A round's data, of each kind that comes with bakeoff."""

import attrs
import pytest
import torch

from bakeoff import rng
from bakeoff.data import draw_disk_sets, load_mnist, pair_indices
from bakeoff.training.data_sets import DATA_SETS
from bakeoff.training.data_spec import FORMS, form_of
from bakeoff.training.round_data import round_data
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy("s", "?", [NetworkCompetitor("a")], train_size=60, test_size=60, seed=5)


@pytest.mark.parametrize("name", DATA_SETS)
def test_data_have_the_form_that_is_told_of_them(name):
    study = attrs.evolve(STUDY, data=name)
    form = form_of(study)
    assert form is FORMS[name]
    data = round_data(study, 2, True, None)
    assert data.train_input.shape == data.test_input.shape == (60, *form.shape)
    assert data.train_labels.keys() == data.test_labels.keys() == form.targets.keys()
    for labels in (data.train_labels, data.test_labels):
        for label, target in form.targets.items():
            assert labels[label].shape == (60,)
            assert 0 <= int(labels[label].min()) <= int(labels[label].max()) < target.size


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_round_repeats_and_rounds_differ(name):
    study = attrs.evolve(STUDY, data=name)
    one, again, other = (round_data(study, r, False, None) for r in (1, 1, 2))
    assert torch.equal(one.train_input, again.train_input)
    assert torch.equal(one.test_input, again.test_input)
    assert not torch.equal(one.train_input, other.train_input)
    assert not torch.equal(one.test_input, other.test_input)


def test_pairs_are_those_of_the_reports_stream():
    data = round_data(STUDY, 3, False, None)
    streams = {k: rng.generator(5, 3, "data", k) for k in ("train", "test")}
    indices = pair_indices(load_mnist(), 60, **streams)
    assert torch.equal(data.train_input, load_mnist().train.images[indices.train])
    assert torch.equal(data.test_input, load_mnist().test.images[indices.test])


def test_points_of_the_disk_are_drawn_from_the_rounds_own_streams():
    study = attrs.evolve(STUDY, data="disk", test_size=200)
    data = round_data(study, 1, False, None)
    streams = {k: rng.generator(5, 1, "data", k) for k in ("train", "test")}
    sets = draw_disk_sets(60, **streams, test_n=200)
    assert torch.equal(data.train_input, sets.train_input)
    assert torch.equal(data.test_labels["target"], sets.test_target.flatten() == 1)
    assert len(data.test_input) == 200


def test_pixels_share_a_scale_and_features_have_their_own():
    images = round_data(attrs.evolve(STUDY, data="digits"), 0, True, None)
    assert float(images.train_input.mean()) == pytest.approx(0, abs=1e-4)
    assert float(images.train_input.std()) == pytest.approx(1, abs=1e-4)
    assert images.background < 0
    points = round_data(attrs.evolve(STUDY, data="disk"), 0, True, None)
    assert points.train_input.mean(0).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert points.background == 0.0
    assert points.train_input.std(0).tolist() == pytest.approx([1, 1], abs=1e-5)
