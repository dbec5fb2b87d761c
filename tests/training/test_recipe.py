import inspect

import pytest

from bakeoff.errors import StudyError
from bakeoff.optim import OPTIMISERS
from bakeoff.study.serialise import plain
from bakeoff.training.recipe import WITHOUT_MOMENTUM, Recipe, find_recipe


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
    assert ("momentum" in accepted) == (name not in WITHOUT_MOMENTUM)
    Recipe(optimiser=name, momentum=0)
    if name in WITHOUT_MOMENTUM:
        with pytest.raises(StudyError, match=f"momentum: got 0.5 with {name}, which has none"):
            Recipe(optimiser=name, momentum=0.5)
    else:
        Recipe(optimiser=name, momentum=0.5)
        with pytest.raises(StudyError, match="with the schedule OneCycleLR, which moves it"):
            Recipe(optimiser=name, momentum=0.5, schedule="OneCycleLR")
