"""Who is ahead, and which differences are real."""

from __future__ import annotations

import math

import numpy as np

from bakeoff.report.content import Column, Exhibit, Section, Table
from bakeoff.report.figures.differences import Difference, draw_differences
from bakeoff.report.figures.dots import Row, draw_dots
from bakeoff.report.figures.style import picture
from bakeoff.study.results import CompetitorSummary, StudyResults, accuracy
from bakeoff.study.statistics.analysis import Analysis
from bakeoff.study.statistics.describe import Interval
from bakeoff.study.statistics.units import count, p_text
from bakeoff.study.statistics.verdict import Comparison


def percent(number: float | None) -> float | None:
    """Return a fraction in percent."""
    return None if number is None else 100 * number


def ranked(results: StudyResults) -> list[CompetitorSummary]:
    """Return the competitors' figures, the highest mean test accuracy first."""
    return sorted(
        results.summaries(), key=lambda s: -math.inf if s.test.mean is None else s.test.mean
    )[::-1]


def ranking(results: StudyResults) -> Section:
    """Return the competitors by their mean test accuracy, each round a dot."""
    found = ranked(results)
    place = {name: i for i, name in enumerate(results.study.competitor_names)}
    rows = []
    for summary in found:
        values = np.array([accuracy(r) for r in results.of(summary.name)])
        interval = summary.test.interval
        rows.append(
            Row(
                summary.name,
                place[summary.name],
                100 * values[~np.isnan(values)],
                percent(summary.test.mean),
                percent(interval.low) if interval else None,
                percent(interval.high) if interval else None,
                _in_words(summary),
            )
        )
    figure = draw_dots(rows, "test accuracy after the last epoch, %")
    alt = "Test accuracy of each competitor, best first: " + "; ".join(
        f"{row.name} {row.label}" for row in rows
    )
    caption = (
        "Each mark is one round. The line below is the 95 % interval of the mean (Student's t), and"
        " the tick on it the mean. Intervals that overlap say nothing about a difference: the"
        " rounds are paired, and the next section uses that."
    )
    return Section(
        "ranking",
        "Ranking",
        _lead(found),
        (Exhibit("ranking", picture(figure, "ranking"), alt + ".", caption),),
        (_ranking_table(found),),
    )


def _in_words(summary: CompetitorSummary) -> str:
    if summary.test.mean is None:
        return "no round that did not diverge"
    told = f"{100 * summary.test.mean:.1f} %"
    if summary.test.interval is None:
        return told
    low, high = summary.test.interval.low, summary.test.interval.high
    return f"{told} ({100 * low:.1f} to {100 * high:.1f})"


def _lead(found: list[CompetitorSummary]) -> tuple[str, ...]:
    if not found or found[0].test.mean is None:
        return ()
    best = found[0]
    rounds = count(best.test.rounds, "round")
    told = (
        f"{best.name} has the highest mean test accuracy of {count(len(found), 'competitor')}, "
        f"{100 * (best.test.mean or 0):.1f} % over {rounds}."
    )
    return (told,)


def _ranking_table(found: list[CompetitorSummary]) -> Table:
    ends = [s.test.interval or Interval(math.nan, math.nan, 0.95) for s in found]
    return Table(
        "ranking",
        "Competitors: accuracy in % after the last epoch, seconds a round",
        (
            Column("competitor", tuple(s.name for s in found)),
            Column("test mean", tuple(percent(s.test.mean) for s in found)),
            Column("test std", tuple(percent(s.test.std) for s in found)),
            Column("interval from", tuple(100 * end.low for end in ends)),
            Column("interval to", tuple(100 * end.high for end in ends)),
            Column("train mean", tuple(percent(s.train.mean) for s in found)),
            Column("rounds", tuple(s.test.rounds for s in found)),
            Column(
                "diverged",
                tuple(s.test.diverged for s in found),
                only_file=not any(s.test.diverged for s in found),
            ),
            Column("parameters", tuple(s.parameters for s in found)),
            Column("seconds mean", tuple(s.seconds.mean for s in found)),
            Column("seconds std", tuple(s.seconds.std for s in found), only_file=True),
        ),
    )


def differences(analysis: Analysis) -> Section:
    """Return the declared comparisons with their intervals, corrected p and verdicts."""
    compared = analysis.comparisons
    if not compared:
        none = "No comparison is declared of which both sides have rounds."
        return Section("differences", "Differences", (none,))
    rows = [_difference(c, analysis.alpha) for c in compared]
    margin = None if analysis.margin is None else 100 * analysis.margin
    figure = draw_differences(rows, "difference in test accuracy, points", margin)
    alt = "Differences in test accuracy: " + " ".join(c.sentence for c in compared)
    anytime = analysis.mode == "anytime"
    kind = "anytime-valid" if anytime else "the sign-flip test inverted"
    caption = (
        f"Mean paired difference and its {100 * (1 - analysis.alpha):g} % interval ({kind}). The "
        "intervals are each on their own, not adjusted for how many there are; p-values and "
        f"verdicts are corrected (Holm) over all {count(len(compared), 'declared comparison')}, so "
        "an interval may leave out 0 and the verdict still be “undecided”."
    )
    return Section(
        "differences",
        "Differences",
        tuple(" ".join((c.sentence, *c.notes)) for c in compared),
        (Exhibit("differences", picture(figure, "differences"), alt, caption),),
        (_difference_table(compared),),
    )


def _difference(c: Comparison, alpha: float) -> Difference:
    name = c.contrast.name.replace(" - ", " − ")
    if c.estimate is None:
        return Difference(name, None, 0.0, 0.0, str(c.verdict), "too few rounds")
    interval = c.estimate.interval
    return Difference(
        name,
        100 * c.estimate.mean,
        100 * interval.low,
        100 * interval.high,
        str(c.verdict),
        f"{c.verdict}, p {p_text(c.corrected_p, alpha)}",
    )


def _difference_table(compared: tuple[Comparison, ...]) -> Table:
    estimates = [c.estimate for c in compared]
    return Table(
        "differences",
        "Differences in points; intervals unadjusted, corrected p and verdict by Holm's correction",
        (
            Column("difference", tuple(c.contrast.name.replace(" - ", " − ") for c in compared)),
            Column("verdict", tuple(str(c.verdict) for c in compared)),
            Column("mean", tuple(None if e is None else 100 * e.mean for e in estimates)),
            Column(
                "interval from",
                tuple(None if e is None else 100 * e.interval.low for e in estimates),
            ),
            Column(
                "interval to",
                tuple(None if e is None else 100 * e.interval.high for e in estimates),
            ),
            Column("std", tuple(None if e is None else 100 * e.std for e in estimates)),
            Column("effect size d", tuple(None if e is None else e.effect_size for e in estimates)),
            Column("p", tuple(None if e is None else e.p_value for e in estimates), 5),
            Column("corrected p", tuple(c.corrected_p for c in compared), 5),
            Column("rounds", tuple(c.rounds for c in compared)),
            Column("weights", tuple(c.contrast.formula for c in compared), only_file=True),
        ),
    )
