"""How many rounds train at once where the recipe leaves it open."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.models import MODELS
from bakeoff.nn import count_parameters
from bakeoff.study.run import RunOptions, run_study
from bakeoff.study.workers import LocalPool
from bakeoff.training import grouping
from bakeoff.training.grouping import MOST, WORKING_SET, rounds_at_once
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

MLP = {"inputs": 5, "outputs": 3}


def test_dense_networks_train_together_and_others_alone():
    assert rounds_at_once("disk", {}, 50) == MOST
    assert rounds_at_once("mlp", MLP, 50) == MOST
    assert all(rounds_at_once(name, {}, 50) == 1 for name in MODELS.keys() - {"disk", "mlp"})
    assert rounds_at_once("mymodule:MyNet", {}, 50) == 1


@pytest.mark.parametrize("options", [{}, {"inputs": "x"}, MLP | {"layers": -1}, {"inputs": 3.0}])
def test_a_network_that_will_be_refused_trains_alone(options):
    assert rounds_at_once("mlp", options, 50) == 1


@given(st.integers(1, 300), st.integers(0, 4), st.integers(1, 500))
def test_more_rounds_would_not_fit(hidden, layers, batch_size):
    options = MLP | {"hidden": hidden, "layers": layers}
    together = rounds_at_once("mlp", options, batch_size)
    widths = 5 + hidden * layers + 3
    weights = count_parameters(MODELS["mlp"](**options).initialise(0))
    one = 4 * (4 * weights + 3 * batch_size * widths)
    assert together == MOST or (together + 1) * one > WORKING_SET
    assert together == 1 or together * one <= WORKING_SET


def test_sizes_unless_told_are_those_of_the_networks():
    for network, sizes in grouping.SIZES.items():
        given = {} if network == "disk" else MLP
        told = {"hidden": sizes["hidden"], "layers": sizes["layers"]}
        usual, spelled = (MODELS[network](**given, **more) for more in ({}, told))
        assert count_parameters(usual.initialise(0)) == count_parameters(spelled.initialise(0))


def test_a_competitor_settles_it_and_a_recipe_that_says_so_is_left_alone():
    assert Recipe().rounds_per_group is None
    assert NetworkCompetitor("model2").recipe.rounds_per_group == 1
    assert NetworkCompetitor("disk").recipe.rounds_per_group == MOST
    assert NetworkCompetitor("disk", recipe=Recipe(rounds_per_group=3)).recipe.rounds_per_group == 3
    wide = NetworkCompetitor("mlp", options=MLP | {"hidden": 200}, recipe=Recipe(batch_size=100))
    assert wide.recipe.rounds_per_group == 1
    again = attrs.evolve(wide, recipe=attrs.evolve(wide.recipe, epochs=3))
    assert again.recipe.rounds_per_group == 1


def test_rounds_train_together_by_themselves_and_are_those_of_one_by_one():
    """After two epochs only the last bits differ, so accuracies hardly can."""
    recipe = Recipe(epochs=2, batch_size=20)
    study = NetworkStudy(
        "s", "?", [NetworkCompetitor("disk", recipe=recipe)], train_size=60, test_size=200
    )
    study = attrs.evolve(study, data="disk", rounds=3)
    alone = study.with_recipe(attrs.evolve(recipe, rounds_per_group=1))
    kept = []
    for one in (study, alone):
        outcome = run_study(one, RunOptions(repeat_first=False), pool=LocalPool(1))
        kept.append([result.curve("train_loss") for result in outcome.results.results])
    for together, by_itself in zip(*kept, strict=True):
        assert together == pytest.approx(by_itself, rel=1e-4)
