import json
import subprocess
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.study.serialise import canonical_json, digest, plain
from bakeoff.training.keys import training_json
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import ABLATION

SMALL = NetworkStudy(
    "small",
    "Which?",
    [NetworkCompetitor("a", loss_weights={"y": 2, "x": 1}), NetworkCompetitor("b")],
    [("b", "a")],
)


def test_the_json_of_a_study_reads_like_its_file():
    read = json.loads(canonical_json(SMALL))
    assert read["competitors"][0]["loss_weights"] == {"x": 1.0, "y": 2.0}
    assert read["comparisons"] == [["b", "a"]]
    assert read["competitors"][1]["recipe"]["lr"] == 0.02
    told = attrs.asdict(Recipe())
    assert plain(Recipe()) == {name: value for name, value in told.items() if value != ()}


def test_the_hash_is_the_same_in_another_process():
    code = (
        "from bakeoff.study.serialise import canonical_json, digest\n"
        "from bakeoff.training.studies import ABLATION\n"
        "print(digest(canonical_json(ABLATION)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert told.strip() == digest(canonical_json(ABLATION))


@given(st.lists(st.text()), st.lists(st.text()))
def test_parts_never_run_into_each_other(first, second):
    assert (digest(*first) == digest(*second)) == (first == second)


CHANGES = [
    ("seed", 1, True),
    ("train_size", 999, True),
    ("test_size", 999, True),
    ("held_out", True, True),
    ("without_effects", True, False),
    ("rounds", 100, False),
    ("question", "Why?", False),
    ("name", "other", False),
    ("comparisons", (), False),
    ("competitors", (*SMALL.competitors, NetworkCompetitor("c")), False),
]


@pytest.mark.parametrize(("name", "value", "matters"), CHANGES)
def test_only_what_shapes_training_changes_the_training_json(name, value, matters):
    changed = attrs.evolve(SMALL, **{name: value})
    assert (training_json(changed, "a") != training_json(SMALL, "a")) == matters
    assert canonical_json(changed) != canonical_json(SMALL)


def test_the_training_json_names_the_data():
    assert json.loads(training_json(SMALL, "a"))["data"] == "pairs"


def test_those_are_all_the_fields():
    only_one = {"data", "metrics", "seeds", "dependence"}
    known = {name for name, _, _ in CHANGES} | only_one
    assert known == {field.name for field in attrs.fields(NetworkStudy)}


COMPETITOR_CHANGES = [
    ("name", "other", False),
    ("levels", {"sharing": "no"}, False),
    ("network", "other", True),
    ("loss_weights", {}, True),
    ("options", {"x": 1}, True),
    ("recipe", Recipe(lr=0.1), True),
    ("redraw", ["init"], False),  # without a world it holds nothing
    ("world", 3, True),
]


@pytest.mark.parametrize(("name", "value", "matters"), COMPETITOR_CHANGES)
def test_only_what_shapes_a_competitors_training_changes_its_json(name, value, matters):
    changed = attrs.evolve(SMALL.competitors[0], **{name: value})
    alone = attrs.evolve(SMALL, competitors=[changed], comparisons=())
    before = training_json(SMALL, "a")
    assert (training_json(alone, changed.name) != before) == matters


def test_those_are_all_the_fields_of_a_competitor():
    known = {name for name, _, _ in COMPETITOR_CHANGES} | {"data", "train_size", "test_size"}
    assert known == {field.name for field in attrs.fields(NetworkCompetitor)}  # the last of tasks
