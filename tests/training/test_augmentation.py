"""Augmentation as part of a recipe: its checks, its table, its place in a study's JSON."""

import json
import tomllib

import attrs
import pytest

from bakeoff.study.checks import SpecError
from bakeoff.study.files import study_from_toml
from bakeoff.study.serialise import canonical_json, plain
from bakeoff.study.store.stored_study import study_from_plain
from bakeoff.training.augmentation import Augmentation
from bakeoff.training.keys import training_json
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


def test_every_fault_is_reported():
    with pytest.raises(SpecError) as raised:
        Augmentation(
            swap=1,
            pair_anew=0,
            rotate=180,
            scale=1,
            shear=-1,
            shift=-1,
            elastic=-1,
            smoothness=0,
            sharp=1,
        )
    assert [path for path, _ in raised.value.faults] == [
        field.name for field in attrs.fields(Augmentation)
    ]


def test_idle_only_where_nothing_is_asked_for():
    assert Augmentation().idle
    assert Recipe().augmentation == Augmentation(smoothness=2)
    for field, value in [("swap", True), ("pair_anew", True), ("rotate", 1), ("elastic", 0.1)]:
        assert not Augmentation(**{field: value}).idle
    assert Augmentation(shear=0.1).affine
    assert not Augmentation(elastic=0.1).affine


def test_a_recipe_takes_a_table_or_refuses_it():
    recipe = Recipe(augmentation={"rotate": 10, "swap": True})
    assert recipe.augmentation == Augmentation(rotate=10.0, swap=True)
    assert hash(recipe) == hash(Recipe(augmentation=Augmentation(rotate=10, swap=True)))
    for faulty in ({"rotat": 10}, {"rotate": -1}, 3):
        with pytest.raises(SpecError, match=r"augmentation: got .*expected a table of swap"):
            Recipe(augmentation=faulty)


def test_a_file_can_ask_for_it_and_json_and_store_keep_it():
    text = """
        name = "mine"
        question = "Which?"
        recipe = { schedule = "OneCycleLR", augmentation = { elastic = 0.5 } }
        [[competitors]]
        name = "model2"
        """
    study = study_from_toml(tomllib.loads(text), "mine.toml")
    changes = Augmentation(elastic=0.5)
    recipe = Recipe(schedule="OneCycleLR", augmentation=changes, rounds_per_group=1)
    assert study.competitors[0].recipe == recipe
    told = json.loads(canonical_json(study))
    assert told["competitors"][0]["recipe"]["augmentation"]["elastic"] == 0.5
    assert study_from_plain(plain(study)) == study


def test_what_is_trained_depends_on_it():
    def trained(**changes):
        competitor = NetworkCompetitor(
            "model2", recipe=Recipe(augmentation=Augmentation(**changes))
        )
        return training_json(NetworkStudy("s", "Which?", [competitor]), "model2")

    assert trained(rotate=1) != trained()
    assert trained(rotate=1) == trained(rotate=1.0)
