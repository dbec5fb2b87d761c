import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.errors import StudyError
from bakeoff.study.checks import SpecError
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


def study(**changes):
    fields = {
        "name": "small",
        "question": "Which?",
        "competitors": [NetworkCompetitor("a"), NetworkCompetitor("b"), NetworkCompetitor("c")],
        "comparisons": [["b", "a"], ["c", "a"]],
    }
    return NetworkStudy(**(fields | changes))


def paths(raised):
    return [path for path, _ in raised.value.faults]


def test_every_fault_of_a_recipe_is_reported():
    with pytest.raises(SpecError) as raised:
        Recipe(
            optimiser="",
            lr=0,
            momentum=1,
            weight_decay=-1,
            schedule=3,
            optimiser_options={"betas": {}},
            schedule_options=3,
            epochs=0,
            batch_size=1.5,
            standardise=1,
            rounds_per_group=True,
            evaluate_every=0,
            average_epochs=0,
            augmentation={"rotat": 3},
        )
    assert paths(raised) == [field.name for field in attrs.fields(Recipe)]


def test_a_whole_learning_rate_equals_its_float():
    assert Recipe(lr=1) == Recipe(lr=1.0)
    assert isinstance(Recipe(lr=1).lr, float)


@pytest.mark.parametrize(
    ("every", "epochs", "expected"), [(1, 3, (1, 2, 3)), (2, 5, (2, 4, 5)), (9, 4, (4,))]
)
def test_the_last_epoch_is_always_evaluated(every, epochs, expected):
    assert Recipe(evaluate_every=every, epochs=epochs).evaluated_epochs() == expected


@given(st.integers(1, 9), st.integers(0, 50), st.integers(0, 50))
def test_the_groups_for_some_rounds_are_the_fewest_that_hold_them(size, first, count):
    recipe = Recipe(rounds_per_group=size)
    asked = range(first, first + count)
    groups = recipe.groups_for(asked)
    trained = [r for group in groups for r in recipe.rounds_of(group)]
    assert set(asked) <= set(trained)
    assert trained == sorted(set(trained))
    assert all(set(recipe.rounds_of(group)) & set(asked) for group in groups)


def test_a_network_is_called_like_its_competitor_unless_told():
    assert NetworkCompetitor("a").network == "a"
    assert NetworkCompetitor("a", network="model1").network == "model1"


def test_mappings_are_frozen_in_one_order():
    first = NetworkCompetitor("a", loss_weights={"y": 1, "x": 0.5}, options={"p": True})
    second = NetworkCompetitor("a", loss_weights=[("x", 0.5), ("y", 1.0)], options={"p": True})
    assert first == second
    assert hash(first) == hash(second)
    assert first.loss_weights == (("x", 0.5), ("y", 1.0))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "a b"}, "name"),
        ({"network": ""}, "network"),
        ({"loss_weights": {"x": -1}}, "loss_weights"),
        ({"loss_weights": [("x", 1), ("x", 2)]}, "loss_weights"),
        ({"loss_weights": 3}, "loss_weights"),
        ({"loss_weights": [(3, 1.0)]}, "loss_weights"),
        ({"loss_weights": {"": 1.0}}, "loss_weights"),
        ({"loss_weights": ["xyz"]}, "loss_weights"),
        ({"recipe": "default"}, "recipe"),
        ({"options": {"x": None}}, "options"),
        ({"levels": {"sharing": 1}}, "levels"),
    ],
)
def test_a_faulty_competitor_is_refused(changes, path):
    with pytest.raises(SpecError) as raised:
        NetworkCompetitor(**({"name": "a"} | changes))
    assert paths(raised) == [path]


def test_every_fault_of_a_study_is_reported():
    with pytest.raises(SpecError) as raised:
        study(
            name="",
            question=1,
            competitors=[],
            comparisons="ab",
            rounds=0,
            seed=0.5,
            train_size=0,
            test_size=0.5,
            data="pears",
        )
    assert paths(raised) == [
        field.name
        for field in attrs.fields(NetworkStudy)
        if field.name not in ("metrics", "seeds", "dependence", "without_effects", "held_out")
    ]


def test_names_and_comparisons_must_fit():
    with pytest.raises(SpecError) as raised:
        study(
            competitors=[NetworkCompetitor("model1"), NetworkCompetitor("model1")],
            comparisons=[["modl1", "model1"], ["model1", "model1"]],
        )
    assert paths(raised) == ["competitors[1].name", "comparisons[0]", "comparisons[1]"]
    assert "did you mean 'model1'?" in str(raised.value)


def test_the_same_two_are_not_compared_twice():
    with pytest.raises(SpecError, match="compared twice"):
        study(comparisons=[["a", "b"], ["b", "a"]])


def test_a_study_is_hashable_and_crosses_process_borders():
    value = study()
    assert pickle.loads(pickle.dumps(value)) == value
    assert {value: 1}[study()] == 1


def test_an_unknown_competitor_is_answered_with_the_nearest():
    with pytest.raises(StudyError, match=r"no competitor 'model11' \(did you mean 'model1'\?\)"):
        study(competitors=[NetworkCompetitor("model1")], comparisons=()).competitor("model11")


def test_only_keeps_the_order_and_the_comparisons_that_remain():
    kept = study().only(["b", "a", "b"])
    assert kept.competitor_names == ("a", "b")
    assert kept.comparisons == (("b", "a"),)
    with pytest.raises(StudyError):
        study().only(["z"])


def test_a_recipe_and_epochs_replace_every_competitors():
    competitors = [NetworkCompetitor("a"), NetworkCompetitor("b", recipe=Recipe(lr=0.5))]
    mixed = study(competitors=competitors, comparisons=()).with_recipe(epochs=3)
    assert [c.recipe for c in mixed.competitors] == [
        Recipe(epochs=3, rounds_per_group=1),
        Recipe(lr=0.5, epochs=3, rounds_per_group=1),
    ]
    both = mixed.with_recipe(Recipe(lr=0.1), epochs=2)
    assert {c.recipe for c in both.competitors} == {Recipe(lr=0.1, epochs=2, rounds_per_group=1)}


def cell(name, **levels):
    return NetworkCompetitor(name, levels=levels)


def test_factors_come_in_order_of_first_appearance():
    cells = [
        cell("a", sharing="no", heads="none"),
        cell("b", sharing="yes", heads="none"),
        cell("c", sharing="no", heads="digits"),
    ]
    assert study(competitors=cells).factors == (
        ("heads", ("none", "digits")),
        ("sharing", ("no", "yes")),
    )


def test_levels_must_be_complete_and_different():
    with pytest.raises(SpecError) as raised:
        study(competitors=[cell("a", sharing="no"), cell("b", sharing="no"), cell("c")])
    assert paths(raised) == ["competitors[1].levels", "competitors[2].levels"]
