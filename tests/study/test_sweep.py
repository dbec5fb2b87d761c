import tomllib

import attrs
import pytest

from bakeoff.errors import StudyError
from bakeoff.study.checks import SpecError
from bakeoff.study.files import study_from_toml
from bakeoff.study.sweep import level_of, number_of, varied
from bakeoff.study.verdicts import questions
from bakeoff.training.keys import training_json
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor
from bakeoff.training.studies import ABLATION, DISK

START = {"name": "mine", "question": "Which?"}
COMMAND = {"metric": {"name": "area"}}


def read(*competitors, **told):
    return study_from_toml(START | told | {"competitors": list(competitors)}, "mine.toml")


def faults(*competitors, **told):
    with pytest.raises(SpecError) as raised:
        read(*competitors, **told)
    return dict(raised.value.faults)


def network(name, **told):
    return {"name": name, "network": "mlp", **told}


def test_a_grid_is_a_competitor_for_each_cell_of_recipe_and_options():
    """What has one value alone is no factor, which needs two levels."""
    study = read(network("a", grid={"lr": [0.01, 1], "hidden": [5]}))
    assert study.competitors == (
        NetworkCompetitor(
            "a+lr-0.01+hidden-5",
            "mlp",
            recipe=Recipe(lr=0.01),
            options={"hidden": 5},
            levels={"lr": "0.01"},
        ),
        NetworkCompetitor(
            "a+lr-1+hidden-5", "mlp", recipe=Recipe(lr=1), options={"hidden": 5}, levels={"lr": "1"}
        ),
    )
    assert study_from_toml(tomllib.loads(study.to_toml()), "again") == study


def test_a_cell_has_the_key_of_the_same_recipe_set_by_hand():
    """How many rounds train at once hangs on the batch, and is part of the key."""
    cells = varied(DISK.only(["tanh"]), {"batch_size": [50, 500]})
    tanh = DISK.network("tanh")
    by_hand = [
        attrs.evolve(tanh, recipe=attrs.evolve(tanh.recipe, batch_size=size, rounds_per_group=None))
        for size in (50, 500)
    ]
    assert [c.recipe for c in cells.competitors] == [c.recipe for c in by_hand]
    assert cells.networks[0].recipe.rounds_per_group != cells.networks[1].recipe.rounds_per_group
    keys = [training_json(cells, c.name) for c in cells.competitors]
    assert keys[0] == training_json(DISK, "tanh") != keys[1]


def test_one_factor_asks_for_each_level_minus_the_first():
    study = read(network("a", grid={"lr": [0.01, 0.02, 0.05]}))
    assert [q.name for q in questions(study)] == ["lr: 0.02 - 0.01", "lr: 0.05 - 0.01"]


def test_a_command_is_varied_in_its_options():
    command = {**COMMAND, "command": {"run": "./area {seed} {n} {how} {k}"}}
    study = read({"name": "a", "k": 3, "grid": {"n": [-1, 2.5], "how": ["x", True]}}, **command)
    assert study.competitor_names[0] == "a+n-minus1+how-x"
    assert dict(study.competitors[3].options) == {"k": 3, "n": 2.5, "how": True}
    assert [number_of(level_of(value)) for value in (-1, 2.5, "x", 1e-5)] == [-1, 2.5, None, 1e-5]


def test_whoever_is_varied_stands_for_its_cells_in_a_comparison():
    both = read(network("a"), network("b"), grid={"lr": [1, 2]}, comparisons=[["b", "a"]])
    assert both.comparisons == (("b+lr-1", "a+lr-1"), ("b+lr-2", "a+lr-2"))
    assert dict(both.factors) == {"competitor": ("a", "b"), "lr": ("1", "2")}
    one = read(network("a"), network("b", grid={"lr": [1, 2]}), comparisons=[["b", "a"]])
    assert one.comparisons == (("b+lr-1", "a"), ("b+lr-2", "a"))
    assert dict(one.competitor("a").levels) == {"competitor": "a", "lr": "own"}
    assert len(questions(one)) == 2, "not every cell of a factorial is there"


