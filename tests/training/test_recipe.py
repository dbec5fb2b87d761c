import inspect
import json
import pickle

import attrs
import pytest

from bakeoff.errors import StudyError
from bakeoff.optim import OPTIMISERS, SCHEDULES
from bakeoff.study.serialise import plain
from bakeoff.training import recipe as recipes
from bakeoff.training.recipe import Recipe, as_chosen, find_recipe


def test_the_default_standardises_and_has_momentum():
    assert find_recipe("default") == Recipe(
        optimiser="SGD", lr=0.02, momentum=0.9, batch_size=50, epochs=25, standardise=True
    )


def test_the_published_recipe_is_plain_and_raw():
    assert find_recipe("published") == Recipe(
        optimiser="SGD", lr=0.01, momentum=0, batch_size=50, epochs=25, standardise=False
    )


def test_an_unknown_recipe_is_answered_with_the_nearest():
    with pytest.raises(StudyError, match="did you mean 'published'"):
        find_recipe("publish")


def test_options_are_frozen_and_a_recipe_without_them_is_kept_as_it_was():
    recipe = Recipe(optimiser="Adam", optimiser_options={"eps": 1e-7, "betas": [0.5, 0.9]})
    assert recipe.optimiser_options == (("betas", (0.5, 0.9)), ("eps", 1e-7))
    assert plain(recipe)["optimiser_options"] == {"betas": [0.5, 0.9], "eps": 1e-7}
    assert "optimiser_options" not in plain(Recipe())
    with pytest.raises(StudyError, match=r"optimiser_options: got .*, expected a name and a text"):
        Recipe(optimiser_options={"betas": {"a": 1}})


@pytest.mark.parametrize("name", OPTIMISERS)
def test_what_an_optimiser_ignores_is_refused(name):
    accepted = inspect.signature(OPTIMISERS[name]).parameters
    assert "weight_decay" in accepted
    assert ("momentum" in accepted) == (name not in recipes.WITHOUT_MOMENTUM)
    Recipe(optimiser=name, momentum=0)
    if name in recipes.WITHOUT_MOMENTUM:
        for momentum in (0.5, 0.9):  # the usual one was chosen, too, if it is given
            told = f"^recipe: momentum: got {momentum} with {name}, which has none, expected it"
            with pytest.raises(StudyError, match=told):
                Recipe(optimiser=name, momentum=momentum)
        for same in (pickle.loads(pickle.dumps(Recipe(optimiser=name))), Recipe()):
            kept = attrs.evolve(same, optimiser=name)
            assert kept == Recipe(**as_chosen(json.loads(json.dumps(plain(kept)))))
            assert plain(kept)["momentum"] == 0.9  # as rounds were always kept
    else:
        Recipe(optimiser=name, momentum=0.5)
        with pytest.raises(StudyError, match="with the schedule OneCycleLR, which moves it"):
            Recipe(optimiser=name, momentum=0.5, schedule="OneCycleLR")


@pytest.mark.parametrize("name", [*OPTIMISERS, *recipes.RECIPE_SCHEDULES])
def test_a_kind_has_the_options_of_its_class(name):
    taken = list(inspect.signature((OPTIMISERS | SCHEDULES)[name]).parameters)[1:]
    assert {*recipes.OPTIONS_OF[name].split()} == {*taken} - {*recipes.OF_RECIPES}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"optimiser_options": {"betas": [0.9, 0.99]}},
            r"betas: got \(0.9, 0.99\), which SGD has not",
        ),
        ({"optimiser_options": {"nestrov": True}}, "did you mean 'nesterov'.*, expected dampening"),
        ({"optimiser": "Adam", "optimiser_options": {"nesterov": True}}, "which Adam has not"),
        ({"optimiser_options": {"lr": 1}}, "lr: got 1, expected it left out: the recipe has"),
        ({"schedule_options": {"gamma": 0.5}}, "gamma: got 0.5, expected a schedule that has it"),
        ({"schedule": "StepLR", "schedule_options": {"pct_start": 0.5}}, "which StepLR has not"),
        ({"schedule": "OneCycleLR", "schedule_options": {"total_steps": 9}}, "the training tells"),
    ],
)
def test_an_option_of_another_kind_is_refused(fields, told):
    with pytest.raises(StudyError, match=told) as raised:
        Recipe(**fields)
    assert ";" not in str(raised.value)
