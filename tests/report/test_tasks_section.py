"""What a page shows of a study on several tasks: a column a task, ranks, a performance profile."""

import csv
import io

import numpy as np
import pytest

from bakeoff.report.figures.rows import draw_profile, draw_ranks
from bakeoff.report.figures.style import drawing
from bakeoff.report.formats import Content
from bakeoff.report.paper import as_methods
from bakeoff.report.sections.outcome import tasks
from bakeoff.report.source import Source
from bakeoff.report.study_page import study_page
from bakeoff.runs.reading import read_rows
from bakeoff.study.exchange import exported, imported
from bakeoff.study.files import study_from_toml
from bakeoff.study.machine import Machine
from bakeoff.study.record import FAILED, FINISHED, Record
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import judge

MACHINE = Machine(cpu="c", torch="2", python="3", bakeoff="0")


def results(names=("old", "new", "best"), number=6, *, better="higher", unit="points", failed=()):
    """Rounds on some tasks, in each of which the later competitor is ahead but for noise."""
    study = study_from_toml(
        {
            "name": "several",
            "question": "Which?",
            "rounds": 4,
            "comparisons": [[name, names[0]] for name in names[1:]],
            "command": {"run": "./x {seed} {task} {how}"},
            "metric": {"name": "score", "better": better, "unit": unit},
            "competitors": [{"name": name, "how": name} for name in names],
            "tasks": [{"name": f"t{n}"} for n in range(number)],
        },
        "several.toml",
    )
    rng, records = np.random.default_rng(0), []
    for place, competitor in enumerate(study.competitors):
        size = 10 ** (place // len(names)) if unit == "plain" else 1
        for round_ in range(4):
            lost = (competitor.name, round_) in failed
            gain = 0.02 * (place % len(names)) * (1 if better == "higher" else -1)
            score = size * (0.7 + gain + rng.normal(0, 0.003))
            kept = {"round": round_, "seed": 0, "note": "", "facts": {"seed": round_}}
            kept |= {"status": FAILED if lost else FINISHED, "seconds": 1.0}
            kept["scores"] = {} if lost else {"score": score}
            records.append(Record(competitor=competitor.name, **kept))
    return StudyResults.of_rounds(study, records, planned=range(4))


def page_of(found):
    return study_page(Source(found, "s.sqlite", range(4), {MACHINE: len(found.results)}))


def test_a_page_has_a_row_a_competitor_and_a_column_a_task():
    page = page_of(results(number=7))
    assert [s.name for s in page.sections] == ["tasks", "differences", "time", "making"]
    section = page.sections[0]
    (table,) = section.tables
    assert table.header == ("score, % ↑", "t0", "t1", "t2", "t3", "t4", "t5", "t6")
    assert [row[0] for row in table.rows()] == ["old", "new", "best"]
    assert [exhibit.name for exhibit in section.exhibits] == ["ranks", "profile"]
    assert section.text[-1].startswith("Average ranks over 7 tasks, 1 being the best: best 1.00")
    assert "Agarwal et al. 2021" in section.exhibits[1].caption
    assert page.verdict.startswith("Over 7 tasks: Of 2 questions, 2 are answered: new is better")


def test_a_single_question_over_tasks_is_the_headline_and_two_have_no_ranks():
    page = page_of(results(("old", "new")))
    assert page.verdict.startswith("On tasks like these, new is better than old by ")
    assert [exhibit.name for exhibit in page.sections[0].exhibits] == ["profile"]
    five = page_of(results(("old", "new"), 5))
    assert five.sections[0].text[0].startswith("No verdict over tasks: 5 tasks cannot reach")
    assert five.verdict.startswith("None of the 5 questions is answered yet")


def test_losses_have_a_profile_of_ratios():
    found = results(better="lower", unit="plain")
    with drawing():
        profile = tasks(found, judge(found).analysis).exhibits[1]
    assert "Dolan and Moré 2002" in profile.caption
    assert profile.alt == "Performance profile of old, new, best by score, times the best one's."


def test_bars_join_those_alike():
    average = [("a", 1.25), ("b", 1.75), ("c", 3.0)]
    with drawing():
        axes = draw_ranks(average, [("a", "b"), ("b", "c")], "rank").axes[0]
    bars = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 4]
    assert bars == [pytest.approx((1.23, 1.77)), pytest.approx((1.73, 3.02))]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


def test_a_share_holds_up_to_the_next_value():
    at, shares = np.array([1.0, 2.0, 30.0]), np.array([[0.5, 1.0, 1.0], [0.0, 0.5, 1.0]])
    with drawing():
        axes = draw_profile(("a", "b"), at, shares, "ratio").axes[0]
    assert axes.get_xscale() == "log"
    assert [line.get_drawstyle() for line in axes.lines] == ["steps-post"] * 2
    assert axes.lines[1].get_ydata().tolist() == [0.0, 0.5, 1.0]


def test_a_failed_round_counts_as_the_worst_of_its_task_and_so_in_a_table(tmp_path):
    found = results(unit="plain", failed={("new@t0", 1)})
    comparison = judge(found).analysis.comparisons[0]
    worst = min(
        r.score("score") for r in found.results if r.competitor.endswith("@t0") and r.finished
    )
    assert comparison.failures.counted_as == worst
    (tmp_path / "e.csv").write_text(exported(found).csv())
    again = imported(read_rows(tmp_path / "e.csv"))
    assert judge(again).analysis.comparisons == judge(found).analysis.comparisons
    rows = csv.DictReader(io.StringIO(exported(found).csv()))
    assert {row["failure_counts_as"] for row in rows} == {"worst"}


def test_missing_rounds_leave_no_verdict_over_tasks():
    found = results()
    some = StudyResults.of_rounds(
        found.study, [r for r in found.results if r.competitor != "new@t2"]
    )
    over = judge(some, range(4)).analysis.over_tasks
    assert over.sentences == (
        "No verdict over tasks: not every competitor has rounds on every task.",
    )
    names = [c.contrast.name for c in judge(some, range(4)).analysis.comparisons]
    assert "new - old on t2" not in names
    assert "best - old on t2" in names


def test_methods_say_what_tasks_are():
    found = results()
    text = " ".join(as_methods(Content(found, judge(found), MACHINE)).split())
    assert "We compared old, new and best by score" in text
    assert "Each verdict on one of the 6 tasks is on rounds of it. Over tasks, each is one" in text
    assert r"\citep{demsar2006statistical}" in text
