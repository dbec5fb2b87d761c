import pytest

from bakeoff.statistics.units import Ratio, Unit
from bakeoff.study.checks import SpecError
from bakeoff.study.metric import LOWER, RATIO, Judging, Metric

ACCURACY = Metric("test accuracy", unit="points")


def test_a_metric_is_named_as_people_and_records_name_it():
    assert (ACCURACY.score, ACCURACY.in_training) == ("test_accuracy", "train_accuracy")
    assert (ACCURACY.short, ACCURACY.title, ACCURACY.axis) == (
        "accuracy",
        "Accuracy",
        "accuracy, %",
    )
    loss = Metric("loss", LOWER, score="val/loss")
    assert (loss.score, loss.in_training, loss.larger_is_better) == ("val/loss", "", False)
    assert (loss.axis, loss.title) == ("loss", "Loss")
    assert Judging((ACCURACY, loss)).metric is ACCURACY


@pytest.mark.parametrize(
    ("metric", "value", "shown", "unit"),
    [
        (ACCURACY, 0.8634, "86.3 %", Unit(100.0, "points")),
        (Metric("R²", score="test_r2"), 0.5, "0.50000", Unit(1.0, "in R²")),
        (Metric("loss"), 1234.5, "1234.5", Unit(1.0, "")),
        (Metric("loss", digits=2), 0.125, "0.12", Unit(1.0, "")),
        (Metric("wait", LOWER, "seconds"), 2.0, "2.00 s", Unit(1.0, "s")),
        (Metric("seconds", LOWER, RATIO), 2.0, "2.000 s", Ratio(faster=True)),
        (Metric("memory", LOWER, RATIO), 2.0, "2.000", Ratio(faster=False)),
        (Metric("loss"), float("nan"), "nan", Unit(1.0, "")),
        (Metric("loss"), 0.0, "0.0", Unit(1.0, "")),
    ],
)
def test_a_value_is_shown_in_its_unit(metric, value, shown, unit):
    assert metric.show(value) == shown
    assert metric.shown == unit


@pytest.mark.parametrize(
    ("values", "digits"),
    [
        ([0.1234, 0.2345], 3),
        ([1000.0, 2000.0], 0),
        ([1e-20, 2e-20], 12),
        ([5.0, 5.0], 4),
        ([0.0], 1),
        ([float("nan"), float("inf")], 4),
        ([1e308, -1e308], 1),
    ],
)
def test_values_earn_three_digits_of_their_range(values, digits):
    settled = Metric("loss").settled(values)
    assert settled.decimals == digits
    assert settled.settled([1e6, 2e6]) is settled


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "name: got ''"),
        ({"name": "x" * 61}, "expected a name of at most 60 characters"),
        ({"better": "more"}, 'better: got \'more\', expected "higher" or "lower"'),
        ({"unit": "percent"}, "unit: got 'percent', expected one of points, plain, seconds, ratio"),
        ({"digits": 13}, "digits: got 13"),
        ({"digits": True}, "digits: got True"),
        ({"score": "a\n"}, "score: got"),
        ({"name": 3}, "name: got 3"),
    ],
)
def test_every_field_is_held_to_its_range(fields, told):
    with pytest.raises(SpecError) as raised:
        Metric(**{"name": "x"} | fields)
    assert told in str(raised.value)
