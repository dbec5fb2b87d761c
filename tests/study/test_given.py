"""A table kept as a study: the same verdicts, found again, and no round that could be made."""

from dataclasses import replace

import pytest

from bakeoff.errors import StudyError
from bakeoff.runs.judging import judge as judge_reading
from bakeoff.runs.reading import read
from bakeoff.study.given import GivenStudy, given_by, save
from bakeoff.study.results import StudyResults
from bakeoff.study.run import RunOptions, run_study
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import find_kept, notes_on, results_of
from bakeoff.study.verdicts import judge

VALUES = [0.861, 0.858, 0.87, 0.849, 0.853, 0.866, 0.871, 0.84]


def table(path, gain=0.01, nan=(), names=("plain (ours)", "über, 2")):
    lines = ["method;seed;test_acc"]
    for i, value in enumerate(VALUES):
        lines.append(f"{names[0]};s{i};{value}")
        told = "nan" if i in nan else round(value + gain + 0.001 * (i % 3), 4)
        lines.append(f"{names[1]};s{i};{told}")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def reading(tmp_path):
    return read([table(tmp_path / "my results.csv")])


def kept_in(path):
    with Store(path, read_only=True) as store:
        return [(kept, results_of(store, kept), notes_on(store, kept)) for kept in store.studies()]


@pytest.mark.parametrize("options", [{}, {"anytime": True}, {"points": True, "margin": 0.02}])
def test_what_is_kept_has_the_verdicts_of_the_table(tmp_path, reading, options):
    analysis = judge_reading(reading, **options)
    save(given_by(reading, analysis), tmp_path / "s.sqlite")
    ((kept, results, notes),) = kept_in(tmp_path / "s.sqlite")
    verdicts = judge(results, margin=options.get("margin"))
    assert verdicts.analysis.comparisons == analysis.comparisons
    assert verdicts.analysis.unit == analysis.unit
    assert kept.study.name == "my-results"
    assert kept.study.competitor_names == ("plain (ours)", "über, 2")
    assert notes[0] == f"read as {reading.told}."
    assert "pairing by seed took" in " ".join(verdicts.notes)
    assert [record.fact("label") for record in results.of("über, 2")][:2] == ["s0", "s1"]


def test_what_is_better_is_kept(reading):
    lower = replace(reading, larger_is_better=False)
    assert judge(given_by(lower, judge_reading(lower))).analysis.comparisons[0].verdict == "worse"


def test_a_table_is_one_study_however_often_it_is_kept_and_a_changed_one_another(tmp_path):
    store = tmp_path / "s.sqlite"
    for gain in (0.01, 0.01, 0.02):
        reading = read([table(tmp_path / "a.csv", gain)])
        save(given_by(reading, judge_reading(reading)), store)
    (second, *_), (first, *_) = kept_in(store)
    assert second.identity != first.identity
    assert set(second.keys.values()).isdisjoint(first.keys.values())
    with Store(store, read_only=True) as opened:
        assert len(opened.read("SELECT * FROM rounds")) == 2 * 2 * len(VALUES)
        assert find_kept(opened, "a", with_rounds=True).identity == second.identity


def test_another_question_is_another_study(reading):
    table, anytime = judge_reading(reading), judge_reading(reading, baseline="über, 2")
    one, other = (given_by(reading, analysis).study for analysis in (table, anytime))
    assert one.numbers == other.numbers
    assert one.comparisons != other.comparisons


def test_a_failed_round_stays_one(tmp_path):
    reading = read([table(tmp_path / "a.csv", nan=(2,))])
    analysis = judge_reading(reading)
    results = given_by(reading, analysis)
    assert [r.status for r in results.of("über, 2")].count("failed") == 1
    assert judge(results).analysis.comparisons == analysis.comparisons


def test_equal_competitors_are_not_called_one_training(tmp_path):
    lines = ["method,seed,acc", *(f"{n},{i},{v}" for i, v in enumerate(VALUES) for n in "ab")]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    reading = read([tmp_path / "a.csv"])
    analysis = judge_reading(reading)
    assert judge(given_by(reading, analysis)).analysis.comparisons == analysis.comparisons


def test_no_round_of_it_can_be_made(reading):
    study = given_by(reading, judge_reading(reading)).study
    assert isinstance(study, GivenStudy)
    with pytest.raises(StudyError, match="its rounds were given by a table, and none can be made"):
        run_study(study, RunOptions(rounds=range(1)))


def test_rounds_that_bakeoff_made_are_merged_instead(tmp_path):
    made = StudyResults(Study("s", "?", [Competitor("a")]), ())
    with pytest.raises(StudyError, match="bakeoff merge"):
        save(made, tmp_path / "s.sqlite")