def test_every_competitor_is_compared_with_one():
    three = [network(name) for name in "abc"]
    assert read(*three, against="b").comparisons == (("a", "b"), ("c", "b"))
    swept = read(network("a", grid={"lr": [1, 2, 3]}), against="a+lr-2")
    assert swept.comparisons == (("a+lr-1", "a+lr-2"), ("a+lr-3", "a+lr-2"))
    rivals = read(network("a"), network("b"), grid={"lr": [1, 2]}, against="a")
    assert rivals.comparisons == (("b+lr-1", "a+lr-1"), ("b+lr-2", "a+lr-2"))


def test_comparisons_of_a_sweep_are_all_that_it_asks():
    """Unless levels are given by hand, or its effects are asked for in so many words."""
    one, grid = network("a", grid={"lr": [1, 2, 3]}), {"lr": [1, 2]}
    swept = read(one, against="a+lr-2")
    assert [q.name for q in questions(swept)] == ["a+lr-1 - a+lr-2", "a+lr-3 - a+lr-2"]
    assert study_from_toml(tomllib.loads(swept.to_toml()), "again") == swept
    assert swept.factors == (("lr", ("1", "2", "3")),)
    assert len(questions(read(one, against="a+lr-2", without_effects=False))) == 3
    hand = [network(size, levels={"size": size}) for size in ("small", "big")]
    asked = questions(read(*hand, grid=grid, comparisons=[["big", "small"]]))
    assert [q.kind for q in asked] == ["pair", "pair", "main effect", "main effect", "interaction"]


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        ({"comparisons": "all"}, [("b", "a"), ("c", "a"), ("c", "b")]),
        ({"against": "b"}, [("a", "b"), ("c", "b")]),
        ({"comparisons": [["c", "a"]]}, [("c", "a")]),
    ],
)
def test_words_for_comparisons_mean_each_task(words, pairs):
    rows = [{"name": name, "n": 1} for name in "abc"]
    told = COMMAND | {"tasks": [{"name": "s"}, {"name": "t"}]} | words
    study = read(*rows, **{**told, "command": {"run": "./area {seed} {n} {task}"}})
    assert study.comparisons == tuple((f"{a}@{t}", f"{b}@{t}") for t in "st" for a, b in pairs)


def test_all_faults_of_grids_are_told_with_their_place():
    found = faults(
        network("a", grid={"lr": [-1, 0.1], "batch_size": [2.5, 0], "momentum": [0.5]}),
        network("b", grid={"lr": [], "hidden": [1, 1], "x": [" "], "y": 3, "z": [[1]]}),
        network("c", grid={}),
    )
    assert sorted(found) == sorted(
        [
            "competitors[0].grid.lr",
            "competitors[0].grid.batch_size",
            *(f"competitors[1].grid.{name}" for name in ("lr", "hidden", "x", "y", "z")),
            "competitors[2].grid",
        ]
    )
    assert found["competitors[0].grid.lr"] == "got -1.0, expected a number above 0"
    adam = faults(network("d", grid={"momentum": [0, 0.9]}, recipe={"optimiser": "Adam"}))
    assert "got 0.9 with Adam" in adam["competitors[0].grid.momentum"]
    many = faults(network("a", grid={"lr": [*range(1, 41)], "hidden": [*range(1, 41)]}))
    assert many == {"competitors[0].grid": "got 1,600 cells, expected 1 to 1,000"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"against": "z"}, "got 'z', expected one of several: a, b"),
        ({"against": 1}, "got 1, expected one of several: a, b"),
        ({"against": "a", "comparisons": "all"}, "goes without comparisons"),
    ],
)
def test_a_baseline_that_is_none_is_refused(told, expected):
    assert expected in faults(network("a"), network("b"), **told)["against"]


def test_a_study_is_varied_as_its_file_would_be():
    study = varied(ABLATION, {"lr": [0.01, 0.02]})
    assert study.name == "ablation-sweep"
    assert study.competitor("model2+lr-0.01").options == ABLATION.competitor("model2").options
    assert len(study.comparisons) == 2 * len(ABLATION.comparisons)
    assert varied(study.only(["model1+lr-0.01"]), {"epochs": [2]}).name == "ablation-sweep"
    with pytest.raises(StudyError, match=r"vary.lr: got -1.0, expected a number above 0"):
        varied(ABLATION, {"lr": [-1]})
