import pytest

from bakeoff.errors import StudyError
from bakeoff.study.recipes import DEFAULT
from bakeoff.study.studies import STUDIES, find_study


def test_the_ablation_asks_what_sharing_does():
    study = find_study("ablation")
    assert ("model2", "model1") in study.comparisons
    assert {"model1", "model2"} <= set(study.competitor_names)
    assert study.rounds == 30
    assert {competitor.recipe for competitor in study.competitors} == {DEFAULT}


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_is_found_by_its_name(name):
    assert find_study(name).name == name
    assert find_study(name).question.endswith("?")


def test_an_unknown_study_is_answered_with_the_nearest():
    with pytest.raises(StudyError, match=r"no study 'ablatoin' .did you mean 'ablation'"):
        find_study("ablatoin")
