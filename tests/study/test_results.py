import math

import attrs
import numpy as np
import pytest

import records
import trainers
from bakeoff.study.results import StudyResults
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "small",
    "Which?",
    [NetworkCompetitor("b", recipe=Recipe(epochs=2)), NetworkCompetitor("a")],
    [("b", "a")],
)


def result(name, round_, test=0.5, **changes):
    base = trainers.result(STUDY, STUDY.competitor(name), round_)
    return attrs.evolve(records.with_curve(base, "test_accuracy", (0.9, test)), **changes)


def test_rounds_come_by_competitor_in_the_studys_order():
    results = [result("a", 1), result("b", 2), result("a", 0), result("b", 1)]
    stranger = attrs.evolve(results[0], competitor="c")
    ordered = StudyResults.of_rounds(STUDY, [*results, stranger])
    assert [(r.competitor, r.round) for r in ordered.results] == [
        ("b", 1),
        ("b", 2),
        ("a", 0),
        ("a", 1),
    ]
    assert ordered.rounds == (0, 1, 2)
    some = StudyResults.of_rounds(STUDY, results, range(1, 2))
    assert [(r.competitor, r.round) for r in some.results] == [("b", 1), ("a", 1)]


def test_the_table_holds_the_last_epoch_and_nan_where_nothing_stands():
    diverged = records.diverged(result("a", 1))
    results = [result("b", 0, 0.25), result("b", 1, 0.75), diverged]
    table = StudyResults.of_rounds(STUDY, results).table()
    np.testing.assert_array_equal(table, [[0.25, math.nan], [0.75, math.nan]])


@pytest.mark.parametrize("score", ["test_accuracy", "train_accuracy", "seconds"])
def test_a_diverged_round_gives_no_figure(score):
    assert math.isnan(records.diverged(result("a", 1)).score(score))
    assert math.isfinite(result("a", 1).score(score))


def test_a_summary_counts_diverged_rounds_apart():
    facts = {"parameters": 7}
    results = [result("b", 0, 0.25, facts=facts), result("b", 1, 0.75, facts=facts)]
    results.append(records.diverged(result("b", 2, facts=facts)))
    (summary,) = StudyResults.of_rounds(STUDY, results).summaries()
    assert (summary.name, summary.parameters) == ("b", 7)
    assert (summary.test.rounds, summary.test.failed) == (2, 1)
    assert summary.test.mean == 0.5
    assert summary.test.std == pytest.approx(0.5 / math.sqrt(2))
    assert summary.seconds.mean == 0.5
