import records
import trainers
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import judge
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "s", "<b>Which?</b>", [NetworkCompetitor("a"), NetworkCompetitor("bb")], [("bb", "a")]
)


def results(rounds=8):
    return StudyResults.of_rounds(
        STUDY, [trainers.result(STUDY, c, r) for c in STUDY.competitors for r in range(rounds)]
    )


def test_a_notebook_shows_table_rounds_and_verdict():
    shown = results()
    html = shown._repr_html_()
    assert html.count("<circle") == 16 + 8  # of each competitor, and of the difference
    assert html.count("<tr>") == 3 + 2
    (comparison,) = judge(shown).analysis.comparisons
    assert comparison.sentence in html
    assert "&lt;b&gt;Which?" in html
    assert "<b>Which?" not in html


def test_a_round_that_diverged_has_no_dot():
    first, *others = results(3).results
    html = StudyResults(STUDY, (records.diverged(first), *others))._repr_html_()
    assert html.count("<circle") == 5 + 3  # a failed round counts as the worst
    assert "1 of 3 rounds diverged" in html


def test_without_rounds_it_is_an_empty_table():
    assert "<circle" not in StudyResults(STUDY, ())._repr_html_()
