import pytest

from bakeoff.errors import StatisticsError
from bakeoff.statistics.dependence import FIXED_TEST, FRESH, Dependence


@pytest.mark.parametrize(
    ("text", "ratio", "rounds", "told"),
    [
        ("fresh", None, None, ""),
        ("fixed-test", None, None, "the verdict is about that set"),
        ("folds 10x10", 1 / 9, 100, "10 folds of the same examples, drawn 10 times, so rounds are"),
        ("folds 5x1", 1 / 4, 5, "5 folds of the same examples, so rounds are not independent"),
        ("resplit 800/200", 0.25, None, "800 to train and 200 to test"),
    ],
)
def test_each_kind_says_how_it_is_judged_and_what_a_reader_must_know(text, ratio, rounds, told):
    found = Dependence.parse(text)
    assert (str(found), found.test_ratio, found.rounds) == (text, ratio, rounds)
    assert len(found.notes) == bool(told)
    assert told in "".join(found.notes)


def test_folds_are_drawn_once_unless_said():
    assert Dependence.parse("folds 10") == Dependence("folds", (10, 1))
    assert Dependence.parse("fresh") is FRESH
    assert Dependence.parse("fixed-test") is FIXED_TEST


@pytest.mark.parametrize(
    "text", ["", "folds", "folds 1", "folds 10x0", "resplit 800", "resplit 0/5", "fold 3", "10x10"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(StatisticsError, match="what rounds share: got"):
        Dependence.parse(text)


@pytest.mark.parametrize("numbers", [("fresh", (1, 2)), ("folds", ()), ("fixed-test", (5,))])
def test_numbers_that_a_kind_has_not_are_refused(numbers):
    with pytest.raises(StatisticsError, match="what rounds share: got"):
        Dependence(*numbers)


def test_folds_are_as_many_as_there_are_rounds():
    Dependence("folds", (10, 10)).check(100, "f.csv")
    Dependence("resplit", (800, 200)).check(7, "f.csv")
    with pytest.raises(StatisticsError, match="f\\.csv: got 40 rounds, expected 100, one for each"):
        Dependence("folds", (10, 10)).check(40, "f.csv")
