import pickle

import pytest

from bakeoff.errors import StudyError
from bakeoff.study.checks import SpecError, is_name, is_number, is_whole, refuse, unknown


def test_an_error_holds_every_fault_and_says_where():
    error = SpecError("study 'x'", [("rounds", "got 0"), ("", "is empty")])
    assert isinstance(error, StudyError)
    assert str(error) == "study 'x': rounds: got 0; study 'x': is empty"
    assert error.faults == (("rounds", "got 0"), ("", "is empty"))


def test_an_error_crosses_process_borders():
    error = pickle.loads(pickle.dumps(SpecError("recipe", [("lr", "got -1")])))
    assert (str(error), error.faults) == ("recipe: lr: got -1", (("lr", "got -1"),))


def test_no_fault_is_no_error():
    refuse("recipe", [])


def test_an_unknown_name_is_answered_with_the_nearest():
    assert unknown("recipe", "publshed", ["default", "published"]) == (
        "there is no recipe 'publshed' (did you mean 'published'?), "
        "expected one of default, published"
    )


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 0])
def test_what_is_not_a_whole_number_of_at_least_one(value):
    assert not is_whole(1)(value)


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), 10**400, "1", None])
def test_what_is_not_a_number(value):
    assert not is_number(value)


@pytest.mark.parametrize("value", ["", "a b", "a,b", "-a", "é", 3, "a\n"])
def test_what_cannot_be_a_name(value):
    assert not is_name(value)


@pytest.mark.parametrize("value", ["model2+digits-per-image", "4", "v1.2_x"])
def test_what_can_be_a_name(value):
    assert is_name(value)
