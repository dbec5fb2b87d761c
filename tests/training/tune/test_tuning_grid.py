import attrs
import pytest
import torch
from peaks import peaked, study_of

from bakeoff import rng
from bakeoff.data import Mnist, load_mnist
from bakeoff.errors import StudyError
from bakeoff.training import round_data
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import ABLATION
from bakeoff.training.tune.grid import FIRST, Setting, settings_for, tuning_seed, tuning_study
from bakeoff.training.tune.search import TuneOptions, tune_study

SMALL = attrs.evolve(ABLATION, train_size=150, test_size=150)


def test_the_grid_doubles_around_the_present_step_size():
    settings = settings_for(NetworkCompetitor("model1", recipe=Recipe(lr=0.02)), FIRST)
    assert [s.lr for s in settings] == [0.005, 0.01, 0.02, 0.04, 0.08]
    assert {s.epochs for s in settings} == {25}
    more = settings_for(NetworkCompetitor("model1"), range(2), (3, 5))
    assert more == (
        Setting(0, 0.02, 3),
        Setting(1, 0.04, 3),
        Setting(0, 0.02, 5),
        Setting(1, 0.04, 5),
    )


def test_every_competitor_is_tried_alike_and_differs_in_the_step_size_alone():
    candidates = tuning_study(ABLATION, FIRST, 5)
    assert len(candidates.competitors) == 6 * 5
    for number, candidate in enumerate(candidates.competitors):
        own = ABLATION.competitors[number // 5]
        recipe = attrs.evolve(own.recipe, lr=candidate.recipe.lr, evaluate_every=25)
        assert candidate == attrs.evolve(own, name=candidate.name, recipe=recipe, levels={})
    assert (candidates.rounds, candidates.comparisons) == (5, ())


def test_no_more_rounds_are_trained_in_lockstep_than_are_tuned_on():
    study = study_of(peaked("a", 0, rounds_per_group=30))
    (candidate,) = tuning_study(study, [0], 5).competitors
    assert candidate.recipe.rounds_per_group == 5


def images(tensor):
    return {image.numpy().tobytes() for image in tensor.reshape(-1, 14, 14)}


def test_no_test_image_is_seen(monkeypatch):
    mnist = load_mnist()
    train, test = images(mnist.train.images), images(mnist.test.images)
    assert not train & test
    # Where there are no test digits, looking at one would fail.
    monkeypatch.setattr(round_data, "load_mnist", lambda folder: Mnist(mnist.train, None))
    candidates = tuning_study(SMALL, FIRST, 2)
    for round_ in range(2):
        data = round_data.round_data(candidates, round_, False, None)
        judged = images(data.test_input)
        assert len(judged) == 300
        assert judged <= train
        assert not judged & images(data.train_input)
    with pytest.raises(AttributeError):
        round_data.round_data(SMALL, 0, False, None)


def test_the_rounds_are_none_of_the_studys_own():
    candidates = tuning_study(SMALL, FIRST, 2)
    tuning = round_data.round_data(candidates, 0, False, None)
    for round_ in range(2):
        own = round_data.round_data(SMALL, round_, False, None)
        assert not torch.equal(own.train_input, tuning.train_input)
    streams = [
        rng.generator(seed, 0, purpose).initial_seed()
        for seed in (SMALL.seed, candidates.seed)
        for purpose in ("data", "init", "order", "augment", "dropout")
    ]
    assert len(set(streams)) == len(streams)


def test_seeds_differ_and_stay():
    assert tuning_seed(0) == 2490852998
    assert len({tuning_seed(seed) for seed in range(-50, 50)}) == 100


def test_a_study_on_tuning_pairs_cannot_be_tuned():
    study = NetworkStudy("s", "?", [NetworkCompetitor("model1")], data="tuning-pairs")
    with pytest.raises(StudyError, match=r"'s': data: got 'tuning-pairs', expected 'pairs'"):
        tune_study(study, TuneOptions())
