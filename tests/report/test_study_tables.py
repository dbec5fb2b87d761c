import attrs
import pytest

import trainers
from bakeoff.report.study_tables import (
    competitors_table,
    rounds_table,
    studies_table,
    summaries_table,
)
from bakeoff.statistics.analysis import analyse
from bakeoff.study.machine import this_machine
from bakeoff.study.results import StudyResults
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.study.verdicts import judge
from bakeoff.training.keys import keys_of
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "s",
    "Which?",
    [NetworkCompetitor("a"), NetworkCompetitor("bb", recipe=Recipe(epochs=3))],
    seed=7,
)


def results(rounds):
    return StudyResults.of_rounds(
        STUDY, [trainers.result(STUDY, c, r) for c in STUDY.competitors for r in rounds]
    )


def test_a_line_holds_mean_and_standard_deviation():
    table = competitors_table(results(range(4)), judge(results(range(4))).analysis)
    assert table.header[0] == "competitor"
    name, parameters, rounds, test, train, seconds = table.rows()[1]
    assert (name, parameters, rounds, seconds) == ("bb", "2", "4", "0.50 ± 0.00")
    accuracies = [100 * r.score("test_accuracy") for r in results(range(4)).of("bb")]
    mean = sum(accuracies) / 4
    std = (sum((a - mean) ** 2 for a in accuracies) / 3) ** 0.5
    assert test == f"{mean:.1f} ± {std:.1f} %"
    assert train.endswith(" %")


def test_values_of_any_unit_are_shown_as_they_are():
    rows = summaries_table(analyse([[1e6, 2.0], [3e6, float("nan")]], ["x", "y"], [])).rows()
    assert rows[0][:5] == ("x", "2", "0", "2e+06", "1.4142e+06")
    assert rows[1] == ("y", "1", "1", "2", "-", "-")


@pytest.fixture
def store():
    with Store(IN_MEMORY) as store:
        for sources in ("older", None):
            keys = keys_of(STUDY)
            if sources:
                keys = {n: attrs.evolve(k, sources=sources) for n, k in keys.items()}
            store.record(STUDY, keys, range(9))
            for competitor in STUDY.competitors:
                made = [trainers.result(STUDY, competitor, r) for r in range(3 if sources else 5)]
                store.keep(keys[competitor.name].text, 0, made, this_machine())
        yield store


def test_kept_studies_are_told_apart(store):
    ((name, identity, _, seed, epochs, competitors, rounds),) = studies_table(store).rows()
    assert (name, seed, epochs, competitors, rounds) == ("s", "7", "3/25", "2", "5 of 9")
    assert store.studies()[0].identity.startswith(identity)


def test_rounds_of_older_sources_are_counted_apart(store):
    assert [row[2:] for row in rounds_table(store).rows()] == [("a", "5", "3"), ("bb", "5", "3")]
    keys = keys_of(STUDY)
    older = {n: attrs.evolve(k, sources="older") for n, k in keys.items()}
    store.record(STUDY, older, range(9))
    assert [row[2:] for row in rounds_table(store).rows()] == [("a", "0", "8"), ("bb", "0", "8")]
