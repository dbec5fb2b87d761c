import shlex
import tomllib

import attrs
import made
import pytest

from bakeoff.report.sections.provenance import command
from bakeoff.study.files import study_from_toml
from bakeoff.training.recipe import PUBLISHED
from bakeoff.training.studies import ABLATION
from bakeoff.training.tune.toml import study_toml


@pytest.mark.parametrize(
    ("study", "options"),
    [
        (ABLATION, []),
        (attrs.evolve(ABLATION, rounds=99, question="else"), []),
        (attrs.evolve(ABLATION, seed=-7), ["--seed", "-7"]),
        (ABLATION.with_recipe(epochs=3), ["--epochs", "3"]),
        (ABLATION.with_recipe(PUBLISHED), ["--recipe", "published"]),
        (ABLATION.only(["model1"]), ["--only", "model1"]),
    ],
)
def test_a_shipped_study_is_called_by_its_name_and_options(study, options):
    words = shlex.split(command(study, 4))
    assert words == ["bakeoff", "run", "ablation", *options, "--rounds", "4"]


def test_any_other_study_is_called_by_its_file():
    changed = attrs.evolve(ABLATION, train_size=10)
    assert command(changed, 8) == "bakeoff run study.toml --rounds 8"
    assert command(made.TWO, 8) == "bakeoff run study.toml --rounds 8"


def test_the_file_gives_the_study_whatever_its_question():
    asked = '<script>"\\ \n\t \u202e\u0645\u0631\u062d\u0628\u0627 \U0001f642\x7f' * 20
    study = attrs.evolve(made.TWO, question=asked)
    assert study_from_toml(tomllib.loads(study_toml(study)), "study.toml") == study
