import tomllib

import attrs
import pytest
import torch
from peaks import peaked, study_of

from bakeoff import rng
from bakeoff.data import Mnist, load_mnist
from bakeoff.errors import StudyError
from bakeoff.study.files import study_from_toml
from bakeoff.training import round_data
from bakeoff.training.keys import training_json
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


def test_tuning_pairs_are_those_that_the_studys_own_leave_over():
    """A round trains on the pairs that the study would train on in a round of that seed."""
    candidates = tuning_study(SMALL, FIRST, 2)
    own = attrs.evolve(SMALL, seed=candidates.seed)
    both = round_data.round_data(attrs.evolve(own, train_size=300, test_size=300), 0, False, None)
    data = round_data.round_data(candidates, 0, False, None)
    assert torch.equal(data.train_input, both.train_input[:150])
    assert torch.equal(data.test_input, both.train_input[150:])


def test_digits_are_held_out_of_the_training_images(monkeypatch):
    mnist = load_mnist()
    monkeypatch.setattr(round_data, "load_mnist", lambda *_, **__: Mnist(mnist.train, None))
    study = NetworkStudy("s", "?", [NetworkCompetitor("mlp")], data="digits", train_size=120)
    data = round_data.round_data(tuning_study(study, FIRST, 2), 0, False, None)
    assert (len(data.train_input), len(data.test_input)) == (120, study.test_size)
    assert len(data.test_labels["target"]) == study.test_size
    train = images(mnist.train.images)
    assert images(data.test_input) <= train - images(data.train_input)


MODULE = """
import torch
from bakeoff.data import fresh, resplit

def drawn(n, generator):
    x = torch.rand(n, 3, generator=generator) + 1
    return x, (x.sum(1) > 4.5).long()

@fresh
def sized(generator, train_size, test_size):
    return *drawn(train_size, generator), -torch.ones(test_size, 3), torch.ones(test_size).long()

@fresh
def fixed(generator):
    x, y = drawn(60, generator)
    y = y.sort().values
    return x, y, -torch.ones(20, 3), torch.ones(20).long()

@resplit
def cut(generator):
    return fixed(generator)
"""


@pytest.mark.parametrize(("name", "sizes"), [("sized", (60, 20)), ("fixed", (45, 15))])
def test_users_data_are_held_out_of_the_training_examples(tmp_path, monkeypatch, name, sizes):
    """No test example, all of which are -1, is seen; and no order is taken for granted."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"held_{name}.py").write_text(MODULE)
    study = NetworkStudy(
        "s",
        "?",
        [NetworkCompetitor("mlp")],
        data=f"held_{name}:{name}",
        train_size=60,
        test_size=20,
    )
    data = round_data.round_data(tuning_study(study, FIRST, 2), 0, False, None)
    assert (len(data.train_input), len(data.test_input)) == sizes
    assert data.train_input.min() >= 1
    assert data.test_input.min() >= 1
    assert len(torch.cat((data.train_input, data.test_input)).unique(dim=0)) == sum(sizes)
    assert len(data.test_labels["target"].unique()) == 2
    with pytest.raises(StudyError, match="got one set that each round cuts anew"):
        tune_study(attrs.evolve(study, data=f"held_{name}:cut"), TuneOptions())


@pytest.mark.parametrize("told", [{"data": "tuning-pairs"}, {"data": "disk", "held_out": True}])
def test_what_is_tuned_on_already_cannot_be_tuned(told):
    study = NetworkStudy("s", "?", [NetworkCompetitor("model1")], **told)
    with pytest.raises(StudyError, match="got what is judged by training examples already"):
        tune_study(study, TuneOptions())


def test_what_is_held_out_is_part_of_the_key():
    study = NetworkStudy("s", "?", [NetworkCompetitor("disk")], data="disk")
    held_out = attrs.evolve(study, held_out=True)
    assert training_json(held_out, "disk") != training_json(study, "disk")
    assert "held_out" not in training_json(study, "disk")
    assert study_from_toml(tomllib.loads(held_out.to_toml()), "x") == held_out
