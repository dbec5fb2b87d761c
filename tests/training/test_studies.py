from pathlib import Path

import attrs
import pytest
import torch

from bakeoff.errors import StudyError
from bakeoff.models import MODELS
from bakeoff.study.files import load_study
from bakeoff.training.data_spec import FORMS
from bakeoff.training.keys import training_json
from bakeoff.training.recipe import DEFAULT
from bakeoff.training.studies import STUDIES, find_study

RESULTS = Path(__file__).parents[2] / "results"


def test_the_ablation_is_a_full_factorial_of_sharing_and_auxiliary_outputs():
    study = find_study("ablation")
    assert dict(study.factors) == {
        "sharing": ("no", "yes"),
        "auxiliary": ("none", "target", "digits"),
    }
    cells = {tuple(sorted(dict(c.levels).items())) for c in study.competitors}
    assert len(cells) == len(study.competitors) == 6
    assert ("model2", "model1") in study.comparisons
    assert study.rounds == 30
    # Recipes differ in the tuned step size alone.
    alone = attrs.evolve(DEFAULT, rounds_per_group=1)
    assert {attrs.evolve(c.recipe, lr=DEFAULT.lr) for c in study.competitors} == {alone}


@pytest.mark.parametrize("name", ["ablation", "deep"])
def test_the_step_sizes_are_those_that_tuning_chose(name):
    study, tuned = find_study(name), load_study(RESULTS / f"{name}.tuned.toml")
    assert {c.name: c.recipe.lr for c in study.competitors} == {
        c.name: c.recipe.lr for c in tuned.competitors
    }


@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda study: study.name)
def test_every_weighed_output_is_one_that_the_network_gives(study):
    for competitor in study.competitors:
        network = MODELS[competitor.network](**dict(competitor.options)).initialise(0)
        outputs = network(torch.zeros(1, *FORMS[study.data].shape))
        weighed = {"target", *(name for name, _ in competitor.loss_weights)}
        assert weighed == set(outputs), competitor.name


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_is_found_by_its_name(name):
    assert find_study(name).name == name
    assert find_study(name).question.endswith("?")


def test_an_unknown_study_is_answered_with_the_nearest():
    with pytest.raises(StudyError, match=r"no study 'ablatoin' .did you mean 'ablation'"):
        find_study("ablatoin")


def test_the_studies_of_the_report_share_the_rounds_of_what_is_done_right():
    for study, right in (("published", "ablation"), ("published-deep", "deep")):
        kept, own = (find_study(name) for name in (right, study))
        shared = [name for name in own.competitor_names if name in kept.competitor_names]
        assert len(shared) >= 3
        for name in shared:
            assert training_json(own, name) == training_json(kept, name)


def test_a_competitor_with_one_defect_differs_from_the_one_without_in_that_alone():
    study = find_study("published")
    pairs = [(a, b) for a, b in study.comparisons if a.startswith(f"{b}-")]
    assert len(pairs) == 8
    for a, b in pairs:
        with_, without = (attrs.asdict(study.competitor(name), recurse=False) for name in (a, b))
        assert len({k for k in with_ if with_[k] != without[k]} - {"name"}) == 1, (a, b)
