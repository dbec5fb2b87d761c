from itertools import combinations

import attrs
import made
import pytest

import records
import trainers
from bakeoff.report.figures.style import drawing
from bakeoff.report.page import render
from bakeoff.report.sections.networks import architectures, look_at
from bakeoff.report.sections.outcome import ranking, sweep
from bakeoff.report.sections.training import times
from bakeoff.report.source import Source
from bakeoff.report.study_page import PARTS, headline, study_page
from bakeoff.statistics.estimate import paired_difference
from bakeoff.study.machine import Machine
from bakeoff.study.results import StudyResults
from bakeoff.study.sweep import varied
from bakeoff.study.verdicts import judge
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

MACHINE = Machine(cpu="<a processor>", torch="2", python="3", bakeoff="0")


def source(results, planned=range(8), **named):
    return Source(results, "s.sqlite", planned, {MACHINE: len(results.results)}, **named)


@pytest.fixture(scope="module")
def page():
    told = []
    made_page = study_page(source(made.made_results(), notes=("mind this.",)), on_part=told.append)
    assert len(told) == PARTS
    return made_page


def section(page, name):
    return next(s for s in page.sections if s.name == name)


def test_the_sections_are_those_asked_for_in_order(page):
    assert [s.name for s in page.sections] == [
        "ranking",
        "differences",
        "curves",
        "time",
        "costs",
        "samples",
        "architectures",
        "hardest",
        "confusion",
        "making",
    ]
    assert page.notes[1:] == ("Mind this.",)


def test_the_verdict_is_the_studys_own(page):
    (comparison,) = judge(made.made_results(), range(8)).analysis.comparisons
    assert page.verdict == comparison.sentence


def test_ranking_puts_the_best_first_with_its_figures(page):
    (table,) = section(page, "ranking").tables
    columns = {c.name: c.values for c in table.columns}
    assert columns["competitor"] == ("model2+digits", "model1")
    results = made.made_results()
    mean = sum(100 * r.score("test_accuracy") for r in results.of("model2+digits")) / 8
    assert columns["test mean"][0] == pytest.approx(mean)
    assert f"{mean:.1f} %" in section(page, "ranking").exhibits[0].alt


def test_a_sweep_is_ranked_by_a_figure_of_its_scores():
    """Means over the values, in percent, and bands of the paired difference to the baseline."""
    two = varied(made.TWO.only(["model1"]), {"lr": [0.1, 0.2, 0.4], "batch_size": [10, 20]})
    names, base = two.competitor_names, "model1+lr-0.2+batch_size-20"
    two = attrs.evolve(two, comparisons=[(name, base) for name in names if name != base])
    results = made.made_results(two)
    with drawing():
        figure, caption = sweep(results, judge(results).analysis)
        (shown,) = ranking(results, judge(results).analysis).exhibits
    (axes,) = figure.axes
    table = 100 * results.table()
    level, lines = axes.lines[0], axes.lines[1::4]  # each before the intervals of its three means
    bottom, top = axes.get_ylim()
    assert all(bottom < y < top for line in axes.lines for y in line.get_ydata())
    assert list(level.get_ydata()) == [pytest.approx(table[:, names.index(base)].mean())] * 2
    for line, columns in zip(lines, ([0, 2, 4], [1, 3, 5]), strict=True):
        assert list(line.get_xdata()) == [0.1, 0.2, 0.4]
        assert list(line.get_ydata()) == pytest.approx(list(table[:, columns].mean(0)))
    assert [line.get_label() for line in lines] == ["batch_size 10", "batch_size 20"]
    bands = [
        [y for x, y in band.get_paths()[0].vertices if x == pytest.approx(0.2)]
        for band in axes.collections
    ]
    off = table[:, 2] - table[:, 3]
    own = paired_difference(off).interval
    middle = table[:, 3].mean()
    ends = [middle + own.low, middle + own.high]
    assert [min(bands[0]), max(bands[0])] == pytest.approx(ends, abs=0.2)
    assert bands[1] == pytest.approx([middle] * len(bands[1]))
    assert f"difference to {base} with its 95 %" in caption
    plain = made.made_results()
    assert sweep(plain, judge(plain).analysis) is None
    assert shown.caption == caption


def test_differences_say_what_is_corrected(page):
    caption = section(page, "differences").exhibits[0].caption
    assert "not adjusted" in caption
    assert "corrected (Holm)" in caption


