import pytest

from bakeoff.errors import StudyError
from bakeoff.study.recipe import find_recipe
from bakeoff.study.spec import Recipe


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