def test_each_rounds_difference_is_told_and_drawn(page):
    results = made.made_results()
    (comparison,) = judge(results, range(8)).analysis.comparisons
    apart = zip(results.of("model2+digits"), results.of("model1"), strict=True)
    expected = [a.score("test_accuracy") - b.score("test_accuracy") for a, b in apart]
    assert comparison.differences == pytest.approx(expected)
    above = sum(difference > 0 for difference in expected)
    exhibit = section(page, "differences").exhibits[0]
    assert f"model2+digits - model1 above 0 in {above} of 8" in exhibit.alt
    assert exhibit.picture.svg.count("<use") >= 8


def test_other_ways_to_look_stand_in_a_folded_table(page):
    table = section(page, "differences").tables[1]
    (comparison,) = judge(made.made_results(), range(8)).analysis.comparisons
    ((name, ratio, median, won, apart),) = table.rows()
    assert table.folded
    assert (name, ratio) == ("model2+digits − model1", "–")  # accuracies have no ratio
    look = comparison.looks.median
    assert median.startswith(f"{100 * look.value:.2f}".replace("-", "−"))
    assert f"{100 * comparison.looks.win_rate.value:.0f} (" in won
    assert f"{100 * comparison.looks.probability_of_improvement.value:.0f} (" in apart


def test_curves_offer_the_declared_pair_and_a_file_of_it(page):
    curves = section(page, "curves")
    assert curves.chooser.pairs == ((1, 0),)
    assert [e.name for e in curves.exhibits] == ["curves-model2+digits-model1"]
    for place in (0, 1):
        for part in ("test", "train", "test-band", "train-band"):
            assert f'id="curves-series-{place}-{part}"' in curves.chooser.exhibit.picture.inline


def test_every_number_of_every_curve_is_in_a_file(page):
    *_, every, table = section(page, "making").tables
    assert (every.name, table.name, table.only_file) == ("rounds", "curves", True)
    told = {
        (r.competitor, r.round, epoch, name): value
        for r in made.made_results().results
        for name, curve in r.curves
        for epoch, value in enumerate(curve, 1)
    }
    rows = list(zip(*(column.values for column in table.columns), strict=True))
    assert {row[:4]: row[4] for row in rows} == told
    assert len(rows) == len(told) > 50


def test_times_are_told_by_their_median_and_outliers_by_name():
    results = made.made_results(rounds=5)
    slow = [attrs.evolve(r, seconds=90.0) if r.round == 3 else r for r in results.results]
    told = times(StudyResults.of_rounds(made.TWO, slow))
    assert told.text == (
        "Over 10 times the median took model1 round 3, 90.0 s; model2+digits round 3, 90.0 s.",
    )
    assert "model1 1.02 s (1.01 to 1.04)" in told.exhibits[0].alt
    assert times(results).text == ()


def test_competitors_that_share_a_network_share_its_drawing():
    one = look_at(NetworkCompetitor("model1"))
    known = [one, attrs.evolve(one, name="again"), look_at(made.TWO.networks[1])]
    with drawing():
        found = architectures(known)
    assert [e.caption for e in found.exhibits] == ["model1, again", "model2+digits"]
    assert "shared weights" in found.exhibits[1].picture.svg
    assert "shared weights" not in found.exhibits[0].picture.svg


def test_costs_count_operations_of_training_and_predicting(page):
    (table,) = section(page, "costs").tables
    columns = {c.name: c.values for c in table.columns}
    training, predicting = columns["FLOPs a training pair"], columns["FLOPs a prediction"]
    products = 2 * 2 * (16 * 9 * 144 + 32 * 144 * 16) + 2 * (1024 * 64 + 64 * 32 + 32 * 2)
    assert products < predicting[0] < 1.3 * products
    assert training[0] > 2 * predicting[0]


def test_pairs_are_drawn_and_mistakes_counted(page):
    assert [e.name for e in section(page, "samples").exhibits] == [
        "samples-target-0",
        "samples-target-1",
    ]
    hardest = {c.name: c.values for c in section(page, "hardest").tables[0].columns}
    assert list(hardest["wrong"]) == sorted(hardest["wrong"], reverse=True)
    assert "all" in [c.name for c in section(page, "confusion").tables[0].columns]


def test_how_it_was_made_can_be_repeated(page):
    making = section(page, "making")
    assert making.code == "bakeoff run study.toml --rounds 8"
    assert "seed 3" in making.text[0]
    assert "&lt;a processor&gt;" in render(page)


def test_without_predictions_the_page_says_so():
    results = made.made_results(rounds=2, predictions=False)
    page = study_page(source(results, planned=None))
    assert "no predictions" in section(page, "hardest").text[0]
    assert "confusion" not in [s.name for s in page.sections]
    assert "cannot reach" in page.verdict


def test_pairs_to_tune_on_are_not_said_to_be_no_pairs():
    results = made.made_results(attrs.evolve(made.TWO, data="tuning-pairs"), rounds=2)
    names = [each.name for each in study_page(source(results)).sections]
    assert "costs" in names
    assert not {"samples", "hardest", "confusion"} & set(names)


def test_a_page_of_little_is_still_a_page():
    study = NetworkStudy(
        "one", "?", [NetworkCompetitor("own", network="mine:Net", recipe=Recipe(epochs=1))]
    )
    one = made.made_round(made.TWO, made.TWO.competitors[0], 0)
    result = records.diverged(one, competitor="own", curves={})
    page = study_page(source(StudyResults(study, (result,)), planned=None))
    assert "own" in section(page, "architectures").text[0]
    assert any("diverged" in note for note in page.notes)
    assert "No difference can be told" in page.verdict
    render(page)


# ---- the headline ------------------------------------------------------------------------------


def comparisons(names, pairs, rounds=10):
    study = NetworkStudy("s", "?", [NetworkCompetitor(name) for name in names], pairs)
    results = [trainers.result(study, c, r) for c in study.competitors for r in range(rounds)]
    return judge(StudyResults.of_rounds(study, results)).analysis.comparisons


def test_many_compared_with_each_other_are_a_ranking():
    names = [f"net{k}" for k in range(7)]
    study = NetworkStudy(
        "s", "?", [NetworkCompetitor(n) for n in names], list(combinations(names, 2))
    )
    rounds = [
        records.record(n, r, test=(0.5 + 0.05 * k + 0.001 * (k * r % 5),))
        for k, n in enumerate(names)
        for r in range(12)
    ]
    page = study_page(source(StudyResults.of_rounds(study, rounds), range(12)))
    ranks, told = section(page, "ranking"), section(page, "differences")
    assert page.verdict == "net6 is the best of 7 competitors (95 % confidence)."
    assert ranks.text == ()  # the headline says it
    best = ranks.tables[0].records()[0]
    assert (best["rank from"], best["rank to"], best["may be best"]) == (1, 1, "yes")
    assert told.text == ("The 21 differences of two stand in differences.csv.",)
    assert told.exhibits == ()
    assert told.tables[0].only_file
    assert len(told.tables[0].rows()) == 21


def test_a_single_question_is_told_with_all_its_figures():
    (only,) = comparisons(("a", "bb"), [("bb", "a")])
    assert headline([only]) == only.sentence


def test_several_are_told_by_their_points_and_the_rest_is_counted():
    told = headline(comparisons(("a", "bb", "ccc"), [("bb", "a"), ("ccc", "a")]))
    assert told.startswith("Of 2 questions, ")
    assert "bb is better than a by" in told
    assert told.endswith(".")
    assert told.count(". ") == 0


def test_none_answered_and_none_asked():
    undecided = comparisons(("a", "bb", "ccc"), [("bb", "a"), ("ccc", "a")], rounds=2)
    assert headline(undecided) == "None of the 2 questions is answered yet: all stay undecided."
    assert headline([]).startswith("No difference can be told")


@pytest.mark.parametrize(
    ("others", "more"), [(8, "5 more are told below"), (4, "1 more is told below")]
)
def test_of_many_answers_those_asked_for_first_are_told(others, more):
    names = ["a" * (i + 1) for i in range(others + 1)]
    told = headline(comparisons(names, [(name, "a") for name in names[1:]], rounds=20))
    assert f"Of {others} questions, {others} are answered" in told
    assert told.endswith(f", and {more}.")
    places = [told.index(f" {name} is better") for name in names[1:4]]
    assert places == sorted(places)
    assert f" {names[-1]} is better" not in told


def test_points_are_those_of_the_mean():
    told = comparisons(("a", "bb", "ccc"), [("bb", "a"), ("ccc", "a")], rounds=20)
    assert f"{100 * abs(told[0].estimate.mean):.2f} points" in headline(told)
